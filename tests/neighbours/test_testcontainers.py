"""testcontainers: how its modules for LocalStack wait for a platform, and the clients that they make.

The container is the platform's process; everything else is what the modules do themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from testcontainers.community.localstack import LocalStackContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy, LogMessageWaitStrategy

from platforms import Platform

EDGE_PORT = 4566


class Process(DockerContainer):  # type: ignore[misc]  # testcontainers has no types
    """In place of a container: a platform that runs as a process."""

    def __init__(self, start: Callable[..., Platform]) -> None:
        self._start = start
        self.edge_port, self.region_name = EDGE_PORT, "us-west-1"

    def start(self) -> Process:
        self.platform = self._start(ready=False, EXTENSION_DEV_MODE="0")
        return self

    def get_logs(self) -> tuple[bytes, bytes]:
        return "".join(f"{line}\n" for line in self.platform.stdout).encode(), self.platform.log.encode()

    def get_container_host_ip(self) -> str:
        return "127.0.0.1"

    def get_exposed_port(self, port: int) -> int:
        assert port == EDGE_PORT
        return self.platform.port

    def get_wrapped_container(self) -> Any:
        return SimpleNamespace(status="running", reload=lambda: None)

    def __del__(self) -> None:
        """Nothing to remove."""


class LocalStackProcess(LocalStackContainer, Process):  # type: ignore[misc]
    """The module's own class, with a process where it expects a container."""

    def __init__(self, start: Callable[..., Platform]) -> None:
        Process.__init__(self, start)


@pytest.mark.filterwarnings("ignore:The wait_for_logs function:DeprecationWarning")
def test_the_modules_wait_ends_and_their_clients_work(start: Callable[..., Platform]) -> None:
    container = LocalStackProcess(start).start()
    assert container.get_client("sqs").create_queue(QueueName="jobs")["QueueUrl"].endswith("/000000000000/jobs")
    LogMessageWaitStrategy(re.compile(r"Ready")).wait_until_ready(container)  # that of Node
    HttpWaitStrategy(EDGE_PORT, "/_localstack/health").wait_until_ready(container)  # that of Go
    stdout, stderr = (log.decode() for log in container.get_logs())
    assert len(re.findall(r".*Ready\.\n", stdout)) == 1  # Java counts the lines
    assert "Ready." not in stderr
