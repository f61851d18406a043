"""A change that is killed at any of its steps leaves the old set or the new one, and the next command works.

``make soak`` kills at every fault point there is, and as often again at any moment; the usual run at a few.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import fault_points
from extension_installer import Installer, installer_from
from extension_packages import Project, serve_index
from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.verification import differing_files
from platforms import Home, Platform

IS_LONG = "LEANTO_SOAK" in os.environ
POINTS_IN_THE_SHORT_FORM = 3
MOMENTS_IN_THE_LONG_FORM = 20

Versions = dict[str, str]

COMMANDS = {
    "install": ("install", "leanto-test-killed==1.0"),
    "upgrade": ("upgrade", "leanto-test-greeter"),
    "uninstall": ("uninstall", "leanto-test-waver"),
    "rollback": ("rollback",),
    "sync": ("sync", "requirements.txt", "--prune"),
}


@dataclass
class Scene:
    """A volume with two extensions and an earlier generation, which can be set up again as often as needed."""

    installer: Installer
    template: Path

    @property
    def volume(self) -> Path:
        return self.installer.home.volume

    def set_up(self) -> None:
        shutil.rmtree(self.volume, ignore_errors=True)
        shutil.copytree(self.template, self.volume, symlinks=True)

    def command(self, arguments: tuple[str, ...], point: int) -> list[str]:
        count_file = self.template.with_name("count")
        script = [sys.executable, fault_points.__file__, str(count_file), str(point), str(self.volume)]
        return [*script, "extensions", *arguments]

    def run(self, arguments: tuple[str, ...], point: int = 0) -> int:
        """Run a command and kill it at ``point``; the exit code, negative when it was killed."""
        command = self.command(arguments, point)
        folder = self.installer.home.path
        run = subprocess.run(command, env=self.installer.environ, cwd=folder, capture_output=True, check=False)
        return run.returncode

    def number_of_points(self, arguments: tuple[str, ...]) -> int:
        for _ in range(2):  # the first run fills uv's cache, which takes more steps
            self.set_up()
            assert self.run(arguments) == 0
        return int(self.template.with_name("count").read_text())

    def kill_at_a_moment(self, arguments: tuple[str, ...], seconds: float, *, is_alone: bool) -> None:
        """Kill the command after some time, uv with it or not."""
        command = self.command(arguments, 0)
        null = subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            env=self.installer.environ,
            cwd=self.installer.home.path,
            stdout=null,
            stderr=null,
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        with suppress(ProcessLookupError):
            (os.kill if is_alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()

    def versions(self) -> Versions:
        """What a platform would load, from files that are all there and as they should be."""
        directory = self.installer.site_packages
        assert differing_files(InstalledPackages.read(directory)) == ()
        found = self.installer.environment.installed()
        return {one.distribution.name: one.distribution.version for one in found}

    def check(self, arguments: tuple[str, ...], old: Versions, new: Versions, what: str) -> None:
        """See that there is the one set or the other, and that the next commands work."""
        assert self.versions() in (old, new), what
        first = self.run(arguments)
        assert first in (0, 1), what  # 1: it was done already, and there is nothing to uninstall any more
        assert self.run(("install", "leanto-test-last")) == 0, what
        left = [path.name for path in self.installer.directory.iterdir()]
        assert sorted(left) == [".work", "extensions.toml", "generations", "python_venv"], what
        assert not list(self.installer.directory.glob(".work/scratch-*")), what
        if arguments[0] != "rollback":  # done twice it goes back twice
            assert self.versions() == {**new, "leanto-test-last": "0.1.0"}, what


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, greeter: Path, waver: Path) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("killed")
    (folder / "home").mkdir()
    with serve_index(folder / "index") as index:
        killed = Project("leanto-test-killed", "1.0", plugin="killed").wheel(folder)
        last = Project("leanto-test-last", plugin="last").wheel(folder)
        for wheel in (greeter, waver, killed, last):
            index.add(wheel)
        installer = installer_from(Home(folder / "home"), index)
        for name in ("leanto-test-last", "leanto-test-greeter", "leanto-test-waver"):
            installer.install(name)
        index.add(Project("leanto-test-greeter", "0.2.0").wheel(folder))
        installer.uninstall("leanto-test-waver")
        installer.uninstall("leanto-test-last")
        installer.install("leanto-test-waver")  # the sixth generation: each change has one to remove
        (installer.home.path / "requirements.txt").write_text("leanto-test-killed\nleanto-test-greeter>=0.2\n")
        shutil.copytree(installer.home.volume, folder / "template", symlinks=True)
        yield Scene(installer, folder / "template")


@pytest.mark.timeout(3600 if IS_LONG else 300)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_kill_leaves_the_old_set_or_the_new_one(scene: Scene, name: str) -> None:
    arguments = COMMANDS[name]
    scene.set_up()
    old = scene.versions()
    total = scene.number_of_points(arguments)
    new = scene.versions()
    assert old != new
    assert total > POINTS_IN_THE_SHORT_FORM
    every = range(1, total + 1)
    points = every if IS_LONG else every[:: -(-total // POINTS_IN_THE_SHORT_FORM)]
    for point in points:
        scene.set_up()
        assert scene.run(arguments, point) == -signal.SIGKILL
        scene.check(arguments, old, new, f"{name} killed at point {point} of {total}")


@pytest.mark.skipif(not IS_LONG, reason="make soak")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_kill_at_any_moment_leaves_the_old_set_or_the_new_one(scene: Scene, name: str) -> None:
    arguments = COMMANDS[name]
    scene.set_up()
    old = scene.versions()
    scene.number_of_points(arguments)
    new = scene.versions()
    chance = random.Random(name)
    for number in range(MOMENTS_IN_THE_LONG_FORM):
        scene.set_up()
        seconds = chance.uniform(0.1, 1.2)
        scene.kill_at_a_moment(arguments, seconds, is_alone=bool(number % 2))
        scene.check(arguments, old, new, f"{name} killed after {seconds} seconds")


def test_a_platform_starts_after_an_installation_was_killed(scene: Scene, start: Callable[..., Platform]) -> None:
    arguments = COMMANDS["install"]
    total = scene.number_of_points(arguments)
    for point in (total // 2, total - 1):
        scene.set_up()
        assert scene.run(arguments, point) == -signal.SIGKILL
        platform = start(**scene.installer.environ, EXTENSION_DEV_MODE="0")
        listed = json.loads(platform.get("/_localstack/extensions/list").text)
        names = {entry["distribution"]["name"] for entry in listed}
        assert names - {"leanto-test-killed"} == {"leanto-test-greeter", "leanto-test-waver"}
        assert platform.signal() == 0
        assert len(list(scene.installer.directory.glob("generations/*/extensions.toml"))) == len(
            list(scene.installer.directory.glob("generations/*"))
        )
