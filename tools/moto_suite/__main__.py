"""moto's own test-suite against the platform and against moto_server, side by side.

    python -m tools.moto_suite [SERVICE …] [--only leanto|moto_server]

Prints how many tests pass at each, and every test that passes at moto_server and not here. The end is good (0) when
``differences.toml`` has a reason for each of those.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.servers import BenchmarkError, running, wait_for_health
from tools.moto_suite.suite import CACHE, FOLDERS, Suite, SuiteError, Target, platform

DIFFERENCES = Path(__file__).with_name("differences.toml")
Outcomes = Mapping[str, str]


def main(arguments: list[str]) -> int:
    services = parse(arguments)
    try:
        suite = Suite.fetch()
        return compare(suite, services)
    except (SuiteError, BenchmarkError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def parse(arguments: list[str]) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m tools.moto_suite", description="moto's test-suite, run here.")
    parser.add_argument("services", nargs="*", metavar="SERVICE", help=f"of {', '.join(FOLDERS)}; all by default")
    services: list[str] = parser.parse_args(arguments).services or list(FOLDERS)
    if unknown := [service for service in services if service not in FOLDERS]:
        parser.error(f"no tests are known for {', '.join(unknown)}; choose from {', '.join(FOLDERS)}")
    return services


def compare(suite: Suite, services: list[str]) -> int:
    reasons = tomllib.loads(DIFFERENCES.read_text())
    unexplained = 0
    _print("| service | tests | moto_server | leanto | skipped | only at moto_server | only here |")
    _print("|---|---:|---:|---:|---:|---:|---:|")
    lost: list[str] = []
    for service in services:
        theirs, ours = outcomes(suite, service, moto=True), outcomes(suite, service, moto=False)
        _print(row(service, theirs, ours))
        lost += only_passed(theirs, ours)
    for test in sorted(lost):
        _print(f"\n{test}\n    {reasons.get(test, 'UNEXPLAINED')}")
        unexplained += test not in reasons
    _print(
        f"\n{len(lost)} tests pass at moto_server only, {unexplained} of them without a reason. Logs: {CACHE / 'logs'}"
    )
    return 1 if unexplained else 0


def outcomes(suite: Suite, service: str, *, moto: bool) -> Outcomes:
    """Start a server of its own for the service, run the tests, end it."""
    name = f"{service}-{'moto_server' if moto else 'leanto'}"
    scratch, log = CACHE / "scratch" / name, CACHE / "logs" / f"{name}.log"
    for folder in (scratch, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    target: Target = suite.moto_server(scratch) if moto else platform(scratch)
    printed = log.with_suffix(".server.log")
    with running(target.server, printed) as process:
        wait_for_health(target.server, process, printed)
        return suite.run(service, target, log)


def row(service: str, theirs: Outcomes, ours: Outcomes) -> str:
    there, here = Counter(theirs.values()), Counter(ours.values())
    cells = (
        service,
        there.total() - there["skipped"],
        there["passed"],
        here["passed"],
        here["skipped"],
        len(only_passed(theirs, ours)),
        len(only_passed(ours, theirs)),
    )
    return f"| {' | '.join(map(str, cells))} |"


def only_passed(there: Outcomes, here: Outcomes) -> list[str]:
    """The tests that pass there and not here."""
    return [test for test, outcome in there.items() if outcome == "passed" and here.get(test) != "passed"]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
