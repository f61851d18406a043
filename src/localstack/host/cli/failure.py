"""How a command that fails says so: one line on stderr and a hint, a traceback only for who asked for it."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from types import TracebackType

import click

from localstack.host.errors import LeantoError, named

ERROR_PREFIX = "❌ Error: "
HINT_PREFIX = "   Hint: "


@dataclass
class FailureHook:
    """The command line's ``sys.excepthook``: Python calls it with what no code caught and then exits with code 1."""

    shows_traceback: bool = False

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            return
        if self.shows_traceback:
            traceback.print_exception(kind, error, trace)
        print_failure(error)


def print_failure(error: BaseException) -> None:
    """Write ``❌ Error: <message>`` (red on a terminal) and the hint, if there is one, to stderr."""
    from localstack.host.missing_names import MissingModuleError, MissingNameError  # only a failure needs it

    match error:
        case LeantoError():
            message, hint = error.message, error.hint
        case OSError() | MissingModuleError() | MissingNameError():
            message, hint = str(error), None
        case _:
            message, hint = named(error), f"this is a bug{_in_extension(error)}; localstack --debug … shows where"
    click.secho(ERROR_PREFIX + message, fg="red", err=True)
    if hint:
        click.echo(HINT_PREFIX + hint, err=True)


def _in_extension(error: BaseException) -> str:
    """``" of an extension (my_package/commands.py:12)"``, the innermost line of what is installed; else ``""``."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        _, is_installed, rest = frame.filename.partition("/extensions/generations/")
        if is_installed:
            return f" of an extension ({rest.partition('/site-packages/')[2]}:{frame.lineno})"
    return ""


def survive_narrow_encodings() -> None:
    """Let a terminal or pipe that can't show an emoji get ``?`` in its place instead of failing the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a closed stream is None
        if reconfigure is not None:
            reconfigure(errors="replace")
