"""Fixtures of all tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platforms import Home, Platform, free_port

# A shell's background job ignores Ctrl-C, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


@pytest.fixture
def start(home: Home) -> Iterator[Callable[..., Platform]]:
    """Start platforms: ``start(DEBUG="1")`` returns one after ``Ready.``; all are ended with the test."""
    started: list[Platform] = []

    def _start(*, ready: bool = True, arguments: tuple[str, ...] = (), **environ: str) -> Platform:
        port = int(environ.get("GATEWAY_LISTEN", ":").rpartition(":")[2] or free_port())
        environ = {"GATEWAY_LISTEN": f"127.0.0.1:{port}", "EXTENSION_DEV_MODE": "1"} | environ
        full = home.environ(**environ)
        process = subprocess.Popen(
            [sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner", *arguments],
            env=full,
            cwd=home.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        platform = Platform(process, port, home.path, full)
        started.append(platform)
        if ready:
            platform.wait_for(r"^Ready\.$", platform.stdout)
        return platform

    yield _start
    for platform in started:
        if platform.process.poll() is None:
            platform.process.terminate()
            try:
                platform.process.wait(15)
            except subprocess.TimeoutExpired:
                platform.process.kill()
                platform.process.wait()
        for stream in (platform.process.stdout, platform.process.stderr):
            if stream is not None:
                stream.close()


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
