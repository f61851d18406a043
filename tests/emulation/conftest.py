"""Servers of the emulation for the tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from aws_server import AwsServer


@pytest.fixture(scope="session")
def aws_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    return {"HOME": str(home), "CONFIG_DIR": str(home), "LOCALSTACK_VOLUME_DIR": str(home / "volume")}


@pytest.fixture(scope="session")
def _session_server(aws_environ: dict[str, str]) -> Iterator[AwsServer]:
    server = AwsServer(aws_environ)
    yield server
    server.close()


@pytest.fixture
def aws(_session_server: AwsServer) -> Iterator[AwsServer]:
    """A server with nothing in it; handlers that a test adds are taken out again."""
    yield _session_server
    _session_server.request_handlers.clear()
    _session_server.response_handlers.clear()
    _session_server.emulation.reset()


@pytest.fixture
def start_aws(aws_environ: dict[str, str]) -> Iterator[Callable[..., AwsServer]]:
    """Start a server with other settings: ``start_aws(SERVICES="s3")``."""
    started: list[AwsServer] = []

    def start(**environ: str) -> AwsServer:
        started.append(AwsServer(aws_environ | environ))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(autouse=True)
def _without_user_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
