"""Click groups that import a command's module only when the command is used or its help is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, TypeVar, cast

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


class HelpfulGroup(click.Group):
    """A group that says what a mistyped command may have meant, also of commands whose modules are not imported."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches  # only a mistake needs it

            meant = " or ".join(repr(one) for one in get_close_matches(name, self.list_commands(ctx)))
            ctx.fail(f"No such command {name!r}.{f' Did you mean {meant}?' if meant else ''}")
        return super().resolve_command(ctx, args)


class DocumentedGroup(HelpfulGroup):
    """A group whose help shows LocalStack's own commands as its documentation does, and Leanto's below.

    :cvar documented: names of LocalStack's own
    :cvar elsewhere: modules of the commands that are imported only when they are used or listed
    """

    documented: ClassVar[frozenset[str]] = frozenset()
    elsewhere: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *self.elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.elsewhere:
            return cast(click.Command, getattr(import_module(self.elsewhere[cmd_name]), cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        more = set(self.list_commands(ctx)) - self.documented
        for title, names in (("Commands", self.documented), ("More commands", more)):
            commands = [(name, self.get_command(ctx, name)) for name in sorted(names)]
            limit = formatter.width - 6 - max(len(name) for name in names)
            with formatter.section(title):
                formatter.write_dl([(name, one.get_short_help_str(limit)) for name, one in commands if one])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write ``--help`` first and in a column of its own, to the letter of LocalStack's documentation."""
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            for record in sorted(records, key=lambda one: one[0] != "--help"):
                formatter.write_dl([record])
        self.format_commands(ctx, formatter)


class LazyGroup(HelpfulGroup):
    """The root of the command line; ``sections`` name its commands in the order of the help.

    Extensions may add others. They are looked for when the help is shown, or a command that no section has is used.
    """

    sections: tuple[Section, ...] = ()
    _has_plugins = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_plugins()
        return [*self._own_names, *sorted(self.commands)]

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """The command; plug-ins ask without a context."""
        if cmd_name in self._own_names:
            module = import_module(f"localstack.host.cli.{cmd_name}")
            return cast(click.Command, getattr(module, cmd_name))
        self._add_plugins()
        return self.commands.get(cmd_name)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """:raises ValueError: when the name is that of a command of a section"""
        if (name or cmd.name) in self._own_names:
            raise ValueError(f"`localstack {name or cmd.name}` is there already: the command needs another name")
        super().add_command(cmd, name)

    @property
    def _own_names(self) -> list[str]:
        return [name for section in self.sections for name in section.names]

    def _add_plugins(self) -> None:
        if self._has_plugins:
            return
        self._has_plugins = True  # first: they ask for commands, too
        from localstack.host.cli.plugins import attach_plugins

        attach_plugins(self)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(name) for name in self.list_commands(ctx))
        limit = formatter.width - 6 - width
        added = Section("Commands of extensions", tuple(sorted(self.commands)))
        for section in (*self.sections, *([added] if added.names else [])):
            rows = [(name, self._short_help(ctx, name, limit)) for name in section.names]
            with formatter.section(section.title):
                formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str, limit: int) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit) if command else ""
