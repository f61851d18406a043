"""Fixtures of the tests about installing: an index on loopback, and an environment that uses it alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extension_installer import Installer, installer_from
from extension_packages import LocalIndex, Project, serve_index
from localstack.host.environment.provided import PROVIDED_NAMES
from platforms import Home

BAIT_VERSION = "99.0.0"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for built wheels, which tests share."""
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="session")
def greeter(wheels: Path) -> Path:
    return Project(
        "leanto-test-greeter", requires=("localstack>=1.0.0", "plux", "localstack-core (>=4.2.0,<5.0.0)")
    ).wheel(wheels)


@pytest.fixture(scope="session")
def waver(wheels: Path) -> Path:
    return Project("leanto-test-waver", plugin="waver").wheel(wheels)


@pytest.fixture(scope="session")
def bait(wheels: Path) -> tuple[Path, ...]:
    """What must never be fetched: distributions with upstream's names, newer than any."""
    return tuple(Project(name, BAIT_VERSION, plugin=None).wheel(wheels) for name in PROVIDED_NAMES)


@pytest.fixture
def index(tmp_path: Path, greeter: Path, waver: Path, bait: tuple[Path, ...]) -> Iterator[LocalIndex]:
    with serve_index(tmp_path / "index") as index:
        for wheel in (greeter, waver, *bait):
            index.add(wheel)
        yield index


@pytest.fixture
def installer(home: Home, index: LocalIndex) -> Installer:
    return installer_from(home, index)
