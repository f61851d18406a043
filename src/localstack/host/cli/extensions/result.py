"""How commands about installed extensions say what they did: lines for people, or one JSON document.

    {"version": 1, "command": "install", "status": "ok", "outcome": "changed", "generation": 7, "generation_before": 6,
     "plan": {"added": [...], "changed": [], "removed": [], "provided": [...]}, "extensions": [...],
     "generations": [], "checks": [], "problems": [], "notes": [], "exported": null, "error": null}

After a failure ``status`` is ``"error"`` and ``error`` has ``code``, ``message`` and ``hint``; the other keys are there
too, so that who reads it need not ask which are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import click

from localstack.host.cli.output import choice_of_format
from localstack.host.environment.progress import Reporter
from localstack.host.errors import LeantoError, VolumeError
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.cli.live import RunningPlatform
    from localstack.host.environment.change import ChangeResult
    from localstack.host.environment.installed import InstalledExtension

RESULT_VERSION = 1
_NOTE = "Note: "
_NOTEWORTHY = (_NOTE, "Restart needed: ", "Running platform: ")
"""What lines begin with that a program gets to see, too."""

_Command = TypeVar("_Command", bound=Callable[..., object])


class ResultFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def result_options(command: _Command) -> _Command:
    """Give a command ``-v/--verbose`` and ``-f/--format``."""
    return verbose_option(format_option(command))


def verbose_option(command: _Command) -> _Command:
    return click.option("-v", "--verbose", is_flag=True, help="Print more output")(command)


def format_option(command: _Command) -> _Command:
    return choice_of_format("result_format", ResultFormat, ResultFormat.TEXT, "How to print the result.")(command)


@dataclass
class Result:
    """What a command has to say in the end; commands fill it in."""

    outcome: str | None = None
    generation: int | None = None
    generation_before: int | None = None
    plan: dict[str, object] | None = None
    extensions: list[dict[str, object]] = field(default_factory=list)
    generations: list[dict[str, object]] = field(default_factory=list)
    checks: list[dict[str, object]] = field(default_factory=list)
    problems: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exported: str | None = None

    def add(self, change: ChangeResult) -> None:
        self.outcome = change.outcome.value
        self.generation, self.generation_before = change.generation, change.generation_before
        self.plan = change.plan.as_json() if change.plan else None
        self.add_extensions(change.extensions)

    def add_extensions(self, extensions: Sequence[InstalledExtension]) -> None:
        for extension in extensions:
            entry = {"name": extension.name, "entry_point": extension.entry_point}
            self.extensions.append({**entry, "distribution": asdict(extension.distribution)})


@dataclass(frozen=True)
class Output:
    """What a command prints to. ``result`` is printed in the end where the format is JSON."""

    format: ResultFormat
    result: Result
    reporter: Reporter

    def say(self, line: str) -> None:
        """Print a line for people."""
        if self.format is ResultFormat.TEXT:
            click.echo(line)

    def finish(self, change: ChangeResult, unchanged: str = "") -> None:
        """Say what ``change`` came to; the running platform takes it over where it can.

        :param unchanged: what to say when there was nothing to do
        """
        from localstack.host.environment.change import Outcome

        self.result.add(change)
        if change.outcome is Outcome.CHANGED:
            from localstack.host.cli.live import taken_over

            for line in taken_over(Settings.load()):
                self.reporter.line(line)
        elif change.outcome is Outcome.PLANNED:
            self.say("Nothing was changed, because of --dry-run")
        elif unchanged:
            self.say(unchanged)

    def add_complaints(self) -> None:
        """Say what the running platform has to complain of extensions."""
        platform = _running_platform()
        for line in platform.complaints() if platform is not None else ():
            self.reporter.line(line)


@contextmanager
def output(command: str, result_format: ResultFormat, verbose: bool = False) -> Iterator[Output]:
    """What ``command`` prints to; with JSON it prints the one document, after a failure as well."""
    is_verbose = verbose or _is_group_verbose()
    result = Result()
    if result_format is ResultFormat.TEXT:
        with _reporting(is_verbose) as reporter:
            yield Output(result_format, result, _warning(reporter))
        return

    def note(line: str) -> None:
        if line.startswith(_NOTEWORTHY):
            result.notes.append(line.removeprefix(_NOTE))

    try:
        yield Output(result_format, result, _warning(Reporter(note)))
    except (LeantoError, OSError) as failure:
        error = failure if isinstance(failure, LeantoError) else VolumeError(str(failure))
        _print_json(command, result, {"code": error.code, "message": error.message, "hint": error.hint})
        sys.exit(error.exit_code)
    _print_json(command, result, None)


def _running_platform() -> RunningPlatform | None:
    from localstack.host.cli.live import RunningPlatform  # not every command needs it

    return RunningPlatform.of(Settings.load())


def _warning(reporter: Reporter) -> Reporter:
    """Before a switch the running platform is asked what it can't take over."""

    def warn(generation: str) -> None:
        platform = _running_platform()
        for line in platform.warnings(generation) if platform is not None else ():
            reporter.line(line)

    return replace(reporter, before_switch=warn)


def _print_json(command: str, result: Result, error: dict[str, object] | None) -> None:
    heading = {"version": RESULT_VERSION, "command": command, "status": "error" if error else "ok"}
    click.echo(json.dumps({**heading, **asdict(result), "error": error}))


def _is_group_verbose() -> bool:
    parent = click.get_current_context().parent
    return bool(parent and parent.params.get("verbose"))


@contextmanager
def _reporting(is_verbose: bool) -> Iterator[Reporter]:
    """Prints the lines of a change; on a terminal a spinner shows the step that it is at."""
    if is_verbose or not sys.stdout.isatty():
        yield Reporter(click.echo, detail=click.echo if is_verbose else None)
        return
    from rich.console import Console  # costs as much as the rest of a command: only for a terminal
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    with console.status("") as status:
        yield Reporter(line=lambda line: console.print(line, markup=False), step=lambda step: status.update(Text(step)))
