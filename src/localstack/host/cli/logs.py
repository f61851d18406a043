"""``localstack logs``: what a platform in the background has printed."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import BinaryIO

import click

from localstack.host.errors import PlatformError
from localstack.host.process import PlatformRecord, RecordFile, attempts, log_file
from localstack.host.settings import Settings


@click.command(short_help="Show the log of the platform.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the platform ends or Ctrl-C.")
@click.option("-n", "--tail", type=click.IntRange(min=0), metavar="N", help="Show only the last N lines.")
def logs(follow: bool, tail: int | None) -> None:
    """Show the log of a platform that was started with `start -d`.

    When it does not run any more, what is left of its log is shown and the exit code is 1.
    """
    settings = Settings.load()
    record = RecordFile(settings).read()
    if record is None:
        raise _print_previous(log_file(settings), tail)
    if record.log_file is None:
        raise PlatformError(
            f"the platform, process {record.pid}, runs in the foreground: its log is in its own terminal, in no file",
            "start it with: localstack start -d",
        )
    with _open(record.log_file) as log:
        if follow:
            _follow(log, record, tail)
        else:
            _print_lines(log, tail)


def _print_previous(log: Path, tail: int | None) -> PlatformError:
    """Print what the last platform left; returns the error that the command ends with."""
    if not log.exists():
        return PlatformError("localstack container not running", "start it with: localstack start")
    click.echo(f"localstack container not running, this is the log of the last one: {log}", err=True)
    with _open(log) as previous:
        _print_lines(previous, tail)
    return PlatformError("localstack container not running")


def _open(log: Path) -> BinaryIO:
    try:
        return log.open("rb")
    except OSError as error:
        raise PlatformError(f"{log} can't be read: {error.strerror}") from error


def _print_lines(log: BinaryIO, tail: int | None) -> None:
    """Print the file's lines, all or the last ``tail``, as the bytes they are."""
    for line in log if tail is None else deque(log, maxlen=tail):
        click.echo(line, nl=False)


def _follow(log: BinaryIO, record: PlatformRecord, tail: int | None) -> None:
    """Print the log and what is added until the process is gone and all it wrote is printed; Ctrl-C is a normal end."""
    try:
        _print_lines(log, tail)
        for _ in attempts(None):
            is_alive = record.is_alive()  # asked before reading: what was written up to the end is then read too
            _print_lines(log, None)
            if not is_alive:
                return
    except KeyboardInterrupt:
        click.echo()
