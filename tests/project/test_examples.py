"""The projects in ``examples/``: all of them in one platform, each with its own tests against that."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from browser import chromium, open_browser
from localstack.host.dev.registry import DevRegistry
from platforms import Home, Platform, platforms_of

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
TESTED = [project for project in PROJECTS if list(project.glob("test_*.py"))]


def names(projects: list[Path]) -> list[str]:
    return [project.name for project in projects]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("examples"))
    for project in PROJECTS:
        DevRegistry(home.config).enable(project)
    with platforms_of(home) as start:
        yield start()


@pytest.fixture(scope="module")
def outcomes(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What went wrong in each test, ``""`` for nothing, by the test's file."""
    report = tmp_path_factory.mktemp("outcomes") / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        f"--junit-xml={report}",
        *map(str, TESTED),
    ]
    environ = {**platform.environ, "AWS_ENDPOINT_URL": platform.url}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=200, check=False)
    assert report.exists(), run.stdout + run.stderr
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        wrong = "".join(child.text or child.tag for child in case if child.tag in ("failure", "error", "skipped"))
        found.setdefault(case.get("classname", "").rpartition(".")[2], []).append(wrong)
    return found


@pytest.mark.parametrize("project", TESTED, ids=names(TESTED))
def test_an_example_passes_its_own_tests(outcomes: Mapping[str, list[str]], project: Path) -> None:
    (file,) = project.glob("test_*.py")
    assert outcomes[file.stem]
    assert not any(outcomes[file.stem]), "\n".join(outcomes[file.stem])


def test_all_of_them_run_side_by_side_and_nothing_went_wrong_in_any(
    platform: Platform, outcomes: Mapping[str, list[str]]
) -> None:
    listed = platform.get("/_localstack/extensions/list").json()
    assert {view["name"]: (view["state"], view["last_fault"]) for view in listed} == {
        project.name: ("loaded", None) for project in PROJECTS
    }
    assert "Traceback" not in platform.log
    assert " ERROR " not in platform.log


def test_the_dashboard_shows_calls_in_a_browser(platform: Platform, tmp_path: Path) -> None:
    if chromium() is None:
        pytest.skip("NOT RUN: there is no Chromium")
    with open_browser(tmp_path) as page:
        page.open(f"{platform.url}/_extension/dashboard/")
        page.wait_for("document.getElementById('state').textContent === 'connected'")
        platform.client("sqs").create_queue(QueueName="jobs")
        cells = page.wait_for("calls.rows.length && [...calls.rows[0].cells].map((cell) => cell.textContent)")
        assert cells[1:5] == ["sqs", "CreateQueue", "us-east-1", "200"]
        assert page.complaints == []


def test_the_index_names_every_example_and_what_it_shows() -> None:
    index = (ROOT / "docs" / "examples.md").read_text()
    for project in PROJECTS:
        assert f"(../examples/{project.name}/README.md)" in index
        description = tomllib.loads((project / "pyproject.toml").read_text())["project"]["description"]
        assert description.rstrip(".") in index


def test_every_readme_has_the_command_that_starts_its_example() -> None:
    for project in TESTED:
        assert f"localstack start --with examples/{project.name}\n" in (project / "README.md").read_text()
