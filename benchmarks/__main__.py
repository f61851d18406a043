"""All benchmarks in one command.

    python -m benchmarks [--rounds N] [--seconds N] [--cases NAME …] [--servers NAME …] [--write]

Prints the tables as they stand in docs/performance.md and leaves the picture under build/; ``--write`` puts both into
docs/, where what was not measured stays as it is. Nothing else should be busy on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks import document, gateway, installing, load, picture, reload, startup
from benchmarks.cases import AWS_CASES, CASES, Case
from benchmarks.document import Part
from benchmarks.load import Client
from benchmarks.peers import ENVIRONMENTS, ROOT, Kind, NotInstalledError, install
from benchmarks.report import Table
from benchmarks.servers import BenchmarkError

START = "start"
INSTALL = "install"
RELOAD = "reload"
PICTURE = "gateway-benchmark.svg"
DOCUMENT = ROOT / "docs" / "performance.md"


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    cases = tuple(case for case in (*CASES, *AWS_CASES) if is_selected(case.name, options.cases))
    if options.client == Client.WRK.value and cases and not load.has_wrk():
        sys.stderr.write(f"not run: {load.HOW_TO_GET_WRK}\n")
        return 1
    try:
        if options.write:
            document.check(options.document, parts_of(options, cases))
        reports, drawing = measure(options, cases)
        sys.stdout.write("\n\n".join(reports.values()) + "\n")
        if options.write:
            document.write(options.document, reports)
    except BenchmarkError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if drawing:
        target = options.document.parent / PICTURE if options.write else options.picture
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(drawing)
        sys.stdout.write(f"\nPicture: {target}\n")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; every name may have ``*`` and ``?``."""
    names = [START, INSTALL, RELOAD, *(case.name for case in (*CASES, *AWS_CASES))]
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
    parser.add_argument("--write", action="store_true", help="put the tables and the picture into the document")
    parser.add_argument("--document", type=Path, metavar="PATH", default=DOCUMENT, help="where --write puts them")
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


def parts_of(options: argparse.Namespace, cases: tuple[Case, ...]) -> Iterator[Part]:
    """The parts that the report will have."""
    if is_selected(START, options.cases):
        yield Part.START
    if set(cases) & set(CASES):
        yield Part.GATEWAY
    if set(cases) & set(AWS_CASES):
        yield Part.AWS
    if is_selected(INSTALL, options.cases):
        yield Part.INSTALL
    if is_selected(RELOAD, options.cases):
        yield Part.RELOAD


def measure(options: argparse.Namespace, cases: tuple[Case, ...]) -> tuple[dict[Part, str], str | None]:
    """The report of each part and, where requests were measured, the picture.

    :raises BenchmarkError: when a server or the client breaks down
    """
    conditions = conditions_of(options)
    starts = is_selected(START, options.cases)
    reloads = is_selected(RELOAD, options.cases)
    kinds = {kind for case in cases for kind in case.kinds}
    kinds |= {*(startup.KINDS if starts else ()), *(reload.KINDS if reloads else ())}
    left_out = {kind for kind in kinds if kind is not Kind.LEANTO and not is_selected(kind.value, options.servers)}
    not_run = dict.fromkeys(left_out, "not asked for") | install_all(kinds - left_out, options.localstack_python)
    tables: dict[Part, list[Table]] = {}
    drawing = None
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if starts:
            tables[Part.START] = [startup.table(startup.collect(options.rounds, scratch, not_run))]
        if cases:
            client = Client(options.client)
            results = gateway.collect(cases, client, options.rounds, options.seconds, scratch, not_run)
            routes, calls = results.of(CASES), results.of(AWS_CASES)
            memory = gateway.memory_table(results)
            if routes.cases:
                tables[Part.GATEWAY] = [gateway.goals_table(routes), gateway.rates_table(routes), memory]
                drawing = picture.draw(routes, conditions)
            if calls.cases:
                tables[Part.AWS] = [gateway.aws_table(calls), gateway.aws_costs_table(calls), memory]
        if is_selected(INSTALL, options.cases):
            tables[Part.INSTALL] = [installing.table(installing.collect(options.rounds, scratch / "installing"))]
        if reloads:
            tables[Part.RELOAD] = [reload.table(reload.collect(options.rounds, scratch / "reload", not_run))]
    reasons = "\n".join(f"- not run: {kind.value}: {reason}" for kind, reason in not_run.items())
    reports = {
        part: "\n\n".join(filter(None, [conditions, reasons, *(table.markdown() for table in of_part)]))
        for part, of_part in tables.items()
    }
    return reports, drawing


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
