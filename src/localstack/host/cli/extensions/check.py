"""``localstack extensions check``: whether an extension finds on this host what it uses."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from localstack.host.cli.extensions.result import Output, ResultFormat, format_option, output
from localstack.host.cli.group import short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.errors import IncompatibleError
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.environment.compatibility import Compatibility


@click.command(help="Tell whether this host has what an extension uses, before it is installed. Nothing of it is run.")
@click.argument("name")
@format_option
@short_help_option
def check(name: str, result_format: ResultFormat) -> None:
    from localstack.host.environment.compatibility import Colour
    from localstack.host.environment.environment import ExtensionEnvironment

    with output("check", result_format) as out:
        settings = Settings.load()
        compatibility = ExtensionEnvironment(settings).check(name, working_directory())
        out.result.checks.append(_as_json(compatibility))
        _print(out, compatibility)
        if compatibility.colour is Colour.RED:
            count = sum(finding.colour is Colour.RED for finding in compatibility.findings)
            raise IncompatibleError(
                f"{compatibility.distribution} {compatibility.version} can't be loaded by this host: "
                f"{count} {'name is' if count == 1 else 'names are'} missing",
                "look for another version of it; docs/contract.md has what this host offers",
            )


def _print(out: Output, compatibility: Compatibility) -> None:
    out.say(compatibility.sentence)
    if not compatibility.is_extension:
        out.say("  note   it brings no extension itself: it has no entry point in the group localstack.extensions")
    for finding in compatibility.findings:
        out.say(f"  {finding.colour.value:<5}  {finding}")
    for note in compatibility.notes:
        out.say(f"  note   {note}")


def _as_json(compatibility: Compatibility) -> dict[str, object]:
    return {**asdict(compatibility), "colour": compatibility.colour}
