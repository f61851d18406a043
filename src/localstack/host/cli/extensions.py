"""``localstack extensions``: the installed extensions of a volume, and ``dev`` for those that are being written."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from localstack.host.cli.extensions_result import ResultFormat, format_option, output, result_options, verbose_option
from localstack.host.cli.group import short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.environment.installed import InstalledExtension

_UNBOUNDED_WIDTH = 10_000

_DOCUMENTED = frozenset({"dev", "init", "install", "list", "uninstall"})

_ELSEWHERE = {
    "check": "localstack.host.cli.extensions_check",
    "dev": "localstack.host.cli.extensions_dev",
    "doctor": "localstack.host.cli.extensions_doctor",
    "generations": "localstack.host.cli.extensions_history",
    "rollback": "localstack.host.cli.extensions_history",
    "bundle": "localstack.host.cli.extensions_sync",
    "export": "localstack.host.cli.extensions_sync",
    "sync": "localstack.host.cli.extensions_sync",
    "upgrade": "localstack.host.cli.extensions_sync",
}
"""Commands in modules of their own, which are imported only when they are used or listed."""


class _ExtensionsGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*self.commands, *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            return cast(click.Command, getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write LocalStack's own commands as its documentation shows them, and Leanto's below."""
        for title, names in (("Commands", _DOCUMENTED), ("More commands", set(self.list_commands(ctx)) - _DOCUMENTED)):
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


@click.group(
    cls=_ExtensionsGroup,
    help="Manage LocalStack extensions (beta)",
    context_settings={"help_option_names": ["--help"], "show_default": False},
)
@verbose_option
@short_help_option
def extensions(verbose: bool) -> None:
    pass


@extensions.command(help="Initialize the LocalStack extensions environment")
@format_option
@short_help_option
def init(result_format: ResultFormat) -> None:
    with output("init", result_format) as out:
        settings = Settings.load()
        environment = ExtensionEnvironment(settings)
        is_new = environment.initialise(out.reporter)
        out.result.outcome = "changed" if is_new else "unchanged"
        current = environment.generations.current()
        out.result.generation = current.number if current else None
        out.say(f"Extensions environment {'created' if is_new else 'is ready'} in {settings.extensions_dir}")


@extensions.command(help="Install a LocalStack extension")
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be installed, and change nothing")
@click.option(
    "--offline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Install all that a bundle has instead of NAME, without an index",
)
@result_options
@short_help_option
def install(name: str | None, dry_run: bool, offline: Path | None, verbose: bool, result_format: ResultFormat) -> None:
    if (name is None) == (offline is None):
        raise click.UsageError("give the NAME of an extension, or --offline FILE")
    with output("install", result_format, verbose) as out:
        environment, directory = ExtensionEnvironment(Settings.load()), working_directory()
        if offline is not None:
            result = environment.install_bundle(directory / offline, out.reporter, is_dry_run=dry_run)
            out.finish(result, unchanged=f"All of {offline} is installed")
        elif name is not None:
            out.finish(environment.install(name, directory, out.reporter, is_dry_run=dry_run))


@extensions.command(name="list", help="List installed extension.")
@format_option
@short_help_option
def list_installed(result_format: ResultFormat) -> None:
    with output("list", result_format) as out:
        found = ExtensionEnvironment(Settings.load()).installed()
        out.result.add_extensions(found)
        if found and result_format is ResultFormat.TEXT:
            _print_table(found)
        elif not found:
            out.say("no extensions installed")
        out.add_complaints()


@extensions.command(help="Remove a LocalStack extension")
@click.argument("name")
@result_options
@short_help_option
def uninstall(name: str, verbose: bool, result_format: ResultFormat) -> None:
    with output("uninstall", result_format, verbose) as out:
        out.finish(ExtensionEnvironment(Settings.load()).uninstall(name, out.reporter))


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
