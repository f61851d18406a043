"""``localstack extensions dev check``: what it says of projects that are ready, and of those that are not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from platforms import Home

QUICK = '\n[tool.mypy]\nfollow_imports = "skip"\ndisable_error_code = ["misc"]\n'
"""Keeps mypy from reading all that an extension imports."""

PYPROJECT = """\
[project]
name = "greeter"
version = "0.1.0"
description = "Greets"
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
authors = [{ name = "Jane" }]

[project.urls]
Repository = "https://github.com/jane/greeter"

[project.entry-points."localstack.extensions"]
greeter = "greeter.extension:Greeter"
"""
EXTENSION = """\
from localstack.extensions.api import Extension


class Greeter(Extension):
    name = "greeter"
"""
BADGE = "https://app.localstack.cloud/extensions/remote?url=git%2Bhttps%3A%2F%2Fgithub.com%2Fjane%2Fgreeter%2F%23egg%3Dgreeter"
README = f"# Greeter\n\n[![Install](https://example.com/badge.svg)]({BADGE})\n"


def check(home: Home, project: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return home.run("extensions", "dev", "check", *options, cwd=project, **environ)


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was found, with one blank between the words."""
    return [" ".join(line.split()) for line in done.stdout.splitlines() if line.startswith("  ")]


@pytest.fixture
def greeter(home: Home) -> Path:
    """A project in which nothing is wrong."""
    project = home.path / "greeter"
    (project / "greeter").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PYPROJECT + QUICK)
    (project / "README.md").write_text(README)
    (project / "greeter" / "__init__.py").touch()
    (project / "greeter" / "extension.py").write_text(EXTENSION)
    return project


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_new_project_with_a_badge_can_be_published(home: Home) -> None:
    assert home.run("extensions", "dev", "new", "--template", "basic", "--no-input").returncode == 0
    project = home.path / "my-localstack-extension"
    before = check(home, project)
    assert [line.partition(";")[0] for line in lines(before)] == [
        "warning README.md:1: the README has no badge to install the extension with",
    ]
    assert before.returncode == 0

    badge = home.run("extensions", "dev", "badge", cwd=project)
    with (project / "README.md").open("a") as readme:
        readme.write(badge.stdout)
    assert [line.partition(";")[0] for line in lines(check(home, project))] == [
        f"warning README.md:{badge_line(project)}: the badge's picture install-badge.svg is not in the project"
    ]
    picture = home.run("extensions", "dev", "badge", "--format", "svg", cwd=project)
    (project / "install-badge.svg").write_text(picture.stdout)
    after = check(home, project)
    assert (after.returncode, after.stderr) == (0, "")
    assert after.stdout == "my-localstack-extension 0.1.0 can be published: 0 errors, 0 warnings\n"


def badge_line(project: Path) -> int:
    return len((project / "README.md").read_text().splitlines())


def test_each_fault_is_one_line_with_its_place_and_what_to_do(home: Home, greeter: Path) -> None:
    pyproject, code = greeter / "pyproject.toml", greeter / "greeter" / "extension.py"
    change(pyproject, '"0.1.0"', '"one"')
    change(pyproject, 'description = "Greets"\n', "")
    change(pyproject, '">=3.11"', '">=4"')
    change(pyproject, '"README.md"', '"READYOU.md"')
    (greeter / "greeter" / "extra.py").touch()
    code.write_text(
        "import localstack.nowhere\n"
        "from localstack.utils.net import no_such_function\n"
        "import brought_by_nobody\n"
        "from greeter import lost, extra\n" + EXTENSION + "\n    def answer(self) -> int:\n"
        "        from localstack.aws.bogus import something\n"
        '        return "42"\n'
    )
    done = check(home, greeter)
    assert done.returncode == 1
    assert done.stderr.startswith("❌ Error: greeter one can't be published so: 8 errors, 2 warnings\n")
    assert "Traceback" not in done.stderr
    contract = "docs/contract.md has what it offers"
    assert lines(done) == [
        "error pyproject.toml:3: 'one' is no version; write for example \"0.1.0\"",
        "warning pyproject.toml:1: the project has no summary; "
        "add description, one line: it is the extension's title in lists",
        "error pyproject.toml:4: the readme READYOU.md is not there; write it, or name another",
        f"error pyproject.toml:5: requires-python >=4 excludes Python {python()}, which runs this host; widen it",
        f"error greeter/extension.py:1: this host does not have localstack.nowhere; {contract}",
        f"error greeter/extension.py:2: this host does not have localstack.utils.net.no_such_function; {contract}",
        "error greeter/extension.py:3: brought_by_nobody, which nothing brings; "
        "add its distribution to the project's dependencies",
        "warning greeter/extension.py:12: this host does not have localstack.aws.bogus.something (in a function); "
        + contract,
        'error greeter/extension.py:4: Module "greeter" has no attribute "lost" [attr-defined]',
        'error greeter/extension.py:13: Incompatible return value type (got "str", expected "int") [return-value]',
    ]


