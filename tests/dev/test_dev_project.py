"""The project that ``extensions dev new`` writes: its files, its code, and which answers it takes."""

import configparser
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from localstack.host.dev.description import read_metadata
from localstack.host.dev.project import DEFAULT_TEMPLATE, TEMPLATES, License, Template, class_name
from localstack.host.errors import DevModeError

LAYOUT = {
    ".gitignore",
    "LICENSE",
    "Makefile",
    "README.md",
    "tests/test_extension.py",
    "my_localstack_extension/__init__.py",
    "my_localstack_extension/extension.py",
}
OWN_FILES = {
    "classic": {"setup.cfg", "setup.py"},
    "basic": {"pyproject.toml"},
    "webapp": {
        "pyproject.toml",
        "my_localstack_extension/static/__init__.py",
        "my_localstack_extension/static/style.css",
        "my_localstack_extension/templates/__init__.py",
        "my_localstack_extension/templates/index.html",
    },
}


def answers(template: Template = DEFAULT_TEMPLATE, /, **given: str) -> dict[str, str]:
    """The given answers, and the default for every other question, as somebody would get them who presses enter."""
    found: dict[str, str] = {}
    for field in template.fields:
        found[field.name] = given.get(field.name) or field.default(found)
    return found


def create_project(answers: dict[str, str], folder: Path) -> Path:
    return DEFAULT_TEMPLATE.create(answers, folder)


def test_the_questions_and_defaults_are_the_documented_ones() -> None:
    assert answers() == {
        "project_name": "My LocalStack Extension",
        "project_short_description": "All the boilerplate you need to create a LocalStack extension.",
        "project_slug": "my-localstack-extension",
        "module_name": "my_localstack_extension",
        "full_name": "Jane Doe",
        "email": "jane@example.com",
        "github_username": "janedoe",
        "version": "0.1.0",
    }


def test_the_project_requires_localstack_and_declares_the_extension_by_hand(tmp_path: Path) -> None:
    setup = configparser.RawConfigParser()
    setup.read(create_project(answers(), tmp_path) / "setup.cfg")
    assert setup["options"]["install_requires"].split() == ["localstack>=1.0.0"]
    assert setup["options.entry_points"]["localstack.extensions"].split() == [
        "my-localstack-extension",
        "=",
        "my_localstack_extension.extension:MyLocalStackExtension",
    ]


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_project_has_the_documented_layout(tmp_path: Path, template: Template) -> None:
    project = template.create(template.defaults(), tmp_path)
    assert project == tmp_path / "my-localstack-extension"
    files = {str(file.relative_to(project)) for file in project.rglob("*") if file.is_file()}
    assert files == LAYOUT | OWN_FILES[template.name]


@pytest.mark.parametrize("license", License)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_metadata_names_the_license_whose_text_is_there(
    tmp_path: Path, template: Template, license: License
) -> None:
    project = template.create(answers(template, full_name="Jörg"), tmp_path, license)
    metadata = read_metadata(project)
    assert metadata is not None
    if license is License.NONE:
        assert (metadata.license, (project / "LICENSE").exists()) == ("", False)
    else:
        assert metadata.license == license
        text = (project / "LICENSE").read_text()
        assert license.partition("-")[0] in text
        assert (f"Copyright (c) {date.today().year} Jörg\n" in text) == (license is License.MIT)


@pytest.mark.parametrize("name", ["basic", "webapp"])
def test_the_newer_templates_ask_for_the_class_and_describe_the_project_in_its_metadata(
    tmp_path: Path, name: str
) -> None:
    template = TEMPLATES[name]
    assert [field.name for field in template.fields].index("class_name") == 4
    given = answers(
        template, class_name="Announcer", full_name='Jörg "J" O\'Neil', project_short_description="a <b> & \\"
    )
    project = tomllib.loads((template.create(given, tmp_path) / "pyproject.toml").read_text())["project"]
    assert project["authors"] == [{"name": given["full_name"], "email": "jane@example.com"}]
    assert project["description"] == "a <b> & \\"
    assert project["entry-points"]["localstack.extensions"] == {
        "my_localstack_extension": "my_localstack_extension.extension:Announcer"
    }


