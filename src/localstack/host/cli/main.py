"""Entry point of the commands ``localstack`` and ``leanto``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from localstack.host.cli.failure import FailureHook, survive_narrow_encodings
from localstack.host.cli.group import LazyGroup, Section
from localstack.host.errors import LeantoError

_PROFILE_OPTION = "--profile"


class Cli(LazyGroup):
    sections = (
        Section("Commands", ("start", "stop", "restart", "wait", "status", "logs", "config", "completion")),
        Section("Advanced", ("extensions", "auth", "license", "login", "logout")),
    )


def _print_version(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    if not is_asked or ctx.resilient_parsing:
        return
    from localstack.host.version import LOCALSTACK_VERSION, leanto_version  # reads installed metadata: not quick

    click.echo(f"LocalStack CLI {LOCALSTACK_VERSION}\nLeanto {leanto_version()}")
    ctx.exit()


@click.group(
    cls=Cli,
    help="Run LocalStack extensions beside an AWS emulation, on one port of this machine.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option(
    "-v",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
@click.option("-d", "--debug", is_flag=True, help="Log more, and show a traceback when a command fails.")
@click.option("-p", _PROFILE_OPTION, metavar="NAME", help="Read the settings of ~/.localstack/NAME.env.")
@click.pass_obj
def cli(failures: FailureHook, debug: bool, profile: str | None) -> None:
    if profile is not None:
        os.environ["CONFIG_PROFILE"] = profile
    if debug:
        os.environ["DEBUG"] = "1"
        failures.shows_traceback = True


def split_profile(arguments: list[str]) -> tuple[list[str], str | None]:
    """Take ``--profile NAME`` or ``--profile=NAME`` out from wherever it stands before a ``--``.

    >>> split_profile(["start", "--profile", "dev", "-d"])
    (['start', '-d'], 'dev')

    :raises click.UsageError: when the name is missing
    """
    rest: list[str] = []
    profile: str | None = None
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            return [*rest, argument, *remaining], profile
        if argument == _PROFILE_OPTION:
            profile = next(remaining, "")
        elif argument.startswith(f"{_PROFILE_OPTION}="):
            profile = argument.partition("=")[2]
        else:
            rest.append(argument)
    if profile == "":
        raise click.UsageError(f"Option '{_PROFILE_OPTION}' requires an argument.")
    return rest, profile


def replace_closed_streams() -> None:
    """Give a standard stream that this process has not got the null device, also so that no socket gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - open as long as the process


def main() -> None:
    """Run the command of ``sys.argv``; ends by ``SystemExit``: 0, 2 for wrong usage, 1 or what a failure says."""
    replace_closed_streams()
    survive_narrow_encodings()
    failures = FailureHook()
    sys.excepthook = failures
    try:
        arguments, profile = split_profile(sys.argv[1:])
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    if profile is not None:
        os.environ["CONFIG_PROFILE"] = profile
    try:
        cli.main(arguments, prog_name="localstack", obj=failures)
    except LeantoError as error:
        failures(type(error), error, error.__traceback__)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
