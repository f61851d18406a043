"""The client: the same requests to every server for a fixed time, and what came back.

``wrk`` measures. The client written in Python is slower than the servers, so it only shows that a benchmark runs.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import NamedTemporaryFile

from benchmarks.servers import HOST, BenchmarkError

SCRIPT = Path(__file__).resolve().parent / "wrk.lua"
TIMEOUT_SECONDS = 30
HOW_TO_GET_WRK = "wrk is not on the path: 'apt-get install wrk' (Debian, Ubuntu) or 'brew install wrk' (macOS) gets it"


@dataclass(frozen=True)
class RecordedRequest:
    """A request as a client has made it.

    :ivar headers: without ``Host``
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def on_the_wire(self, port: int) -> bytes:
        """What is sent to a server on that port."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Load:
    """What the client does.

    :ivar path: ``None`` for the server's health page
    :ivar slow_connections: how many more connections ask for the slow route meanwhile; they are not counted
    :ivar request: sent as it is instead of what the fields above say
    """

    path: str | None
    connections: int = 32
    method: str = "GET"
    body_bytes: int = 0
    new_connections: bool = False
    new_urls: bool = False
    slow_connections: int = 0
    request: RecordedRequest | None = None


@dataclass(frozen=True)
class Answers:
    """What came back in one run.

    :ivar failures: answers that were no success, and connections that broke
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failures: int


class Client(Enum):
    """What sends the requests."""

    WRK = "wrk"
    PYTHON = "python"


SLOW = Load("/bench/slow")


def run(client: Client, load: Load, port: int, path: str, seconds: int) -> Answers:
    """Send for that many seconds.

    :param path: where to, e.g. ``/bench/items/1``
    :raises BenchmarkError: when the client fails
    """
    send = _CLIENTS[client]
    if not load.slow_connections:
        return send(load, port, path, seconds)
    slow = replace(SLOW, connections=load.slow_connections)
    beside = threading.Thread(target=send, args=(slow, port, SLOW.path, seconds + 1))
    beside.start()
    try:
        return send(load, port, path, seconds)
    finally:
        beside.join()


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def _with_wrk(load: Load, port: int, path: str, seconds: int) -> Answers:
    first_number = str(random.randrange(10**9, 10**12)) if load.new_urls else "-"
    options = ["--threads", "1", "--connections", str(load.connections), "--duration", f"{seconds}s"]
    script = [load.method, str(load.body_bytes), "close" if load.new_connections else "keep-alive", first_number]
    command = ["wrk", *options, "--timeout", "10s", "--script", str(SCRIPT), f"http://{HOST}:{port}{path}", "--"]
    with NamedTemporaryFile() as wire:
        if load.request is not None:
            wire.write(load.request.on_the_wire(port))
            wire.flush()
            script = [wire.name]
        try:
            result = subprocess.run(
                [*command, *script], capture_output=True, text=True, timeout=seconds + TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"wrk did not end: {' '.join(command)}") from None
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not lines:
        raise BenchmarkError(f"wrk failed: {(result.stderr or result.stdout)[-500:]}")
    told = json.loads(lines[-1])
    failures = told["refused"] + told["broken"]
    return Answers(told["requests"], told["seconds"], told["p50_ms"], told["p99_ms"], failures)


def _with_python(load: Load, port: int, path: str, seconds: int) -> Answers:
    sender = _Sender(load, port, path, time.perf_counter() + seconds)
    threads = [threading.Thread(target=sender.send) for _ in range(load.connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    times = sender.milliseconds
    if len(times) < 2:
        return Answers(len(times), elapsed, 0.0, 0.0, sender.failures)
    hundredths = statistics.quantiles(times, n=100, method="inclusive")
    return Answers(len(times), elapsed, hundredths[49], hundredths[98], sender.failures)


class _Sender:
    """The threads of one run, one connection each; appending to a list and adding to numbers is all they share."""

    def __init__(self, load: Load, port: int, path: str, until: float) -> None:
        self.milliseconds: list[float] = []
        self.failures = 0
        self._load = load
        self._port = port
        self._path = path
        self._until = until

    def send(self) -> None:
        connection = HTTPConnection(HOST, self._port, timeout=TIMEOUT_SECONDS)
        headers = {"Connection": "close"} if self._load.new_connections else {}
        recorded = self._load.request
        while (started := time.perf_counter()) < self._until:
            path = f"{self._path}/{random.randrange(10**12)}" if self._load.new_urls else self._path
            try:
                if recorded is not None:
                    connection.request(recorded.method, recorded.path, recorded.body, dict(recorded.headers))
                else:
                    connection.request(self._load.method, path, b"x" * self._load.body_bytes, headers)
                response = connection.getresponse()
                response.read()
                self.failures += response.status >= 400
            except (OSError, HTTPException):
                self.failures += 1
                connection.close()
            self.milliseconds.append((time.perf_counter() - started) * 1000)
        connection.close()


_CLIENTS: dict[Client, Callable[[Load, int, str, int], Answers]] = {
    Client.WRK: _with_wrk,
    Client.PYTHON: _with_python,
}
