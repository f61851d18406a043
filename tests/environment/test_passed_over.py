"""When an older release than the newest is installed, the person is told which, and what excluded it."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project


@pytest.fixture
def picky(index: LocalIndex, tmp_path: Path) -> str:
    """An extension whose newest release can't be had together with the host."""
    for release, requires in (("1.0", ()), ("2.0", ("werkzeug<2",))):
        index.add(Project("leanto-test-picky", release, requires, plugin="picky").wheel(tmp_path / release))
    return "leanto-test-picky"


def notes_of(installer: Installer, *arguments: str) -> list[str]:
    done = installer.run(*arguments, "-f", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    return [note for note in json.loads(done.stdout)["notes"] if "passed over" in note]


def test_a_release_that_conflicts_with_the_host_is_named(installer: Installer, picky: str) -> None:
    has = f"this host has werkzeug {version('werkzeug')}"
    note = f"leanto-test-picky 2.0 was passed over for 1.0: leanto-test-picky>=2.0 needs werkzeug<2, {has}"
    assert notes_of(installer, "install", picky, "--dry-run") == [note]
    done = installer.run("install", picky)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.count(f"Note: {note}") == 1
    assert installer.environment.installed()[0].distribution.version == "1.0"
    assert notes_of(installer, "upgrade", "picky") == [note]
    assert notes_of(installer, "install", "leanto-test-greeter") == []  # it says so of what it is about


def test_of_several_each_is_named_and_a_start_does_not_ask(
    installer: Installer, index: LocalIndex, picky: str, tmp_path: Path
) -> None:
    for release, requires in (("1.0", ()), ("2.0", ("werkzeug<2",))):
        index.add(Project("leanto-test-choosy", release, requires, plugin="choosy").wheel(tmp_path / f"c{release}"))
    (installer.home.path / "wanted.txt").write_text(f"leanto-test-choosy[extra]>=1\nleanto-test-greeter\n{picky}\n")
    notes = notes_of(installer, "sync", "wanted.txt")
    assert [note.partition(":")[0] for note in notes] == [
        "leanto-test-choosy 2.0 was passed over for 1.0",
        "leanto-test-picky 2.0 was passed over for 1.0",
    ]
    installer.uninstall("picky")
    installer.environment.auto_install([picky], installer.lines.append)
    assert "picky" in installer.plugin_names()
    assert not [line for line in installer.lines if "passed over" in line]


@pytest.mark.parametrize("asked", ["leanto-test-picky<2", "leanto-test-picky==1.0"])
def test_what_was_asked_for_is_not_passed_over(installer: Installer, picky: str, asked: str) -> None:
    assert notes_of(installer, "install", asked) == []


def test_a_release_that_conflicts_with_another_extension_is_named(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    for release in ("1.0", "2.0"):
        index.add(Project("leanto-test-shared", release, plugin=None).wheel(tmp_path / f"shared-{release}"))
        requires = (f"leanto-test-shared=={release}",)
        index.add(Project("leanto-test-guest", release, requires, plugin="guest").wheel(tmp_path / release))
    host = Project("leanto-test-owner", requires=("leanto-test-shared==1.0",), plugin="owner").wheel(tmp_path / "owner")
    installer.install(host)
    assert notes_of(installer, "install", "leanto-test-guest") == [
        "leanto-test-guest 2.0 was passed over for 1.0: leanto-test-guest>=2.0 needs leanto-test-shared==2.0, "
        "leanto-test-owner==0.1.0 needs leanto-test-shared==1.0"
    ]
