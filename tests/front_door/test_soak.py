"""Many thousands of requests from clients with bad manners: none is lost, none answered twice, nothing is left behind.

The short form runs with the other tests. ``LEANTO_SOAK=1`` runs the long one, of a million requests, in some minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import pytest

from doors import wait_until
from platforms import Home, Platform

CLIENT = Path(__file__).with_name("soak_client.py")
IS_LONG = os.environ.get("LEANTO_SOAK") == "1"
PROCESSES = 2
ROUNDS = 50 if IS_LONG else 1
REQUESTS_PER_ROUND = 20_000

EXTENSION = """
import hashlib, threading, time
from rolo import route
from localstack.extensions.api import Extension
from localstack.http import Response

lock = threading.Lock()
served = {}

def count(number):
    with lock:
        served[number] = served.get(number, 0) + 1

def filler(number, size):
    return (number.encode() + b".") * (int(size) // (len(number) + 1) + 1)

def pieces(body):
    for position in range(0, len(body), 10_000):
        yield body[position:position + 10_000]

class Api:
    @route("/digest", methods=["POST", "PUT"])
    def digest(self, request):
        number = request.query_string.decode()
        count(number)
        whole = hashlib.sha256()
        while piece := request.stream.read(65536):
            whole.update(piece)
        return whole.hexdigest() + number

    @route("/fill")
    def fill(self, request):
        number, size = request.query_string.decode().split("&")
        count(number)
        return filler(number, size)

    @route("/stream")
    def stream(self, request):
        number, size = request.query_string.decode().split("&")
        count(number)
        return Response(pieces(filler(number, size)))

    @route("/slow")
    def slow(self, request):
        time.sleep(0.003)
        return self.fill(request)

    @route("/served")
    def served(self, request):
        with lock:
            twice = [number for number, times in served.items() if times > 1]
            total = len(served)
            served.clear()
        return {"total": total, "twice": twice}

class TheExtension(Extension):
    name = "soak"
    def update_gateway_routes(self, router):
        router.add(Api())
"""


@dataclass(frozen=True)
class Possessions:
    """What a process has."""

    descriptors: int
    threads: int
    memory: int

    @classmethod
    def of(cls, process: psutil.Process) -> Possessions:
        return cls(process.num_fds(), process.num_threads(), process.memory_info().rss)


@pytest.mark.timeout(7200 if IS_LONG else 300)
def test_no_request_is_lost_or_answered_twice_and_nothing_is_left_behind(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("soak", EXTENSION)
    platform = start(GATEWAY_SERVER="leanto")
    torment(platform, "warm-up", 4_000)
    process = psutil.Process(platform.process.pid)
    before = after_rest(process)

    outcome: Counter[str] = Counter()
    memory = []
    for number in range(ROUNDS):
        outcome += torment(platform, f"round-{number}", REQUESTS_PER_ROUND)
        memory.append(process.memory_info().rss)

    assert outcome["sent"] >= ROUNDS * REQUESTS_PER_ROUND
    assert outcome["sent"] == outcome["answered"] + outcome["aborted"]
    after = after_rest(process)
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads + 1  # the pool keeps a few, and not always the same number
    assert grown(memory, before.memory) < 32 * 2**20, [size // 2**20 for size in memory]
    assert "Traceback" not in platform.log
    assert "ERROR" not in platform.log


def grown(memory: Sequence[int], before: int) -> float:
    """Bytes by which a process has grown from ``before``, or from the first half of many rounds to the second.

    What threads have freed goes back to the system late or never, so memory rises and falls by 20 MiB from round to
    round for ever; a leak is what goes on rising.
    """
    if len(memory) == 1:
        return memory[0] - before
    middle = len(memory) // 2
    return 2 * (median(memory[middle:]) - median(memory[:middle]))


def torment(platform: Platform, seed: str, count: int) -> Counter[str]:
    """Send ``count`` requests from several processes, and see what the handlers have counted."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    clients = [
        subprocess.Popen(
            [sys.executable, str(CLIENT), str(platform.port), f"{seed}-{number}", str(count // PROCESSES)],
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    outcome: Counter[str] = Counter()
    for client in clients:
        output, _ = client.communicate()
        assert client.returncode == 0, "a client has failed; its error is above"
        outcome += Counter(json.loads(output))
    served = platform.get("/served").json()
    assert served["twice"] == []
    assert outcome["answered"] <= served["total"] <= outcome["sent"]
    return outcome


def after_rest(process: psutil.Process) -> Possessions:
    """What is there when idle threads and closed connections have gone: when nothing has changed for some time."""
    seen: list[Possessions] = []

    def is_at_rest() -> bool:
        seen.append(Possessions.of(process))
        time.sleep(0.1)
        return len(seen) > 60 and len({(one.descriptors, one.threads) for one in seen[-60:]}) == 1

    wait_until(is_at_rest, "the process finds no rest", seconds=60)
    return seen[-1]
