"""``localstack extensions``: the installed extensions of a volume, and ``dev`` for those that are being written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from localstack.host.cli.group import short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.environment.environment import ExtensionEnvironment, InstallOutcome
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.environment.installed import InstalledExtension

_Command = TypeVar("_Command", bound=Callable[..., object])
_DEV = "dev"
_UNBOUNDED_WIDTH = 10_000
_RESTART = "Restart LocalStack for the change to take effect: localstack restart"


def _verbose_option(command: _Command) -> _Command:
    return click.option("-v", "--verbose", is_flag=True, help="Print more output")(command)


class _ExtensionsGroup(click.Group):
    """Its commands, and ``dev``, which is imported only when it is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, _DEV])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != _DEV:
            return super().get_command(ctx, cmd_name)
        from localstack.host.cli.extensions_dev import dev

        return dev

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write ``--help`` first and in a column of its own, to the letter of LocalStack's documentation."""
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            for record in sorted(records, key=lambda one: one[0] != "--help"):
                formatter.write_dl([record])
        self.format_commands(ctx, formatter)


@click.group(
    cls=_ExtensionsGroup,
    help="Manage LocalStack extensions (beta)",
    context_settings={"help_option_names": ["--help"], "show_default": False},
)
@_verbose_option
@short_help_option
def extensions(verbose: bool) -> None:
    pass


@extensions.command(help="Initialize the LocalStack extensions environment")
@short_help_option
def init() -> None:
    settings = Settings.load()
    is_new = ExtensionEnvironment(settings).initialise()
    click.echo(f"Extensions environment {'created' if is_new else 'is ready'} in {settings.extensions_dir}")


@extensions.command(help="Install a LocalStack extension")
@click.argument("name")
@_verbose_option
@short_help_option
@click.pass_context
def install(ctx: click.Context, name: str, verbose: bool) -> None:
    environment = ExtensionEnvironment(Settings.load())
    is_verbose = verbose or _is_group_verbose(ctx)
    with _reporting(is_verbose) as report:
        result = environment.install(name, working_directory(), report, is_verbose)
    if result.outcome is InstallOutcome.INSTALLED:
        click.echo(_RESTART)


@extensions.command(name="list", help="List installed extension.")
@short_help_option
def list_installed() -> None:
    found = ExtensionEnvironment(Settings.load()).installed()
    if found:
        _print_table(found)
    else:
        click.echo("no extensions installed")


@extensions.command(help="Remove a LocalStack extension")
@click.argument("name")
@_verbose_option
@short_help_option
@click.pass_context
def uninstall(ctx: click.Context, name: str, verbose: bool) -> None:
    environment = ExtensionEnvironment(Settings.load())
    is_verbose = verbose or _is_group_verbose(ctx)
    with _reporting(is_verbose) as report:
        environment.uninstall(name, report, is_verbose)
    click.echo(_RESTART)


def _is_group_verbose(ctx: click.Context) -> bool:
    return bool(ctx.parent and ctx.parent.params.get("verbose"))


@contextmanager
def _reporting(is_verbose: bool) -> Iterator[Callable[[str], None]]:
    """What prints the lines of an installation; on a terminal a spinner shows that work goes on."""
    if is_verbose or not sys.stdout.isatty():
        yield click.echo
        return
    from rich.console import Console  # costs as much as the rest of a command: only for a terminal

    console = Console(highlight=False, soft_wrap=True)
    with console.status(""):
        yield lambda line: console.print(line, markup=False)


def _print_table(found: tuple[InstalledExtension, ...]) -> None:
    """One line for each extension; a pipe gets the width that the lines need, a terminal its own."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in ("Name", "Summary", "Version", "Author", "Plugin name"):
        table.add_column(heading, overflow="fold")
    for extension in found:
        one = extension.distribution
        cells = (one.name, one.summary, one.version, one.author, extension.name)
        table.add_row(*(Text(" ".join(cell.split())) for cell in cells))
    Console(width=None if sys.stdout.isatty() else _UNBOUNDED_WIDTH).print(table)
