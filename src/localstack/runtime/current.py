"""The platform that runs in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.host import shared
from localstack.runtime import events

if TYPE_CHECKING:
    from rolo.gateway import Gateway

__all__ = ["Components", "LocalstackRuntime", "get_current_runtime"]


class Components:
    """What the platform is made of.

    :ivar name: whose services are emulated
    """

    name = "aws"

    @property
    def gateway(self) -> Gateway:
        """The gateway. What is put into its handler lists meets every request, internal ones included.

        The lists can be changed in place, but not be replaced by others.
        """
        return shared.gateway()


class LocalstackRuntime:
    """The running platform.

    :ivar starting: set before extensions are loaded; it and the others are those of ``localstack.runtime.events``
    :ivar ready: set after ``Ready.``
    :ivar stopping: set when shutting down begins
    :ivar stopped: set when nothing is served any more
    """

    def __init__(self) -> None:
        self.components = Components()
        self.starting = events.infra_starting
        self.ready = events.infra_ready
        self.stopping = events.infra_stopping
        self.stopped = events.infra_stopped

    def is_ready(self) -> bool:
        """Whether ``Ready.`` has been printed, and shutting down has not begun."""
        return self.ready.is_set() and not self.stopping.is_set()

    def shutdown(self) -> None:
        """``exit`` with the code 0."""
        self.exit()

    def exit(self, code: int = 0) -> None:
        """Begin to shut the platform down; returns at once.

        :param code: exit code of the process
        """
        shared.stop(code)


def get_current_runtime() -> LocalstackRuntime:
    """The running platform, the same object each time.

    :raises ValueError: when none runs in this process
    """
    if not shared.is_platform():
        raise ValueError("no platform runs in this process: call it in a hook of an extension, or later")
    return _runtime


_runtime = LocalstackRuntime()
