"""What is saved is noticed, whatever becomes of the folders that it is in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import pytest
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from developed_project import Project, serves
from doors import DEADLINE_SECONDS, wait_until
from localstack.host.dev import watching
from platforms import Home, Platform

EXTENSION = """
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "{name}"

    def update_gateway_routes(self, router):
        router.add("/{name}", lambda request: {{"version": 1}})
"""


def write(home: Home, name: str) -> Path:
    return home.write_extension(name, EXTENSION.format(name=name))


def comes(platform: Platform, name: str) -> None:
    wait_until(lambda: platform.get(f"/{name}").status_code == 200, f"{name} is never loaded")


def test_folders_that_could_not_be_loaded_at_the_start_are_taken_up(home: Home, start: Callable[..., Platform]) -> None:
    away, damaged, undeclared = (write(home, name) for name in ("away", "damaged", "undeclared"))
    away.rename(home.path / "elsewhere")
    toml = (damaged / "pyproject.toml").read_text()
    (damaged / "pyproject.toml").write_text(toml.replace("[project]", "[project"))
    (undeclared / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "none"\n')
    platform = start()
    listed = home.run("extensions", "dev", "list").stderr
    assert f"{away}: it is not loaded: {away} is gone" in listed
    assert f"{damaged}: it is not loaded: {damaged} can't be read: {damaged}/pyproject.toml: " in listed
    assert f"{undeclared}: it is not loaded: {undeclared} declares no extension; run `make install`" in listed

    (home.path / "elsewhere").rename(away)
    comes(platform, "away")
    (damaged / "pyproject.toml").write_text(toml)
    comes(platform, "damaged")
    built = undeclared / "undeclared.egg-info"
    built.mkdir()
    (built / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: undeclared\nVersion: 1\n")
    (built / "entry_points.txt").write_text("[localstack.extensions]\nundeclared = undeclared_ext:TheExtension\n")
    comes(platform, "undeclared")
    assert home.run("extensions", "dev", "list").stderr == ""
    assert "Traceback" not in platform.log

    module = away / "away_ext.py"
    module.write_text(module.read_text().replace('"version": 1', '"version": 2'))
    wait_until(lambda: platform.ask("/away") == {"version": 2}, "what came late is not reloaded")


def test_folders_that_are_made_anew_are_still_watched(home: Home, start: Callable[..., Platform]) -> None:
    """As a checkout of another branch does it."""
    project = Project(home)
    platform = start()
    for version in (2, 3):
        copy = home.path / "copy"
        shutil.copytree(project.package, copy)
        shutil.rmtree(project.package)
        copy.rename(project.package)
        project.save("version.py", f"VERSION = {version}\n")
        serves(platform, version=version)
    project.folder.rename(home.path / "aside")
    platform.wait_for("goes on as it was before the last save")
    serves(platform, version=3)
    (home.path / "aside").rename(project.folder)
    project.save("version.py", "VERSION = 4\n")
    serves(platform, version=4)
    wait_until(
        lambda: not platform.ask("/_localstack/extensions/developed")[0]["broken_save"], "the save counts as broken"
    )


def test_a_layout_may_change_while_it_runs(home: Home, start: Callable[..., Platform]) -> None:
    project = Project(home)
    platform = start()
    (project.folder / "src").mkdir()
    project.package.rename(project.folder / "src" / "developed")
    project.package = project.folder / "src" / "developed"
    project.save("version.py", "VERSION = 2\n")
    serves(platform, version=2)
    project.save("version.py", "VERSION = 3\n")
    serves(platform, version=3)


def test_the_source_may_lie_behind_links(home: Home, start: Callable[..., Platform]) -> None:
    project = Project(home)
    moved = home.path / "shared source" / "développed"
    moved.parent.mkdir()
    project.package.rename(moved)
    project.package.symlink_to(moved)
    platform = start(PYTHONDONTWRITEBYTECODE="")
    for version in (2, 3):
        project.save("version.py", f"VERSION = {version}\n")
        serves(platform, version=version)
    assert not list(moved.rglob("*.pyc"))


@pytest.mark.parametrize("polls", ["", "1"], ids=["events", "polling"])
def test_what_can_not_be_imported_yet_is_taken_up_when_it_can(
    home: Home, start: Callable[..., Platform], polls: str
) -> None:
    folder = write(home, "late")
    (folder / "late_ext.py").rename(folder / "other.txt")
    platform = start(WATCHFILES_FORCE_POLLING=polls)
    assert platform.get("/late").status_code == 404
    (folder / "other.txt").rename(folder / "late_ext.py")
    comes(platform, "late")


def test_watching_goes_on_after_an_error_of_the_watcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # no file makes it fail so
    errors = [WatchfilesRustInternalError("it has no more of something")] * 2
    notify = watching._notify

    def failing_first(folders: Iterable[Path], *, is_whole: bool) -> RustNotify:
        if errors:
            raise errors.pop()
        return notify(folders, is_whole=is_whole)

    monkeypatch.setattr(watching, "_notify", failing_first)
    (tmp_path / "package").mkdir()
    seen: SimpleQueue[watching.Event] = SimpleQueue()
    watch = watching.Watch([tmp_path], seen.put)
    watch.start()
    try:
        while not seen.get(timeout=DEADLINE_SECONDS).is_certain:
            (tmp_path / "package" / "module.py").write_text("")
            (tmp_path / "setup.py").write_text("")
    finally:
        watch.stop()
    assert f"{tmp_path} can't be watched: it has no more of something" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: only Linux has inotify")
def test_a_project_of_many_folders_takes_no_more_of_what_the_system_has_few_of(
    home: Home, start: Callable[..., Platform]
) -> None:
    """A user may have 128 instances of inotify, which editors and browsers use, too."""
    project = Project(home)
    for number in range(30):
        (project.folder / f"part{number}").mkdir()
    platform = start()
    project.save("version.py", "VERSION = 2\n")
    serves(platform, version=2)
    watchers = 0
    for descriptor in Path(f"/proc/{platform.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            watchers += "inotify" in str(descriptor.readlink())
    assert 1 <= watchers <= 2
