"""Saved is served: what is changed below an enabled folder, the next requests meet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from http.client import HTTPResponse

import psutil
import pytest

from developed_project import EXTENSION, Project, serves
from doors import wait_until
from platforms import Home, Platform
from steady_requests import SteadyRequests

IS_LONG = "LEANTO_SOAK" in os.environ
KEPT_BYTES = 2 * 1024 * 1024
"""Less than what 250 reloads would leave if each left one version of the smallest extension behind."""


@pytest.fixture
def project(home: Home) -> Project:
    return Project(home)


@pytest.fixture
def platform(project: Project, start: Callable[..., Platform]) -> Platform:
    platform = start(PYTHONDONTWRITEBYTECODE="")
    platform.wait_for("developed 1 ready")
    return platform


def test_a_save_is_served_and_the_state_stays(platform: Platform, project: Project) -> None:
    platform.client("s3").create_bucket(Bucket="stays")
    serves(platform)
    project.save("version.py", "VERSION = 2\n")
    serves(platform, version=2)
    assert platform.get("/developed").headers["X-Developed"] == "2"
    platform.wait_for("developed 2 ready")
    lives = [line.removeprefix("developed ") for line in platform.stdout if line.startswith("developed")]
    assert lives == ["1 started", "1 ready", "2 started", "1 shut down", "2 ready"]
    platform.wait_for("reloaded extension developed in")
    project.save("page.txt", "another page")
    serves(platform, version=2, page="another page")
    assert platform.client("s3").list_buckets()["Buckets"][0]["Name"] == "stays"


def test_saves_of_equal_size_within_a_second_are_all_served(platform: Platform, project: Project) -> None:
    """Time in seconds and size are all that a .pyc knows of its source."""
    moment = (project.package / "version.py").stat().st_mtime
    for version in range(2, 8):
        project.save("version.py", f"VERSION = {version}\n")
        os.utime(project.package / "version.py", (moment, moment))
        serves(platform, version=version)
    assert not list(project.folder.rglob("*.pyc"))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("version.py", "VERSION = (\n", r"SyntaxError: '\(' was never closed .*version\.py:1"),
        ("version.py", "\nVERSION = unknown\n", r"NameError: .*unknown.*version\.py:2"),
        ("extension.py", "", "has no attribute 'TheExtension'"),
        ("page.txt", None, r"FileNotFoundError.*extension\.py:13 in update_gateway_routes"),
        ("extension.py", EXTENSION.replace("print", "raise RuntimeError", 1), r"failed in on_platform_start"),
    ],
    ids=["syntax", "import", "empty", "a hook without its file", "a hook"],
)
def test_a_broken_save_leaves_the_old_version_serving(
    platform: Platform, project: Project, name: str, text: str | None, reason: str
) -> None:
    before = (project.package / name).read_text()
    if text is None:
        (project.package / name).unlink()
    else:
        project.save(name, text)
    platform.wait_for("extension developed goes on as it was before the last save")
    assert platform.wait_for(reason).count(" ERROR ") == 1
    answer = platform.get("/developed")
    assert (answer.json(), answer.headers["X-Developed"]) == ({"version": 1, "page": "a page"}, "1")
    assert "Traceback" not in platform.log
    shown = platform.get("/_localstack/extensions/list").json()[0]
    assert shown["state"] == "loaded"
    assert shown["last_fault"]
    project.save(name, before)
    project.save("version.py", "VERSION = 9\n")
    serves(platform, version=9)
    assert platform.get("/_localstack/extensions/list").json()[0]["last_fault"] is None


def test_what_did_not_load_at_the_start_loads_once_it_is_mended(
    home: Home, project: Project, start: Callable[..., Platform]
) -> None:
    project.save("version.py", "VERSION = (\n")
    platform = start()
    assert platform.get("/developed").status_code == 404
    project.save("version.py", "VERSION = 1\n")
    wait_until(lambda: platform.get("/developed").status_code == 200, "it never loads")


COUNTING = """
import itertools
from localstack.extensions.api import Extension
from .version import VERSION

class TheExtension(Extension):
    name = "developed"

    def on_extension_load(self):
        self.calls = []

    def hand_over(self):
        assert VERSION != 3, "version 3 hands nothing over"
        return self.calls

    def take_over(self, state):
        assert VERSION != 4, "version 4 takes nothing over"
        self.calls = state

    def on_platform_start(self):
        print("developed", VERSION, "starts with", len(self.calls), flush=True)

    def update_gateway_routes(self, router):
        router.add("/developed", self.count)

    def count(self, request):
        self.calls.append(VERSION)
        return {"calls": self.calls}