def python() -> str:
    import platform

    return platform.python_version()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("pyproject.toml", '[project]\nname = "greeter\n', "pyproject.toml:2: can't be read: "),
        ("pyproject.toml", "project = 3\n", "pyproject.toml:1: can't be read: project is no table"),
        ("setup.cfg", "[metadata]\nname = greeter\nname = other\n", "setup.cfg:3: can't be read: "),
        ("setup.cfg", "name = greeter\n", "setup.cfg:1: can't be read: "),
        ("setup.py", "from setuptools import setup\nsetup(\n", "setup.py:1: nothing says what the project is called; "),
    ],
)
def test_a_damaged_file_is_named_with_the_line(home: Home, name: str, text: str, told: str) -> None:
    project = home.path / "damaged"
    project.mkdir()
    (project / name).write_text(text)
    done = check(home, project)
    assert done.returncode == 1
    assert lines(done)[0].startswith(f"error {told}")
    assert done.stderr.startswith("❌ Error: damaged can't be published so: ")
    assert "Traceback" not in done.stdout + done.stderr


def test_a_syntax_error_is_told_once(home: Home, greeter: Path) -> None:
    (greeter / "greeter" / "extension.py").write_text(
        "from localstack.extensions.api import Extension\nclass Greeter(\n"
    )
    done = check(home, greeter)
    assert done.returncode == 1
    (line,) = lines(done)
    assert re.fullmatch(r"error greeter/extension\.py:2: this is no text of Python 3\.\d+; correct it", line)


def test_an_entry_point_has_to_lead_to_a_class_with_a_name(home: Home, greeter: Path) -> None:
    (greeter / "greeter" / "extension.py").write_text(
        "from localstack.extensions.api import Extension\n"
        "from localstack.extensions.patterns.webapp import WebAppExtension\n\n\n"
        'class Greeter(Extension):\n    name = "greeter"\n\n\n'
        "class Inherits(Greeter):\n    pass\n\n\n"
        'class Computes(Extension):\n    name = "-".join(["a", "b"])\n\n\n'
        "class Nameless(WebAppExtension):\n    pass\n\n\n"
        "def function() -> None:\n    pass\n"
    )
    change(
        greeter / "pyproject.toml",
        'greeter = "greeter.extension:Greeter"\n',
        'greeter = "greeter.extension:Greeter"\n'
        'inherits = "greeter.extension:Inherits"\n'
        'computes = "greeter.extension:Computes"\n'
        'nameless = "greeter.extension:Nameless"\n'
        'function = "greeter.extension:function"\n'
        'absent = "greeter.extension:Absent"\n'
        'module = "greeter.nothing:Greeter"\n'
        'classless = "greeter.nobody"\n'
        'spaced = "my module:Greeter"\n',
    )
    done = check(home, greeter)
    assert done.returncode == 1
    assert lines(done) == [
        'error greeter/extension.py:17: the extension Nameless has no name; add name = "my-extension" to the class',
        "error pyproject.toml:18: greeter.extension:function is a function, no class; correct the entry point",
        "error pyproject.toml:19: greeter.extension has no Absent; correct the entry point",
        "error pyproject.toml:20: there is no module greeter.nothing in the project; correct the entry point",
        "error pyproject.toml:21: 'greeter.nobody' names no class; write greeter.nobody:YourExtension",
        "error pyproject.toml:22: 'my module:Greeter' is no entry point; write my_module:YourExtension",
    ]


def test_what_is_no_requirement_is_named(home: Home, greeter: Path) -> None:
    change(
        greeter / "pyproject.toml", 'license = "MIT"\n', 'license = "MIT"\ndependencies = [\n"click",\n"no >>> 1"]\n'
    )
    assert lines(check(home, greeter)) == [
        "error pyproject.toml:10: 'no >>> 1' is no requirement; write for example \"click>=8.1\""
    ]


def test_without_an_entry_point_there_is_no_extension(home: Home, greeter: Path) -> None:
    change(greeter / "pyproject.toml", '[project.entry-points."localstack.extensions"]', "[project.entry-points.other]")
    done = check(home, greeter)
    assert done.returncode == 1
    (line,) = lines(done)
    assert line.startswith("error there is no entry point in the group localstack.extensions; add ")


def test_an_extension_that_a_build_leaves_out_is_an_error(home: Home, greeter: Path) -> None:
    """A template of LocalStack's declares the extension as a script."""
    change(greeter / "pyproject.toml", '[project.entry-points."localstack.extensions"]', "[project.scripts]")
    points = "localstack.extensions =\n    greeter = greeter.extension:Greeter\n"
    (greeter / "setup.cfg").write_text(f"[options.entry_points]\n{points}")
    (line,) = lines(check(home, greeter))
    assert line.startswith("error setup.cfg:2: a build leaves the extension out: ")
    change(greeter / "pyproject.toml", 'license = "MIT"\n', 'license = "MIT"\ndynamic = ["entry-points"]\n')
    assert lines(check(home, greeter)) == []


