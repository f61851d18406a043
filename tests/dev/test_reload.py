"""Saved is served: what is changed below an enabled folder, the next requests meet."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest
import requests

from doors import wait_until
from platforms import Home, Platform

EXTENSION = """
from pathlib import Path
from localstack.extensions.api import Extension
from .version import VERSION

class TheExtension(Extension):
    name = "developed"

    def on_platform_start(self):
        print("developed", VERSION, "started", flush=True)

    def update_gateway_routes(self, router):
        text = Path(__file__).with_name("page.txt").read_text()
        router.add("/developed", lambda request: {"version": VERSION, "page": text})

    def update_response_handlers(self, handlers):
        handlers.append(self.mark)

    def mark(self, chain, context, response):
        response.headers["X-Developed"] = str(VERSION)

    def on_platform_ready(self):
        print("developed", VERSION, "ready", flush=True)

    def on_platform_shutdown(self):
        print("developed", VERSION, "shut down", flush=True)
"""


class Project:
    """An enabled folder with an extension that shows its version, and a page."""

    def __init__(self, home: Home) -> None:
        self.folder = home.write_extension("developed", "", 'entry = "developed.extension:TheExtension"')
        self.package = self.folder / "developed"
        self.package.mkdir()
        self.save("__init__.py", "")
        self.save("page.txt", "a page")
        self.save("version.py", "VERSION = 1\n")
        self.save("extension.py", EXTENSION)

    def save(self, name: str, text: str) -> None:
        """As most editors do: the whole file at once, under its name."""
        path = self.package / name
        path.with_suffix(".tmp~").write_text(text)
        path.with_suffix(".tmp~").replace(path)


@pytest.fixture
def project(home: Home) -> Project:
    return Project(home)


@pytest.fixture
def platform(project: Project, start: Callable[..., Platform]) -> Platform:
    platform = start(PYTHONDONTWRITEBYTECODE="")
    platform.wait_for("developed 1 ready")
    return platform


def serves(platform: Platform, **expected: object) -> None:
    wait_until(
        lambda: platform.get("/developed").json() == {"version": 1, "page": "a page"} | expected,
        f"never served {expected}",
    )


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


def test_what_a_version_leaves_behind_is_named(platform: Platform, project: Project) -> None:
    project.save(
        "version.py",
        "import threading, time, localstack.constants\ndef forever():\n    time.sleep(1000)\n"
        "threading.Thread(target=forever, name='left-behind', daemon=True).start()\n"
        "localstack.constants.patched = forever\nVERSION = 2\n",
    )
    serves(platform, version=2)
    project.save("version.py", "VERSION = 3\n")
    serves(platform, version=3)
    platform.wait_for("the thread left-behind still runs: restart needed")
    platform.wait_for(r"localstack\.constants\.patched is still patched: restart needed")


def test_requests_go_on_through_many_reloads(platform: Platform, project: Project) -> None:
    failures: list[str] = []
    is_over = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            while not is_over.wait(0.005):
                answer = session.get(f"{platform.url}/developed", timeout=30)
                versions = {answer.headers.get("X-Developed"), str(answer.json().get("version"))}
                if answer.status_code != 200 or len(versions) != 1:
                    failures.append(f"{answer.status_code} {versions} {answer.text}")

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    rounds = 100 if os.environ.get("LEANTO_SOAK") else 10
    try:
        for version in range(2, rounds + 2):
            if version % 5 == 0:
                project.save("version.py", "VERSION = (\n")
                platform.wait_for("goes on as it was", count=version // 5)
            project.save("version.py", f"VERSION = {version}\n")
            serves(platform, version=version)
    finally:
        is_over.set()
        for client in clients:
            client.join()
    assert not failures


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
