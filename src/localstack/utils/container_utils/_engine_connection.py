"""The connection to the container engine that all methods of its client share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from localstack.utils.container_utils._container_engine import connect, translated
from localstack.utils.container_utils.container_errors import ContainerException, DockerNotAvailable

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["EngineConnection"]


class EngineConnection:
    """Reaches the engine when it is first needed, and looks for it again after it has gone. Safe for threads."""

    def __init__(self) -> None:
        self._connection: DockerClient | None = None
        self._was_reached = False
        self._lock = threading.Lock()

    def client(self) -> DockerClient:
        """The client of Docker's SDK, for what has no method here."""
        with self._lock:
            if self._connection is None:
                self._connection = connect()
                self._was_reached = True
            return self._connection

    def has_docker(self) -> bool:
        """Whether an engine answers."""
        try:
            with self._talking() as client:
                return bool(client.ping())
        except ContainerException:
            return False

    def get_system_info(self) -> dict[str, Any]:
        """What the engine tells of itself and its machine, as ``docker info`` shows it."""
        with self._talking() as client:
            return dict(client.info())

    def get_system_id(self) -> str:
        """What tells the engine from others."""
        return str(self.get_system_info()["ID"])

    @contextmanager
    def _talking(self, missing: Exception | None = None) -> Iterator[DockerClient]:
        """Translate errors of the SDK, and look for the engine anew after it has gone."""
        client = self.client()
        try:
            with translated(missing):
                yield client
        except DockerNotAvailable:
            with self._lock:
                self._connection = None
            raise
