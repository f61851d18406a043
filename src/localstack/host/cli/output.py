"""What commands with ``-f/--format`` print: a table for people, ``plain``, ``dict`` and ``json`` for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

import click

Entries = Mapping[str, object]
"""Names and values, e.g. ``{"s3": "available"}``; the values are what JSON knows."""

_Command = TypeVar("_Command", bound=Callable[..., object])
_UNBOUNDED_WIDTH = 10_000


class OutputFormat(StrEnum):
    TABLE = "table"
    PLAIN = "plain"
    DICT = "dict"
    JSON = "json"


def format_option(command: _Command) -> _Command:
    """Give a command the option ``-f/--format``; it gets an ``OutputFormat`` as ``output_format``."""
    return choice_of_format("output_format", OutputFormat, OutputFormat.TABLE, "How to print it.")(command)


def choice_of_format(
    parameter: str, formats: type[StrEnum], default: StrEnum, help_text: str
) -> Callable[[_Command], _Command]:
    """The option ``-f/--format`` with the formats that a command has.

    :param parameter: the name under which the command gets its choice
    """
    return click.option(
        "-f",
        "--format",
        parameter,
        type=click.Choice([str(entry) for entry in formats]),
        callback=lambda _ctx, _param, value: formats(value),
        default=str(default),
        help=help_text,
    )


def print_entries(entries: Entries, output_format: OutputFormat, table: Callable[[Entries], None]) -> None:
    """Print ``entries`` as asked: ``table`` for people, one unwrapped line each or one document for programs."""
    match output_format:
        case OutputFormat.TABLE:
            table(entries)
        case OutputFormat.PLAIN:
            for name, value in entries.items():
                click.echo(f"{name}={plain(value)}")
        case OutputFormat.DICT:
            click.echo(repr(dict(entries)))
        case OutputFormat.JSON:
            click.echo(json.dumps(dict(entries)))


def plain(value: object) -> str:
    """A value on one line: ``true``/``false``, lists with commas, nothing for ``None``."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ",".join(plain(part) for part in value)
        case _:
            return str(value)


def print_table(headings: tuple[str, str], rows: list[tuple[str, str, str | None]]) -> None:
    """Print two columns; a row is name, value and the value's colour (a rich style) or ``None``.

    A pipe gets the width that the rows need, a terminal its own.
    """
    from rich.console import Console  # costs as much as the rest of a command: only for a table
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for name, value, colour in rows:
        table.add_row(Text(name), Text(value, style=colour or ""))
    Console(width=None if sys.stdout.isatty() else _UNBOUNDED_WIDTH).print(table)
