"""Requests per second, latency and processor time of the gateway beside its peers.

Every server that the cases need runs all the time, idle until it is its turn. In every round the cases come in another
order, and within a case the servers, one after the other. A ratio is always taken between runs of one round and then
the median of the ratios, so that what else the machine does hits both sides.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import track

from benchmarks import load
from benchmarks.cases import EMULATIONS, FULL, GOALS, Case, Goal, Measure, Side
from benchmarks.load import Client
from benchmarks.peers import Kind, Setup, start_of
from benchmarks.report import Table, spread
from benchmarks.servers import BenchmarkError, Server, cpu_seconds, memory, running, wait_for_health

WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Runner:
    """A server that runs."""

    server: Server
    process: subprocess.Popen[str]
    log: Path
    memory_at_start: float

    def measure(self, client: Client, case: Case, seconds: int) -> Measure:
        """One run of a case.

        :raises BenchmarkError: when the server has ended
        """
        try:
            case.prepare(self.server.port)
        except (BotoCoreError, ClientError) as error:
            return Measure.failed(f"{self.server.name} can't be prepared for {case.title}: {error}")
        before = cpu_seconds(self.process.pid)
        path = case.load.path or self.server.health_path
        answers = load.run(client, case.load, self.server.port, path, max(seconds, case.least_seconds))
        used = cpu_seconds(self.process.pid) - before
        if self.process.poll() is not None:
            raise BenchmarkError(f"{self.server.name} has ended: {case.title}\n{self.log.read_text()[-2000:]}")
        os.truncate(self.log, 0)  # a line for each of millions of requests
        if not answers.requests:
            return Measure.failed(f"{self.server.name} does not answer {case.title}")
        rate = answers.requests / answers.seconds
        return Measure(rate, answers.p50_ms, answers.p99_ms, used / answers.requests * 1e6, answers.failures)


@dataclass(frozen=True)
class Results:
    """What was measured, by side and in the order of the rounds."""

    cases: tuple[Case, ...]
    measures: dict[Side, list[Measure]] = field(default_factory=dict)
    memory: dict[Kind, tuple[float, float]] = field(default_factory=dict)
    not_run: dict[Kind, str] = field(default_factory=dict)

    def ratios(self, ours: Side, theirs: Side, figure: Callable[[Measure], float]) -> list[float]:
        """Of the runs of the same rounds, where both answered; empty when one of the two was not run."""
        pairs = zip(self.measures.get(ours, ()), self.measures.get(theirs, ()), strict=False)
        return [figure(mine) / figure(other) for mine, other in pairs if mine.rate and figure(other)]

    def of(self, cases: Sequence[Case]) -> Results:
        """Those of some cases."""
        return replace(self, cases=tuple(case for case in self.cases if case in cases))

    def sides(self) -> Iterator[tuple[Case, Kind, list[Measure]]]:
        for case in self.cases:
            for kind in case.kinds:
                if measures := self.measures.get(Side(case.name, kind)):
                    yield case, kind, measures


def collect(
    cases: tuple[Case, ...], client: Client, rounds: int, seconds: int, scratch: Path, not_run: dict[Kind, str]
) -> Results:
    """Start the servers, run every case so many times, and end the servers.

    :param not_run: servers that can't be had here, with the reason; those that don't come up are added
    :raises BenchmarkError: when a server breaks down later
    """
    console = Console(stderr=True)
    results = Results(cases, not_run=not_run)
    with ExitStack() as stack:
        runners = _start_all(cases, scratch, not_run, stack, console)
        first_cases = {_key(case, kind): case for case in reversed(cases) for kind in case.kinds}
        for key, runner in track(runners.items(), "warming up", console=console, transient=True):
            runner.measure(client, first_cases[key], WARM_UP_SECONDS)
        in_turns = list(_in_turns(cases, rounds))
        for case, kind in track(in_turns, "measuring", console=console, transient=True):
            if measured := runners.get(_key(case, kind)):
                measures = results.measures.setdefault(Side(case.name, kind), [])
                measures.append(measured.measure(client, case, seconds))
        for (kind, setup), runner in runners.items():
            if setup in (FULL, None):
                results.memory[kind] = (runner.memory_at_start, memory(runner.process.pid))
    return results


def _start_all(
    cases: Iterable[Case], scratch: Path, not_run: dict[Kind, str], stack: ExitStack, console: Console
) -> dict[tuple[Kind, Setup | None], Runner]:
    runners: dict[tuple[Kind, Setup | None], Runner] = {}
    wanted = dict.fromkeys(_key(case, kind) for case in cases for kind in case.kinds)
    for number, (kind, setup) in enumerate(track(wanted, "starting", console=console, transient=True)):
        if kind not in not_run:
            try:
                runners[kind, setup] = _start(kind, setup, scratch / str(number), stack)
            except BenchmarkError as error:
                not_run[kind] = str(error)
    return runners


def _start(kind: Kind, setup: Setup | None, folder: Path, stack: ExitStack) -> Runner:
    server = start_of(kind, folder, setup)
    log = folder / "output.log"
    process = stack.enter_context(running(server, log))
    wait_for_health(server, process, log)
    return Runner(server, process, log, memory(process.pid))


def _key(case: Case, kind: Kind) -> tuple[Kind, Setup | None]:
    """Which process serves a case; those without routes are one for all."""
    return kind, None if kind in (Kind.MOTO, Kind.MINISTACK, Kind.CONSTANT) else case.setup


def _in_turns(cases: Sequence[Case], rounds: int) -> Iterator[tuple[Case, Kind]]:
    for _ in range(rounds):
        for case in random.sample(cases, len(cases)):
            for kind in random.sample(case.kinds, len(case.kinds)):
                yield case, kind


def rates_table(results: Results) -> Table:
    """Every case on every server, with ratios to rolo/Twisted in the same round."""
    headings = (
        "case",
        "server",
        "requests/s",
        "× rolo/Twisted",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        "CPU ÷ rolo's",
        "failed",
    )
    rows = tuple(_row(results, case, kind, measures) for case, kind, measures in results.sides())
    return Table("Requests per second and what one costs", headings, rows, left=2)


def _row(results: Results, case: Case, kind: Kind, measures: Sequence[Measure]) -> tuple[str, ...]:
    ours, rolo = Side(case.name, kind), Side(case.name, Kind.ROLO)
    faster = results.ratios(ours, rolo, lambda measure: measure.rate)
    cheaper = results.ratios(ours, rolo, lambda measure: measure.cpu_us)
    return (
        case.title,
        kind.value,
        spread([measure.rate for measure in measures], ".0f"),
        "1" if kind is Kind.ROLO else spread(faster, ".1f"),
        f"{statistics.median(measure.p50_ms for measure in measures):.2f}",
        f"{statistics.median(measure.p99_ms for measure in measures):.2f}",
        spread([measure.cpu_us for measure in measures], ".0f"),
        "1" if kind is Kind.ROLO else spread(cheaper, ".2f"),
        str(sum(measure.failures for measure in measures)),
    )


def goals_table(results: Results) -> Table:
    """The goals whose cases were asked for."""
    names = {case.name for case in results.cases}
    goals = [goal for goal in GOALS if {goal.ours.case, goal.theirs.case} <= names]
    rows = tuple(_goal_row(goal, results.ratios(goal.ours, goal.theirs, goal.figure)) for goal in goals)
    return Table("What should come out", ("ratio", "goal", "measured", "kept"), rows)


def _goal_row(goal: Goal, ratios: Sequence[float]) -> tuple[str, ...]:
    bound = f"{'≥' if goal.is_lower_bound else '≤'} {goal.bound:g}"
    if not ratios:
        return goal.title, bound, "-", "not run"
    median = statistics.median(ratios)
    kept = median >= goal.bound if goal.is_lower_bound else median <= goal.bound
    return goal.title, bound, spread(ratios, ".2f"), "yes" if kept else "no"


def aws_table(results: Results) -> Table:
    """AWS calls: what the platform does, and its rate ÷ each other emulation's of the same round."""
    others = {Kind.MOTO: "≥ 4", Kind.LOCALSTACK: "≥ 3", Kind.MINISTACK: "≥ 1"}
    headings = ["call, connections", "requests/s", "p50 ms", "p99 ms", "CPU µs", "failed"]
    headings += [f"÷ {kind.value} ({goal})" for kind, goal in others.items()]
    rows = tuple(_aws_row(results, case, others) for case, kind, _ in results.sides() if kind is Kind.LEANTO)
    return Table("AWS calls", tuple(headings), rows)


