"""A container as an object: made from its configuration, then running."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from localstack.utils.container_utils._container_output import Output
from localstack.utils.container_utils.container_client import (
    CancellableStream,
    ContainerClient,
    ContainerConfiguration,
)
from localstack.utils.docker_utils import DOCKER_CLIENT
from localstack.utils.sync import poll_condition

__all__ = ["Container", "RunningContainer"]


class RunningContainer:
    """A container that has been started; as a context manager it is shut down at the end.

    :param id: name or id
    :param container_config: what it was made from
    """

    def __init__(
        self, id: str, container_config: ContainerConfiguration, docker_client: ContainerClient | None = None
    ) -> None:
        self.id = id
        self.config = container_config
        self.container_client = docker_client or DOCKER_CLIENT
        self.name = self.container_client.get_container_name(id)

    def __enter__(self) -> RunningContainer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def is_running(self) -> bool:
        return self.container_client.is_container_running(self.id)

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait until it runs; False when it does not after ``timeout`` seconds."""
        return poll_condition(self.is_running, timeout)

    def shutdown(self, timeout: int = 10, remove: bool = True) -> None:
        """Stop it, and remove it; that it has gone already is no error.

        :param timeout: seconds after which it is killed
        """
        if self.is_running():
            self.container_client.stop_container(self.id, timeout=timeout)
        if remove:
            self.container_client.remove_container(self.id, force=True, check_existence=True)

    def ip_address(self, docker_network: str | None = None) -> str:
        """Its address in a network, in the first of its own without one."""
        if docker_network is None:
            return self.container_client.get_container_ip(self.id)
        return self.container_client.get_container_ipv4_for_network(self.id, docker_network)

    def exec_in_container(self, *args: Any, **kwargs: Any) -> Output:
        """Run a command in it, see ``ContainerClient.exec_in_container``."""
        return self.container_client.exec_in_container(self.id, *args, **kwargs)

    def inspect(self) -> dict[str, Any]:
        return self.container_client.inspect_container(self.id)

    def get_logs(self) -> str:
        return self.container_client.get_container_logs(self.id, safe=True)

    def stream_logs(self) -> CancellableStream:
        return self.container_client.stream_container_logs(self.id)


class Container:
    """A container that is not made yet.

    :param container_config: may be changed until ``start``
    """

    def __init__(self, container_config: ContainerConfiguration, docker_client: ContainerClient | None = None) -> None:
        self.config = container_config
        self.container_client = docker_client or DOCKER_CLIENT

    def start(self, attach: bool = False) -> RunningContainer:
        """Make it and start it.

        :param attach: wait for its end
        """
        container_id = self.container_client.create_container_from_config(self.config)
        running = RunningContainer(container_id, self.config, self.container_client)
        self.container_client.start_container(container_id, attach=attach)
        return running
