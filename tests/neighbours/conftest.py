"""One platform for all neighbours, with the examples that clients of the SDK know."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack.host.dev.registry import DevRegistry
from platforms import Home, Platform, platforms_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("neighbours"))
    for example in ("chaos", "inbox"):
        DevRegistry(home.config).enable(ROOT / "examples" / example)
    with platforms_of(home) as start:
        yield start(DEBUG="1", ENABLE_CONFIG_UPDATES="1")


@pytest.fixture
def tools(platform: Platform) -> dict[str, str]:
    """The environment in which a user calls a neighbour's command: it is on the path, nothing of AWS is set."""
    beside_python = str(Path(sys.executable).parent)
    return {**platform.environ, "PATH": os.pathsep.join([beside_python, os.environ["PATH"]])}
