"""Plug-ins of the command line: entry points of the group ``localstack.plugins.cli``."""

from __future__ import annotations

from typing import Any

import click
from plux import Plugin

__all__ = ["LocalstackCli", "LocalstackCliPlugin"]


class LocalstackCli:
    """The command line as its plug-ins see it.

    :ivar group: the command ``localstack``; ``group.add_command(…)`` adds one below it
    """

    def __init__(self, group: click.Group) -> None:
        self.group = group

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.group(*args, **kwargs)


class LocalstackCliPlugin(Plugin):  # type: ignore[misc]  # plux is not typed
    """Adds commands to ``localstack``. Subclass it, set ``name``, and make it an entry point of its namespace.

    It is loaded when somebody asks for the help of ``localstack`` or for a command that ``localstack`` has not itself.
    """

    namespace = "localstack.plugins.cli"

    def load(self, cli: LocalstackCli) -> None:
        self.attach(cli)

    def attach(self, cli: LocalstackCli) -> None:
        """Add the commands to ``cli.group``."""
        raise NotImplementedError
