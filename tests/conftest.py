"""Fixtures of all tests."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platforms import Home, Platform, platforms_of

# A shell's background job ignores Ctrl-C, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


@pytest.fixture
def start(home: Home) -> Iterator[Callable[..., Platform]]:
    """Start platforms: ``start(DEBUG="1")`` returns one after ``Ready.``; all are ended with the test."""
    with platforms_of(home) as _start:
        yield _start


@pytest.fixture(scope="session")
def package_index() -> None:
    """Skips, loudly, what needs a package index when none is reachable."""
    from uv import find_uv_bin

    answer = subprocess.run(
        [find_uv_bin(), "pip", "compile", "--no-deps", "--no-cache", "-"],
        input="localstack-extension-hello-world",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if answer.returncode != 0:
        pytest.skip("NOT RUN: no package index is reachable")
