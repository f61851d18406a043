"""What a person writes becomes a typed value."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension_packages import Project
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    RemoteSource,
    Source,
    parse_source,
)
from localstack.host.environment.uv import uv_environ
from localstack.host.errors import SourceError

REPOSITORY = "git+https://github.com/localstack/localstack-extensions/"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (
            f"{REPOSITORY}#egg=localstack-extensions-stripe&subdirectory=stripe",
            GitSource(REPOSITORY, (), "stripe"),
        ),
        (f"'{REPOSITORY}#egg=localstack_extension_x[all]'", GitSource(REPOSITORY, ("all",), None)),
        (
            "localstack-extension-x[a, b] @ git+ssh://git@github.com/o/r.git@v1.0#subdirectory=x/y",
            GitSource("git+ssh://git@github.com/o/r.git@v1.0", ("a", "b"), "x/y"),
        ),
        ("git+file:///srv/repository", GitSource("git+file:///srv/repository", (), None)),
        (
            "https://example.com/x-1.0-py3-none-any.whl#sha256=abc",
            RemoteSource("https://example.com/x-1.0-py3-none-any.whl#sha256=abc", ()),
        ),
        ("x[a] @ https://example.com/x-1.0.tar.gz", RemoteSource("https://example.com/x-1.0.tar.gz", ("a",))),
    ],
)
def test_a_url(tmp_path: Path, text: str, source: Source) -> None:
    assert parse_source(text, tmp_path) == source


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("localstack-extension-httpbin", "localstack-extension-httpbin"),
        ("localstack-extension-x[a,b]==1.0", "localstack-extension-x[a,b]==1.0"),
        ('"localstack-extension-x >= 1, < 2"', "localstack-extension-x<2,>=1"),
        ("localstack-extensions-stripe", "localstack-extension-stripe"),
        ("localstack_extensions_stripe>=0.1", "localstack-extension-stripe>=0.1"),
    ],
)
def test_a_name(tmp_path: Path, text: str, requirement: str) -> None:
    source = parse_source(text, tmp_path)
    assert isinstance(source, IndexSource)
    assert str(source.requirement) == requirement


def test_a_line_for_the_installer_has_the_folder_but_not_the_claimed_name(tmp_path: Path) -> None:
    source = parse_source(f"{REPOSITORY}#egg=wrong&subdirectory=stripe", tmp_path)
    assert isinstance(source, GitSource)
    assert source.line() == f"{REPOSITORY}#subdirectory=stripe"


def test_paths_start_at_the_given_folder(tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "a b")
    archive = tmp_path / "x-1.0.tar.gz"
    archive.touch()
    for text in (
        "./a b",
        "file://./a%20b",
        "file:a%20b",
        f"file://{tmp_path}/a%20b",
        f"file://localhost{tmp_path}/a b",
    ):
        assert parse_source(text, tmp_path) == FolderSource(project, ())
    for text in ("x-1.0.tar.gz", "file://./x-1.0.tar.gz", "file://x-1.0.tar.gz", f"x @ {archive.as_uri()}"):
        assert parse_source(text, tmp_path) == ArchiveSource(archive, ())
    assert parse_source("x[a] @ file://./x-1.0.tar.gz", tmp_path) == ArchiveSource(archive, ("a",))


@given(
    st.one_of(st.text(), st.from_regex(r"(git\+https|https|file|x @ git\+ssh)://?[\[\]@#:./a-z=&-]*", fullmatch=True))
)
def test_any_other_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(SourceError):  # anything else fails the test
        parse_source(text, Path("/nowhere"))


def test_a_folder_has_another_fingerprint_only_when_its_files_change(tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "project")
    source = FolderSource(project, ())
    first = source.fingerprint()
    for leftover in ("build", "dist", ".git", "x.egg-info", "leanto_test_folder/__pycache__"):
        (project / leftover).mkdir()
        (project / leftover / "file").touch()
    assert source.fingerprint() == first
    (project / "leanto_test_folder" / "more.py").touch()
    assert source.fingerprint() != first


def test_settings_for_pip_become_settings_for_uv(tmp_path: Path) -> None:
    environ = uv_environ(
        {
            "PIP_INDEX_URL": "https://index.example.com/simple",
            "PIP_EXTRA_INDEX_URL": "https://one.example.com https://two.example.com",
            "PIP_FIND_LINKS": f"{tmp_path} /nowhere/at/all https://links.example.com",
            "UV_PYTHON": "3.8",
            "PYTHONPATH": "/somewhere",
        }
    )
    assert environ["UV_DEFAULT_INDEX"] == "https://index.example.com/simple"
    assert environ["UV_INDEX"] == "https://one.example.com https://two.example.com"
    assert environ["UV_FIND_LINKS"] == f"{tmp_path},https://links.example.com"
    assert not {"UV_PYTHON", "PYTHONPATH"} & set(environ)


def test_settings_for_uv_win_over_those_for_pip() -> None:
    environ = uv_environ({"PIP_INDEX_URL": "https://pip.example.com", "UV_INDEX_URL": "https://uv.example.com"})
    assert "UV_DEFAULT_INDEX" not in environ
    assert environ["UV_INDEX_URL"] == "https://uv.example.com"
