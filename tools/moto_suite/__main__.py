"""moto's own test-suite against the platform and against moto_server, side by side.

    python -m tools.moto_suite [SERVICE …]

Prints how many tests pass at each, and every test that passes at moto_server and not here. The end is good (0) when
``differences.toml`` has a reason for each of those.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servers import BenchmarkError, running, wait_for_health
from tools.moto_suite.suite import CACHE, DEFAULT_SERVICES, FOLDERS, Suite, SuiteError, Target, platform

DIFFERENCES = Path(__file__).with_name("differences.toml")
LOGS = CACHE / "logs"
HEADINGS = ("service", "tests", "pass at moto_server", "pass here", "skipped", "only at moto_server", "only here")

Outcomes = Mapping[str, str]
"""``passed``, ``failed`` or ``skipped`` by test."""


def main(arguments: list[str]) -> int:
    services = parse(arguments)
    try:
        return compare(Suite.fetch(), services)
    except (SuiteError, BenchmarkError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def parse(arguments: list[str]) -> list[str]:
    """The services to test."""
    known, default = ", ".join(FOLDERS), ", ".join(DEFAULT_SERVICES)
    parser = argparse.ArgumentParser(prog="python -m tools.moto_suite", description="moto's test-suite, run here.")
    parser.add_argument("services", nargs="*", metavar="SERVICE", help=f"of {known}; by default {default}")
    services: list[str] = parser.parse_args(arguments).services
    if unknown := [service for service in services if service not in FOLDERS]:
        parser.error(f"no tests are known for {', '.join(unknown)}; choose from {known}")
    return services or list(DEFAULT_SERVICES)


def compare(suite: Suite, services: list[str]) -> int:
    """Run everything and print it; 1 when a difference has no reason."""
    lost: list[str] = []
    show(f"| {' | '.join(HEADINGS)} |\n|---{'|---:' * (len(HEADINGS) - 1)}|")
    for service in services:
        theirs, ours = (outcomes(suite, service, target) for target in (suite.moto_server, platform))
        show(row(service, theirs, ours))
        lost += only_passed(theirs, ours)
    reasons: dict[str, str] = tomllib.loads(DIFFERENCES.read_text())
    for test in sorted(lost):
        show(f"\n{test}\n    {reasons.get(test, 'NO REASON IS KNOWN').strip()}")
    unexplained = len(set(lost) - reasons.keys())
    show(f"\n{len(lost)} tests pass at moto_server only, {unexplained} of them for no known reason. Logs: {LOGS}")
    return 1 if unexplained else 0


def outcomes(suite: Suite, service: str, target_in: Callable[[Path], Target]) -> Outcomes:
    """Start a server for the service alone, run the tests, end it."""
    with TemporaryDirectory(prefix="moto-suite-") as scratch:
        target = target_in(Path(scratch))
        log = LOGS / f"{service}-{target.server.name}.log"
        printed = log.with_suffix(".server.log")
        LOGS.mkdir(parents=True, exist_ok=True)
        printed.write_text("")
        with running(target.server, printed) as process:
            wait_for_health(target.server, process, printed)
            return suite.run(service, target, log)


def row(service: str, theirs: Outcomes, ours: Outcomes) -> str:
    there, here = Counter(theirs.values()), Counter(ours.values())
    lost, gained = only_passed(theirs, ours), only_passed(ours, theirs)
    run = there.total() - there["skipped"]
    cells = (service, run, there["passed"], here["passed"], here["skipped"], len(lost), len(gained))
    return f"| {' | '.join(map(str, cells))} |"


def only_passed(there: Outcomes, here: Outcomes) -> list[str]:
    """The tests that pass there and not here."""
    return [test for test, outcome in there.items() if outcome == "passed" and here.get(test) != "passed"]


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
