"""``localstack extensions doctor``: what is wrong with the installed extensions, and its repair."""

from __future__ import annotations

from dataclasses import asdict

import click

from localstack.host.cli.extensions.result import ResultFormat, output, result_options
from localstack.host.cli.group import short_help_option
from localstack.host.errors import UnhealthyError
from localstack.host.settings import Settings


@click.command(help="Find what is wrong with the installed extensions, and repair it where asked.")
@click.option("--fix", is_flag=True, help="Repair what can be repaired")
@result_options
@short_help_option
def doctor(fix: bool, verbose: bool, result_format: ResultFormat) -> None:
    from localstack.host.environment.diagnosis import Repair
    from localstack.host.environment.doctor import Doctor

    with output("doctor", result_format, verbose) as out:
        one = Doctor(Settings.load(), out.reporter)
        found = one.diagnose()
        if not found:
            out.say("nothing is wrong")
            return
        out.result.problems = [{**asdict(problem), "is_repaired": False} for problem in found]
        for problem in found:
            out.say(f"{problem.kind}: {problem.message}")
            out.say(f"  {'repair' if problem.repair is not Repair.NONE else 'hint'}: {problem.repair or problem.hint}")
        if not fix:
            hint = "localstack extensions doctor --fix repairs them"
            can_be_mended = any(problem.repair is not Repair.NONE for problem in found)
            raise UnhealthyError(_count(len(found)), hint if can_be_mended else found[0].hint)
        remaining, change = one.treat(found)
        out.finish(change)
        for entry, problem in zip(out.result.problems, found, strict=True):
            entry["is_repaired"] = problem not in remaining
        if remaining:
            raise UnhealthyError(f"{remaining[0].message}; {_count(len(remaining))}", remaining[0].hint or None)
        out.say(f"repaired: {_count(len(found))}")


def _count(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"
