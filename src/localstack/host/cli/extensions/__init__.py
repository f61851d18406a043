"""``localstack extensions``: the installed extensions of a volume, and ``dev`` for those that are being written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from localstack.host.cli.extensions.result import ResultFormat, format_option, output, result_options, verbose_option
from localstack.host.cli.group import DocumentedGroup, short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.environment.installed import InstalledExtension

_UNBOUNDED_WIDTH = 10_000


class _ExtensionsGroup(DocumentedGroup):
    documented = frozenset({"dev", "init", "install", "list", "uninstall"})
    elsewhere: ClassVar[Mapping[str, str]] = {
        "check": "localstack.host.cli.extensions.check",
        "dev": "localstack.host.cli.extensions.dev",
        "doctor": "localstack.host.cli.extensions.doctor",
        "generations": "localstack.host.cli.extensions.history",
        "rollback": "localstack.host.cli.extensions.history",
        "bundle": "localstack.host.cli.extensions.sync",
        "export": "localstack.host.cli.extensions.sync",
        "sync": "localstack.host.cli.extensions.sync",
        "upgrade": "localstack.host.cli.extensions.sync",
    }


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