@pytest.mark.parametrize(
    "project_name",
    [
        "My LocalStack Extension",
        "Über-Café 2",
        "3d view",
        "extension",
        "None",
        "漢字",
        "json",
        "a" * 60,
        "What's new? {{ x }}",
    ],
)
@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_every_default_for_a_name_can_be_used_and_the_code_is_clean(
    tmp_path: Path, project_name: str, template: Template
) -> None:
    project = template.create(answers(template, project_name=project_name), tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    for check in (
        [*ruff, "check", "--isolated", "--extend-select=I,UP,B,PTH"],
        [*ruff, "format", "--isolated", "--check"],
    ):
        subprocess.run(check, cwd=project, check=True, capture_output=True)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_the_generated_code_passes_strict_type_checks(tmp_path: Path, template: Template) -> None:
    project = template.create(template.defaults(), tmp_path)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--allow-untyped-calls",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    done = subprocess.run(
        [*command, "my_localstack_extension", "tests"], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My LocalStack Extension", "MyLocalStackExtension"),
        ("announcer", "Announcer"),
        ("Über-Café 2", "UberCafe2"),
        ("3d view", "Extension3dView"),
        ("extension", "OwnExtension"),
        ("None", "NoneExtension"),
        ("exception", "ExceptionExtension"),
        ("漢字", "OwnExtension"),
    ],
)
def test_the_class_is_named_after_the_project(name: str, expected: str) -> None:
    assert class_name(name) == expected


def test_free_text_is_kept_to_the_letter(tmp_path: Path) -> None:
    free = {
        "project_name": 'Say "it\'s" {{ cookiecutter.email }} 100% # $HOME',
        "project_short_description": '{% raw %} \\n ; \'x\' """ %(name)s',
        "full_name": "Ünal {{ 7 * 7 }}",
    }
    project = create_project(answers(**free), tmp_path)
    setup = configparser.RawConfigParser()
    setup.read(project / "setup.cfg", encoding="utf-8")
    assert setup["metadata"]["description"] == free["project_short_description"]
    assert setup["metadata"]["author"] == free["full_name"]
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {free['project_name']}\n\n{free['project_short_description']}\n")


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("project_slug", "../x"),
        ("project_slug", "a b"),
        ("project_slug", "/abs"),
        ("project_slug", ".."),
        ("project_slug", "-x"),
        ("project_slug", "ä"),
        ("module_name", "../x"),
        ("module_name", "a b"),
        ("module_name", "my-module"),
        ("module_name", "a.b"),
        ("module_name", "1st"),
        ("module_name", "class"),
        ("module_name", "json"),
        ("module_name", "moto"),
        ("module_name", "localstack"),
        ("module_name", "__main__"),
        ("github_username", "jane doe"),
        ("version", "one"),
        ("version", "1.0 beta?"),
        ("version", "../1"),
        ("full_name", "  "),
        ("project_name", "two\nlines"),
        ("email", "jane\x1b[2J@example.com"),
        ("full_name", "broken \udce4 bytes"),
    ],
)
def test_an_answer_that_can_not_be_used_is_refused_by_name(tmp_path: Path, field: str, answer: str) -> None:
    with pytest.raises(DevModeError) as caught:
        create_project(answers(**{field: answer}), tmp_path)
    assert caught.value.message.startswith(f"{field}: {answer.strip()!r} ")
    assert not list(tmp_path.iterdir())


def test_blanks_around_an_answer_do_not_count(tmp_path: Path) -> None:
    assert create_project(answers(project_slug="  mine  "), tmp_path) == tmp_path / "mine"


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_is_there_already_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "my-localstack-extension"
    if kind == "folder":
        target.mkdir()
        (target / "Makefile").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DevModeError, match="my-localstack-extension exists already"):
        create_project(answers(), tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DevModeError, match=r"can't write .*/file/my-localstack-extension"):
        create_project(answers(), tmp_path / "file")


def test_the_makefile_names_the_running_python_even_where_its_path_is_odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "it's $odd #1" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "called with $*"\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    project = create_project(answers(), tmp_path)
    done = subprocess.run(["make", "venv"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"This is no Python that runs `localstack`:\n{python}\nGive another: make install PYTHON=" in done.stderr