@pytest.mark.parametrize("layout", ["", "src", "backend"])
def test_what_plux_found_counts_in_every_layout(home: Home, layout: str) -> None:
    project = home.path / "greeter"
    package = project / layout / "greeter"
    package.mkdir(parents=True)
    (project / "setup.py").write_text("from setuptools import setup\nsetup()\n")
    (project / "mypy.ini").write_text("[mypy]\nfollow_imports = skip\ndisable_error_code = misc\n")
    (project / "README.md").write_text(README)
    (package / "__init__.py").touch()
    (package / "extension.py").write_text(EXTENSION + "\n    import localstack.nowhere\n")
    built = project / layout / "greeter.egg-info" if layout != "backend" else project / "greeter.egg-info"
    built.mkdir()
    (built / "entry_points.txt").write_text("[localstack.extensions]\ngreeter = greeter.extension:Greeter\n")
    (built / "PKG-INFO").write_text(
        "Metadata-Version: 2.4\nName: greeter\nVersion: 0.1.0\nSummary: Greets\nAuthor: Jane\nLicense: MIT\n"
        "Home-Page: https://github.com/jane/greeter\nRequires-Python: >=3.11\n\n# Greeter\n"
    )
    done = check(home, project)
    file = "/".join(filter(None, (layout, "greeter/extension.py")))
    assert [line.partition(";")[0] for line in lines(done)] == [
        f"error {file}:7: this host does not have localstack.nowhere"
    ]


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (BADGE, None),
        (BADGE.replace("%3Dgreeter", "%3DGreeter"), None),
        ("https://app.localstack.cloud/extensions/remote?url=git+https://github.com/jane/greeter/#egg=greeter", None),
        (BADGE.replace("jane", "joe"), "the badge installs git+https://github.com/joe/greeter/#egg=greeter, and "),
        (f"{BADGE}%26subdirectory%3Dsub", "the badge installs git+https://github.com/jane/greeter/#egg=greeter&sub"),
        ("https://app.localstack.cloud/extensions/remote?url=greeter", "the badge installs nothing: 'greeter'; "),
    ],
)
def test_the_badge_has_to_install_this_project(home: Home, greeter: Path, link: str, told: str | None) -> None:
    change(greeter / "README.md", BADGE, link)
    done = check(home, greeter)
    assert done.returncode == (0 if told is None else 1)
    if told is not None:
        (line,) = lines(done)
        assert line.startswith(f"error README.md:3: {told}")


def test_without_mypy_the_types_are_a_note(home: Home, greeter: Path) -> None:
    hidden = home.path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['mypy'] = None\n")
    done = check(home, greeter, PYTHONPATH=str(hidden))
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(done) == ["note types were not checked, because mypy is not installed; install it into .venv"]


def test_for_programs_it_is_one_document(home: Home, greeter: Path) -> None:
    change(greeter / "pyproject.toml", '"0.1.0"', '"one"')
    done = check(home, greeter, "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert (document["command"], document["status"]) == ("dev check", "error")
    assert document["error"]["message"] == "greeter one can't be published so: 1 error, 0 warnings"
    assert document["problems"] == [
        {
            "severity": "error",
            "area": "metadata",
            "message": "'one' is no version",
            "hint": 'write for example "0.1.0"',
            "file": "pyproject.toml",
            "line": 3,
        }
    ]


def test_what_is_no_project_is_one_sentence_and_a_hint(home: Home) -> None:
    (home.path / "empty").mkdir()
    done = check(home, home.path / "empty")
    assert done.returncode == 1
    assert "empty is no Python project" in done.stderr
    assert "Hint: " in done.stderr


def test_where_mypy_is_not_configured_documented_forms_pass_and_what_it_says_are_warnings(
    home: Home, greeter: Path
) -> None:
    (greeter / "pyproject.toml").write_text(PYPROJECT)
    (greeter / "greeter" / "extension.py").write_text(
        "from localstack.extensions.api import Extension, aws, http\n\n\n"
        'class Greeter(Extension):\n    name = "greeter"\n\n'
        "    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:\n"
        '        router.add("/greet/<name>", self.greet)\n'
        '        router.add("/hello", lambda request: http.Response("hello"))\n\n'
        "    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:\n"
        "        handlers.append(self.look)\n\n"
        "    def greet(self, request: http.Request, name: str) -> dict[str, str]:\n"
        '        return {"greeting": name}\n\n'
        "    def look(\n"
        "        self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response\n"
        "    ) -> None:\n"
        '        response.headers["x-account"] = context.account_id\n'
    )
    assert lines(check(home, greeter)) == []
    change(greeter / "greeter" / "extension.py", "-> dict[str, str]", "-> int")
    done = check(home, greeter)
    assert done.returncode == 0
    (line,) = lines(done)
    assert line.startswith("warning greeter/extension.py:15: Incompatible return value type ")
