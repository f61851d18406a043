"""Start-up time and memory of the platform beside its peers, in the same run.

Every round starts each server once, alone, as a process of its own on a free loopback port, in random order; one round
before the first fills the caches and does not count.

health            from starting the process to the first answer of its health page, in seconds
Ready.            to that line on stdout, in seconds; only the platform prints one
first AWS answer  to the answer of STS GetCallerIdentity, sent once the server is ready, in seconds
memory            of the process and its children, when it is ready and after the first AWS answer, in MiB
"""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.progress import track

from benchmarks.peers import Kind, start_of
from benchmarks.report import Table, spread
from benchmarks.servers import (
    DEADLINE_SECONDS,
    MEMORY_KIND,
    BenchmarkError,
    Server,
    memory,
    running,
    status,
    wait_for_health,
)

KINDS = (Kind.LEANTO, Kind.MOTO, Kind.MINISTACK, Kind.LOCALSTACK)


@dataclass(frozen=True)
class Sample:
    """One start; times in seconds since the process was started, memory in MiB."""

    health: float
    ready: float | None
    first_answer: float
    memory_ready: float
    memory_after_answer: float


class Output:
    """Reads a process's stdout to its end and notes when the marker came."""

    def __init__(self, stream: IO[str], marker: str | None) -> None:
        self.marked_at = 0.0
        self.marked = threading.Event()
        self._marker = marker
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            if line.rstrip("\n") == self._marker:
                self.marked_at = time.perf_counter()
                self.marked.set()


def collect(rounds: int, scratch: Path, not_run: Mapping[Kind, str]) -> dict[Kind, list[Sample]]:
    """Samples of every server that can be had, in the order of the rounds.

    :raises BenchmarkError: when a server does not come up
    """
    samples: dict[Kind, list[Sample]] = {kind: [] for kind in KINDS if kind not in not_run}
    for number in track(range(rounds + 1), "starting", console=Console(stderr=True), transient=True):
        for kind in random.sample(list(samples), len(samples)):
            folder = scratch / kind.value
            sample = measure(start_of(kind, folder), folder / "output.log")
            if number > 0:
                samples[kind].append(sample)
    return samples


def measure(server: Server, log: Path) -> Sample:
    """Start the server, wait until it is up, call it once and stop it.

    :raises BenchmarkError: when it ends or does not answer in time
    """
    started = time.perf_counter()
    with running(server, log, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = Output(process.stdout, server.marker)
        health = wait_for_health(server, process, log) - started
        if server.marker and not output.marked.wait(DEADLINE_SECONDS):
            raise BenchmarkError(f"{server.name} did not print {server.marker}\n{log.read_text()[-2000:]}")
        memory_ready = memory(process.pid)
        call_sts(server)
        first_answer = time.perf_counter() - started
        ready = output.marked_at - started if server.marker else None
        return Sample(health, ready, first_answer, memory_ready, memory(process.pid))


def call_sts(server: Server) -> None:
    """:raises BenchmarkError: when the answer is no 200"""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    answer = status(server, "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", headers)
    if answer != 200:
        raise BenchmarkError(f"{server.name} answered {answer} to STS GetCallerIdentity")


_FIGURES: tuple[tuple[str, Callable[[Sample], float | None], str], ...] = (
    ("health, s", lambda sample: sample.health, ".2f"),
    ("Ready., s", lambda sample: sample.ready, ".2f"),
    ("first AWS answer, s", lambda sample: sample.first_answer, ".2f"),
    ("memory ready, MiB", lambda sample: sample.memory_ready, ".0f"),
    ("memory after, MiB", lambda sample: sample.memory_after_answer, ".0f"),
)


def table(samples: Mapping[Kind, Sequence[Sample]]) -> Table:
    """A row for each figure; each peer's column is followed by ours ÷ the peer's of the same round."""
    headings, rows = [""], [[label] for label, _, _ in _FIGURES]
    ours = samples[Kind.LEANTO]
    for kind, theirs in samples.items():
        headings += [kind.value] if kind is Kind.LEANTO else [kind.value, "ratio"]
        for row, (_, value, style) in zip(rows, _FIGURES, strict=True):
            row.append(spread(_known(map(value, theirs)), style))
            if kind is not Kind.LEANTO:
                row.append(spread(_ratios(ours, theirs, value), ".2f"))
    title = f"Start, median (lowest–highest); memory as {MEMORY_KIND.upper()}; a ratio is leanto ÷ the server before it"
    return Table(title, tuple(headings), tuple(map(tuple, rows)))


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _ratios(ours: Sequence[Sample], theirs: Sequence[Sample], value: Callable[[Sample], float | None]) -> list[float]:
    """Of the same round: what else the machine does hits both."""
    pairs = ((value(mine), value(other)) for mine, other in zip(ours, theirs, strict=True))
    return [mine / other for mine, other in pairs if mine is not None and other is not None]
