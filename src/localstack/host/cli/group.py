"""A click group that imports a command's module only when the command is used or its help is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar, cast

import click

_Command = TypeVar("_Command", bound=Callable[..., object])


def short_help_option(command: _Command) -> _Command:
    """Accept ``-h`` without showing it, because the documented help has ``--help`` alone."""
    return click.help_option("-h", hidden=True)(command)


@dataclass(frozen=True)
class Section:
    """A heading of the help and the commands under it.

    The command ``NAME`` is the object ``NAME`` of the module ``localstack.host.cli.NAME``.
    """

    title: str
    names: tuple[str, ...]


class LazyGroup(click.Group):
    """The root of the command line; ``sections`` name its commands in the order of the help."""

    sections: tuple[Section, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in self.sections for name in section.names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"localstack.host.cli.{cmd_name}")
        return cast(click.Command, getattr(module, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(name) for name in self.list_commands(ctx))
        limit = formatter.width - 6 - width
        for section in self.sections:
            rows = [(name, self._short_help(ctx, name, limit)) for name in section.names]
            with formatter.section(section.title):
                formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str, limit: int) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit) if command else ""
