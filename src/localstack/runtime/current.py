"""The platform that runs in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.host import shared

if TYPE_CHECKING:
    from rolo.gateway import Gateway

__all__ = ["Components", "LocalstackRuntime", "get_current_runtime"]


class Components:
    """What the platform is made of."""

    @property
    def gateway(self) -> Gateway:
        """The gateway. What is put into its handler lists meets every request, internal ones included.

        The lists can be changed in place, but not be replaced by others.
        """
        return shared.gateway()


class LocalstackRuntime:
    """The running platform."""

    def __init__(self) -> None:
        self.components = Components()

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
