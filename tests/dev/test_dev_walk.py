"""The documented walk, typed command by command: new, make install, enable, start, save, restart, disable."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from uv import find_uv_bin

from doors import wait_until
from platforms import Home, Platform

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed: the walk was NOT tested")

NO_INDEX = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": "/dev/null",
}
"""Whatever pip asks an index for fails at once."""


EXAMPLE = '# router.add("/greet", lambda request: http.Response("hello"))\n        pass\n'
TAKEN = EXAMPLE.removeprefix("# ").replace("        pass\n", "")
"""What the template suggests, and the same as code."""


def make(home: Home, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = home.environ(**NO_INDEX)
    return subprocess.run(
        ["make", *arguments], cwd=project, env=environ, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def project(home: Home) -> Path:
    """A fresh project, by nothing but newlines."""
    assert home.run("extensions", "dev", "new", text="\n" * 8).returncode == 0
    return home.path / "my-localstack-extension"


@pytest.fixture
def installed(home: Home, project: Path) -> Path:
    done = make(home, project, "install")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_the_walk(home: Home, installed: Path, start: Callable[..., Platform]) -> None:
    enabled = home.run("extensions", "dev", "enable", "./my-localstack-extension")
    assert enabled.returncode == 0, enabled.stderr

    platform = start()
    rule = "=" * 50
    banner = [
        rule,
        "👷 LocalStack extension developer mode enabled 🏗",
        f"- mounting extension {installed}",
        "Resuming normal execution, ...",
        rule,
    ]
    at = platform.stdout.index(rule)
    assert platform.stdout[at : at + len(banner)] == banner
    platform.wait_for("my-localstack-extension: the platform is ready", platform.stdout)
    told = [line for line in platform.stdout if line.startswith("my-localstack-extension: ") or line == "Ready."]
    assert told == [
        "my-localstack-extension: loaded",
        "my-localstack-extension: the platform is starting",
        "Ready.",
        "my-localstack-extension: the platform is ready",
    ]
    assert "loaded 1 extensions" in platform.log
    assert platform.get("/greet").status_code == 404

    code = installed / "my_localstack_extension" / "extension.py"
    assert EXAMPLE in code.read_text()
    code.write_text(code.read_text().replace(EXAMPLE, TAKEN))
    wait_until(lambda: platform.get("/greet").text == "hello", "what was saved is not served")
    restarted = home.run("restart")
    assert restarted.returncode == 0, restarted.stderr
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    assert platform.get("/greet").text == "hello"
    assert platform.signal() == 0
    reloads = platform.log.count("reloaded extension my-localstack-extension in ")  # a save may be noticed in two parts
    assert reloads >= 1
    ends = platform.stdout.count("my-localstack-extension: the platform is stopping")
    assert ends == reloads + 2, "reloaded, restarted, ended"

    assert home.run("extensions", "dev", "disable", "./my-localstack-extension").returncode == 0
    assert "loaded 0 extensions" in start().log


def test_without_developer_mode_enabled_folders_are_not_looked_at(
    home: Home, project: Path, start: Callable[..., Platform]
) -> None:
    home.run("extensions", "dev", "enable", str(project))
    platform = start(EXTENSION_DEV_MODE="0")
    assert "developer mode" not in platform.output
    assert "loaded 0 extensions" in platform.log


def test_the_install_is_editable_fetches_nothing_and_declares_the_extension_once(home: Home, installed: Path) -> None:
    (site_packages,) = (installed / ".venv" / "lib").glob("python*/site-packages")
    (own,) = site_packages.glob("my_localstack_extension-*.dist-info")
    declared = [entry for entry in PathDistribution(own).entry_points if entry.group == "localstack.extensions"]
    assert declared == [
        EntryPoint(
            "my-localstack-extension",
            "my_localstack_extension.extension:MyLocalStackExtension",
            "localstack.extensions",
        )
    ]
    code = "import my_localstack_extension.extension as e; print(e.MyLocalStackExtension.name, e.__file__)"
    done = subprocess.run(
        [installed / ".venv" / "bin" / "python", "-c", code],
        cwd=home.path,
        env=home.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    file = installed / "my_localstack_extension" / "extension.py"
    assert done.stdout.split() == ["my-localstack-extension", str(file)], done.stderr
    assert PathDistribution(next(site_packages.glob("localstack-*.dist-info"))).version == "4.14.0"
    assert not (site_packages / "localstack").exists(), "a stand-in has no code"
    assert make(home, installed, "install").returncode == 0, "a second time"


def test_dist_builds_both_distributions_and_clean_removes_what_make_made(home: Home, installed: Path) -> None:
    done = make(home, installed, "dist")
    assert done.returncode == 0, done.stdout + done.stderr
    wheel_file, sdist_file = sorted((installed / "dist").iterdir(), key=lambda file: file.suffix != ".whl")
    assert wheel_file.name == "my_localstack_extension-0.1.0-py3-none-any.whl"
    assert sdist_file.name.replace("-", "_") == "my_localstack_extension_0.1.0.tar.gz"  # "-" with an old setuptools
    wheel = ZipFile(wheel_file)
    entry_points = wheel.read("my_localstack_extension-0.1.0.dist-info/entry_points.txt").decode()
    assert entry_points.count("MyLocalStackExtension") == 1

    assert make(home, installed, "clean").returncode == 0
    shutil.rmtree(installed / "my_localstack_extension" / "__pycache__", ignore_errors=True)
    assert {path.name for path in installed.iterdir()} == {
        ".gitignore",
        "LICENSE",
        "Makefile",
        "README.md",
        "my_localstack_extension",
        "setup.cfg",
        "setup.py",
        "tests",
    }


@pytest.mark.parametrize("template", ["classic", "basic", "webapp"])
def test_a_new_project_passes_its_own_test_builds_runs_and_is_reloaded_with_no_network(
    home: Home, template: str, start: Callable[..., Platform]
) -> None:
    new = home.run("extensions", "dev", "new", "--template", template, "--no-input")
    assert (new.returncode, new.stderr) == (0, "")
    project = home.path / "my-localstack-extension"
    done = make(home, project, "test", "dist")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"=+ \d passed in ", done.stdout), done.stdout
    assert len(list((project / "dist").iterdir())) == 2
    assert make(home, project, "clean").returncode == 0
    assert not (project / ".pytest_cache").exists()

    assert home.run("extensions", "dev", "enable", str(project)).returncode == 0
    platform = start()
    assert [one["name"] for one in platform.get("/_localstack/extensions/list").json()] == ["my-localstack-extension"]
    if template == "webapp":
        file, before, after = "templates/index.html", "<h1>", "<h1>New: "
        path, shown = "/_extension/my-localstack-extension/", "<h1>New: my-localstack-extension</h1>"
    else:
        file, before, after = "extension.py", EXAMPLE, TAKEN
        path, shown = "/greet", "hello"
    assert shown not in platform.get(path).text
    saved = project / "my_localstack_extension" / file
    saved.write_text(saved.read_text().replace(before, after))
    wait_until(lambda: shown in platform.get(path).text, "what was saved is not served")


def test_a_python_that_does_not_run_localstack_is_named_before_anything_is_made(home: Home, project: Path) -> None:
    done = make(home, project, "install", "PYTHON=/nowhere/python")
    assert done.returncode != 0
    assert "This is no Python that runs `localstack`:\n/nowhere/python\n" in done.stderr
    assert not (project / ".venv").exists()


@pytest.mark.index
@pytest.mark.parametrize("minor", [minor for minor in ("3.11", "3.12", "3.13") if not sys.version.startswith(minor)])
def test_make_install_works_under_the_other_pythons(home: Home, tmp_path: Path, minor: str) -> None:
    """Pythons from 3.12 on bring no setuptools: it comes through the link."""
    python = shutil.which(f"python{minor}")
    if python is None or subprocess.run([python, "-V"], capture_output=True, check=False).returncode != 0:
        pytest.skip(f"python{minor} is not on PATH: `make install` was NOT tested with it")
    host = tmp_path / "host" / "bin" / "python"
    subprocess.run([find_uv_bin(), "venv", "-q", "-p", python, host.parents[1]], check=True)
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "-p", host, "-e", Path(__file__).parents[2]], check=True)
    new = [str(host), "-m", "localstack.host.cli.main", "extensions", "dev", "new"]
    subprocess.run(new, cwd=home.path, env=home.environ(), input="\n" * 8, text=True, check=True, capture_output=True)
    done = make(home, home.path / "my-localstack-extension", "install", "dist")
    assert done.returncode == 0, done.stdout + done.stderr