def _aws_row(results: Results, case: Case, others: Iterable[Kind]) -> tuple[str, ...]:
    ours = Side(case.name, Kind.LEANTO)
    measures = results.measures[ours]
    ratios = [results.ratios(ours, Side(case.name, kind), lambda measure: measure.rate) for kind in others]
    return (
        case.title,
        spread([measure.rate for measure in measures], ".0f"),
        f"{statistics.median(measure.p50_ms for measure in measures):.2f}",
        f"{statistics.median(measure.p99_ms for measure in measures):.2f}",
        spread([measure.cpu_us for measure in measures], ".0f"),
        str(sum(measure.failures for measure in measures)),
        *(spread(values, ".2f") for values in ratios),
    )


def aws_costs_table(results: Results) -> Table:
    """Processor time of each emulation for one AWS call."""
    kinds = [kind for kind in EMULATIONS if any(side == kind for _, side, _ in results.sides())]
    found = {(case.title, kind): [measure.cpu_us for measure in measures] for case, kind, measures in results.sides()}
    rows = tuple(
        (case.title, *(spread(found.get((case.title, kind), []), ".0f") for kind in kinds)) for case in results.cases
    )
    return Table("Processor time of an AWS call, µs", ("call, connections", *(kind.value for kind in kinds)), rows)


def memory_table(results: Results) -> Table:
    rows = tuple((kind.value, f"{first:.0f}", f"{last:.0f}") for kind, (first, last) in results.memory.items())
    return Table("Memory, MiB", ("server", "at start", "after the load"), rows)
