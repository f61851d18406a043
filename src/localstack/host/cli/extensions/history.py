"""``localstack extensions generations`` and ``rollback``: the sets of extensions that there were, and back to one."""

from __future__ import annotations

from dataclasses import asdict

import click

from localstack.host.cli.extensions.result import ResultFormat, format_option, output, result_options
from localstack.host.cli.group import short_help_option
from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.settings import Settings


@click.command(help="List the sets of extensions that can be gone back to.")
@format_option
@short_help_option
def generations(result_format: ResultFormat) -> None:
    with output("generations", result_format) as out:
        entries = ExtensionEnvironment(Settings.load()).history()
        for entry in entries:
            out.result.generations.append(asdict(entry))
            mark = "*" if entry.is_current else " "
            out.say(f"{mark} {entry.number:>3}  {entry.made_at}  {entry.action}: {', '.join(entry.extensions) or '-'}")
        if not entries:
            out.say("no extensions were ever installed")


@click.command(help="Go back to an earlier set of extensions: the one before, or NUMBER.")
@click.argument("number", type=click.IntRange(min=1), required=False)
@result_options
@short_help_option
def rollback(number: int | None, verbose: bool, result_format: ResultFormat) -> None:
    with output("rollback", result_format, verbose) as out:
        result = ExtensionEnvironment(Settings.load()).rollback(number, out.reporter)
        out.say(f"Generation {result.generation} is in force")
        out.finish(result)