"""


def test_a_version_takes_over_what_the_one_before_hands_over(home: Home, start: Callable[..., Platform]) -> None:
    project = Project(home, COUNTING)
    platform = start()
    assert platform.get("/developed").json() == {"calls": [1]}
    project.save("version.py", "VERSION = 2\n")
    platform.wait_for("developed 2 starts with 1")
    platform.wait_for("reloaded extension developed")
    assert platform.get("/developed").json() == {"calls": [1, 2]}
    project.save("version.py", "VERSION = 4\n")
    platform.wait_for(
        "failed in take_over: AssertionError: version 4 takes nothing over .*extension.py:17 in take_over"
    )
    platform.wait_for("extension developed goes on as it was")
    assert platform.get("/developed").json() == {"calls": [1, 2, 2]}
    project.save("version.py", "VERSION = 3\n")
    platform.wait_for("developed 3 starts with 3")
    platform.wait_for("reloaded extension developed", count=2)
    project.save("version.py", "VERSION = 5\n")
    platform.wait_for("failed in hand_over: AssertionError: version 3 hands nothing over")
    platform.wait_for("extension developed goes on without the state of the version before")
    platform.wait_for("developed 5 starts with 0")
    platform.wait_for("reloaded extension developed", count=3)
    assert platform.get("/developed").json() == {"calls": [5]}


def test_new_modules_folders_and_extensions_are_found(platform: Platform, project: Project) -> None:
    (project.package / "inner").mkdir()
    (project.package / "inner" / "value.py").write_text("VALUE = 'inner'\n")
    project.save("version.py", "from .inner.value import VALUE\nVERSION = VALUE\n")
    serves(platform, version="inner")
    (project.folder / "other").mkdir()
    (project.folder / "other" / "second.py").write_text(
        "from localstack.extensions.api import Extension\nclass Second(Extension):\n    name = 'second'\n"
        "    def update_gateway_routes(self, router):\n        router.add('/second', lambda request: {'second': 1})\n"
    )
    toml = project.folder / "pyproject.toml"
    toml.write_text(toml.read_text() + 'second = "other.second:Second"\n')
    wait_until(lambda: platform.get("/second").status_code == 200, "the new extension never comes")
    (project.folder / "other" / "second.py").write_text(
        (project.folder / "other" / "second.py").read_text().replace("{'second': 1}", "{'second': 2}")
    )
    wait_until(lambda: platform.get("/second").json() == {"second": 2}, "a new folder is not watched")


def test_a_neighbour_is_left_alone(home: Home, project: Project, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "neighbour",
        "import itertools\nfrom localstack.extensions.api import Extension\ncount = itertools.count(1)\n"
        "class TheExtension(Extension):\n    name = 'neighbour'\n"
        "    def update_gateway_routes(self, router):\n"
        "        router.add('/neighbour', lambda request: {'count': next(count)})\n",
    )
    platform = start()
    assert platform.get("/neighbour").json() == {"count": 1}
    project.save("version.py", "VERSION = 2\n")
    serves(platform, version=2)
    assert platform.get("/neighbour").json() == {"count": 2}


def test_requests_go_on_through_many_reloads(platform: Platform, project: Project) -> None:
    """Two hundred a second; each fifth save is broken."""

    def is_of_one_version(answer: HTTPResponse, body: bytes) -> bool:
        return answer.status == 200 and answer.headers["X-Developed"] == str(json.loads(body)["version"])

    requests = SteadyRequests(platform.port, "/developed", is_of_one_version)
    with requests.sent():
        for version in range(2, 102 if IS_LONG else 12):
            if version % 5 == 0:
                project.save("version.py", "VERSION = (\n")
                platform.wait_for("goes on as it was", count=version // 5)
            else:
                project.save("version.py", f"VERSION = {version}\n")
                serves(platform, version=version)
    assert not requests.failures
    assert requests.asked >= requests.due


FOOTPRINT = """
import gc, sys, threading
from localstack.extensions.api import Extension
from .version import VERSION

class TheExtension(Extension):
    name = "developed"

    def on_platform_start(self):
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.is_over.wait, name="own", daemon=True)
        self.thread.start()

    def update_gateway_routes(self, router):
        router.add("/developed", lambda request: {"version": VERSION, "page": "a page"})
        router.add("/footprint", self.footprint)

    def update_response_handlers(self, handlers):
        handlers.append(lambda chain, context, response: response.headers.set("X-Developed", VERSION))

    def on_platform_shutdown(self):
        self.is_over.set()
        self.thread.join()

    def footprint(self, request):
        gc.collect()
        return {
            "modules": len(sys.modules),
            "threads": [t.name for t in threading.enumerate() if not t.name.startswith("Gateway")],
            "versions": sum(type(one).__name__ == "TheExtension" for one in gc.get_objects()),
        }
"""


def test_reloads_leave_nothing_behind(home: Home, start: Callable[..., Platform]) -> None:
    """What requests under way might still need of the version before is all that is kept."""
    project = Project(home, FOOTPRINT)
    platform = start()
    process = psutil.Process(platform.process.pid)

    def after(*versions: int) -> tuple[dict[str, object], int]:
        for version in versions:
            project.save("version.py", f"VERSION = {version}\n")
            serves(platform, version=version)
            platform.wait_for("reloaded extension developed", count=version - 1)
        return platform.get("/footprint").json(), process.memory_info().rss

    middle, end = (250, 502) if IS_LONG else (7, 12)
    few, memory_of_few = after(*range(2, middle))
    assert few["versions"] == 2
    many, memory_of_many = after(*range(middle, end))
    assert many == few
    if IS_LONG:
        assert memory_of_many - memory_of_few < KEPT_BYTES


def test_a_folder_runs_for_one_start_without_being_enabled(
    home: Home, project: Project, start: Callable[..., Platform]
) -> None:
    (home.config / "extensions-dev.json").unlink()
    platform = start(arguments=("--with", os.path.relpath(project.folder, home.path)), EXTENSION_DEV_MODE="0")
    serves(platform)
    project.save("version.py", "VERSION = 2\n")
    serves(platform, version=2)
    assert f"- mounting extension {project.folder}" in platform.stdout
    assert platform.signal() == 0
    assert start(EXTENSION_DEV_MODE="0").get("/developed").status_code == 404
    refused = home.run("start", "--with", "nowhere")
    assert refused.returncode == 1
    assert f"there is no folder {home.path / 'nowhere'}" in refused.stderr
