"""Projects of all build backends, and files as editors of all systems leave them, are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localstack.host.dev.description import describe, read_metadata, source_folders
from localstack.host.dev.metadata import UnreadableFileError
from platforms import Home

STANDARD = """\
[build-system]
requires = ["{backend}"]
build-backend = "{backend}.build"

[project]
name = "my.greeter"
version = "1.2"
description = "Grüße"
authors = [{{ name = "Jané" }}]
requires-python = ">=3.11"
dependencies = ["click>=8"]

[project.urls]
Source = "https://github.com/jane/greeter"

[project.entry-points."localstack.extensions"]
one = "greeter.one:One"
two = "greeter.two:Two"
"""
POETRY = """\
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"

[tool.poetry]
name = "my.greeter"
version = "1.2"
description = "Grüße"
authors = ["Jané <jane@example.com>"]
repository = "https://github.com/jane/greeter"

[tool.poetry.dependencies]
python = "^3.11"
click = "^8.1"
early = "^0.2.3"
about = "~1.4.2"
exact = "2.0"
ranged = ">=1,<3"
anything = "*"
extra = { version = "^3", extras = ["b", "a"] }
chosen = { version = "1", optional = true }
either = "^1 || ^3"
here = { path = "../here" }

[tool.poetry.plugins."localstack.extensions"]
one = "greeter.one:One"
two = "greeter.two:Two"
"""
SETUP_CFG = """\
[metadata]
name = my.greeter
version = 1.2
description = Grüße
author = Jané
url = https://github.com/jane/greeter

[options]
python-requires = >=3.11
install_requires =
    # what it parses its commands with
    click>=8

[options.entry_points]
localstack.extensions =
    one = greeter.one:One
    two = greeter.two:Two
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("pyproject.toml", STANDARD.format(backend=one)) for one in ("setuptools", "hatchling", "flit_core", "pdm")),
        ("pyproject.toml", POETRY),
        ("setup.cfg", SETUP_CFG),
    ],
    ids=["setuptools", "hatch", "flit", "pdm", "poetry", "setup.cfg"],
)
def test_every_backend_is_read(tmp_path: Path, name: str, text: str, line_end: str) -> None:
    project = write(tmp_path / "päth with blanks", {name: text.replace("\n", line_end)})
    found, metadata = describe(source_folders(project)), read_metadata(project)
    assert metadata is not None
    assert (found.name, found.version, found.summary, found.author) == ("my.greeter", "1.2", "Grüße", "Jané")
    assert [(one.name, one.value) for one in found.entry_points] == [
        ("one", "greeter.one:One"),
        ("two", "greeter.two:Two"),
    ]
    assert found.requires[0].startswith("click>=8")
    assert metadata.requires_python in (">=3.11", ">=3.11,<4")
    assert [url for _, url in metadata.urls] == ["https://github.com/jane/greeter"]
    assert metadata.line_of(["version"]) == text[: text.index("\nversion")].count("\n") + 2


def test_poetrys_ranges_are_written_as_the_standard_has_them(tmp_path: Path) -> None:
    assert describe([write(tmp_path, {"pyproject.toml": POETRY})]).requires == (
        "click>=8.1,<9",
        "early>=0.2.3,<0.3",
        "about>=1.4.2,<1.5",
        "exact==2.0",
        "ranged>=1,<3",
        "anything",
        "extra[b,a]>=3,<4",
    )


def test_what_the_author_requires_now_counts_more_than_the_last_install(tmp_path: Path) -> None:
    built = {
        "a.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: my.greeter\nVersion: 1.2\nRequires-Dist: old\n",
        "a.egg-info/entry_points.txt": "[localstack.extensions]\none = greeter.one:One\ntwo = greeter.two:Two\n",
    }
    project = write(tmp_path, {"pyproject.toml": '[project]\nname = "my.greeter"\n'} | built)
    assert describe([project]).requires == ()
    write(project, {"pyproject.toml": '[project]\nname = "my.greeter"\ndynamic = ["dependencies"]\n'})
    assert describe([project]).requires == ("old",)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "pyproject.toml",
            "\N{BYTE ORDER MARK}[project]\n",
            "pyproject.toml:1: can't be read: it begins with a byte order",
        ),
        (
            "pyproject.toml",
            '[project]\nname = "a"\nversion = 1\n',
            "pyproject.toml:3: can't be read: project.version is no",
        ),
        ("pyproject.toml", '[project]\nname = "a"\nname = "b"\n', "pyproject.toml:3: can't be read: Cannot overwrite"),
        (
            "pyproject.toml",
            '[tool.poetry]\nname = ["a"]\n',
            "pyproject.toml:2: can't be read: tool.poetry.name is no text",
        ),
        (
            "setup.cfg",
            f"{SETUP_CFG}    three\n",
            "setup.cfg:18: can't be read: 'three' under localstack.extensions has no",
        ),
    ],
)
def test_what_is_damaged_is_named_with_its_line(home: Home, name: str, text: str, told: str) -> None:
    project = write(home.path / "damaged", {name: text})
    found = json.loads(home.run("extensions", "dev", "check", str(project), "--format", "json").stdout)
    (problem,) = found["problems"]
    assert f"{problem['file']}:{problem['line']}: {problem['message']}".startswith(told)
    with pytest.raises(UnreadableFileError, match="damaged/"):
        describe([project])
