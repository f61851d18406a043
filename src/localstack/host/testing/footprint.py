"""What a process has running: to see what an extension leaves behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

_HOSTS_OWN = ("Gateway-", "Runtime-", "Service-")
"""How the names of the host's own threads begin; they come and go."""
_PATIENCE_SECONDS = 1.0
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Footprint:
    """Threads, child processes and listening sockets at one moment.

    :ivar ports: address and port of each socket that listens, e.g. ``("127.0.0.1", 4510)``
    """

    threads: frozenset[threading.Thread]
    processes: frozenset[psutil.Process]
    ports: frozenset[tuple[str, int]]

    @classmethod
    def take(cls) -> Footprint:
        own = psutil.Process()
        sockets = (one for one in own.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
        threads = (one for one in threading.enumerate() if not one.name.startswith(_HOSTS_OWN))
        return cls(
            frozenset(threads),
            frozenset(own.children(recursive=True)),
            frozenset((str(one.laddr[0]), int(one.laddr[1])) for one in sockets),
        )

    def left_behind(self) -> tuple[str, ...]:
        """What is there now and was not then, in words; what is about to end gets a moment for it."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (left := tuple(self._since(Footprint.take()))) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        return left

    def _since(self, now: Footprint) -> Iterator[str]:
        for thread in now.threads - self.threads:
            yield f"the thread {thread.name!r} is still running"
        for process in now.processes - self.processes:
            try:
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield f"the child process {process.pid} is still running: {' '.join(process.cmdline())}"
            except psutil.NoSuchProcess:
                continue
        for host, port in now.ports - self.ports:
            yield f"the port {port} of {host} is still open"
