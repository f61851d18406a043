"""All benchmarks in one command.

    python -m benchmarks [--rounds N] [--seconds N] [--cases NAME …] [--servers NAME …] [--write]

Prints the tables as they stand in docs/performance.md and leaves the picture under build/; ``--write`` puts both into
docs/. Nothing else should be busy on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks import gateway, load, picture, startup
from benchmarks.cases import AWS_CASES, CASES, Case
from benchmarks.load import Client
from benchmarks.peers import ENVIRONMENTS, ROOT, Kind, NotInstalledError, install
from benchmarks.servers import BenchmarkError

START = "start"
PICTURE = "gateway-benchmark.svg"
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    cases = tuple(case for case in (*CASES, *AWS_CASES) if is_selected(case.name, options.cases))
    if options.client == Client.WRK.value and cases and not load.has_wrk():
        sys.stderr.write(f"not run: {load.HOW_TO_GET_WRK}\n")
        return 1
    try:
        report, drawing = measure(options, cases)
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(report + "\n")
    if options.write:
        write_document(report)
    if drawing:
        target = DOCUMENT.parent / PICTURE if options.write else options.picture
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(drawing)
        sys.stdout.write(f"\nPicture: {target}\n")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; every name may have ``*`` and ``?``."""
    names = [START, *(case.name for case in (*CASES, *AWS_CASES))]
    servers = [kind.value for kind in Kind]
    clients = [client.value for client in Client]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The platform beside its peers.")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="how often all is measured (5)")
    parser.add_argument("--seconds", type=positive, default=1, metavar="N", help="how long each run takes (1)")
    parser.add_argument("--cases", nargs="+", default=["*"], metavar="NAME", help=f"only {in_words(names)}")
    parser.add_argument(
        "--servers", nargs="+", default=["*"], metavar="NAME", help=f"only leanto and {in_words(servers)}"
    )
    parser.add_argument("--client", choices=clients, default="wrk", help="python is too slow to measure with")
    parser.add_argument("--localstack-python", metavar="PATH", help="the Python 3.13 that localstack-core needs")
    parser.add_argument("--picture", type=Path, metavar="PATH", default=ENVIRONMENTS / PICTURE, help="where it goes")
    parser.add_argument("--write", action="store_true", help="put the tables and the picture into docs/")
    options = parser.parse_args(arguments)
    for what, known, patterns in (("case", names, options.cases), ("server", servers, options.servers)):
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                parser.error(f"no {what} is called {pattern}; there are {in_words(known)}")
    return options


def in_words(names: list[str]) -> str:
    return ", ".join(names)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def is_selected(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def measure(options: argparse.Namespace, cases: tuple[Case, ...]) -> tuple[str, str | None]:
    """The report and, where requests were measured, the picture.

    :raises BenchmarkError: when a server or the client breaks down
    """
    conditions = conditions_of(options)
    starts = is_selected(START, options.cases)
    kinds = {kind for case in cases for kind in case.kinds} | set(startup.KINDS if starts else ())
    left_out = {kind for kind in kinds if kind is not Kind.LEANTO and not is_selected(kind.value, options.servers)}
    not_run = dict.fromkeys(left_out, "not asked for") | install_all(kinds - left_out, options.localstack_python)
    tables, drawing = [], None
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if starts:
            tables.append(startup.table(startup.collect(options.rounds, scratch, not_run)))
        if cases:
            client = Client(options.client)
            results = gateway.collect(cases, client, options.rounds, options.seconds, scratch, not_run)
            routes, calls = results.of(CASES), results.of(AWS_CASES)
            if routes.cases:
                tables += [gateway.goals_table(routes), gateway.rates_table(routes)]
                drawing = picture.draw(routes, conditions)
            if calls.cases:
                tables.append(gateway.aws_table(calls))
            tables.append(gateway.memory_table(results))
    reasons = [f"- not run: {kind.value}: {reason}" for kind, reason in not_run.items()]
    parts = [conditions, "\n".join(reasons), *(table.markdown() for table in tables)]
    return "\n\n".join(filter(None, parts)), drawing


def install_all(kinds: set[Kind], localstack_python: str | None) -> dict[Kind, str]:
    """Those that can't be had here, with the reason."""
    not_run = {}
    for kind in kinds:
        try:
            install(kind, localstack_python)
        except NotInstalledError as error:
            not_run[kind] = str(error)
    return not_run


def conditions_of(options: argparse.Namespace) -> str:
    """When, where and how, e.g. ``"2026-11-21, Python 3.11.7, Linux x86_64, 2 cores, …"``."""
    return (
        f"{date.today()}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}, {options.client}, "
        f"rounds: {options.rounds}, seconds each: {options.seconds}, median (lowest–highest)"
    )


def write_document(report: str) -> None:
    """Replace what stands between the two marks."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
