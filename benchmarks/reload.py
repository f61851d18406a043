"""How long it takes from a save to the first answer of the new code.

leanto     an enabled extension of twenty modules; one of them is saved, with requests going on
mitmproxy  its reload of a script: one file, and modules that it imports are not loaded anew
restart    the same extension as the first; the platform is stopped and started

A save is one rename. Saves come at random moments, since a server may look for them in intervals. From the save on one
connection asks again and again; what counts is the end of the first answer that comes from the new code.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.peers import MITMPROXY_SCRIPT, Kind, start_of
from benchmarks.report import Table
from benchmarks.servers import DEADLINE_SECONDS, HOST, BenchmarkError, Server, running, wait_for_health

KINDS = (Kind.LEANTO, Kind.MITMPROXY)
SAVES = 10
"""In each round, of each server."""
RESTART = "leanto, restarted"
_MODULES = 20
_PATH = "/version"
_LONGEST_WAIT_SECONDS = 1.0

_EXTENSION = """
from localstack.extensions.api import Extension
from localstack.http import Response
from reloaded import {modules}

class Reloaded(Extension):
    name = "reloaded"

    def update_gateway_routes(self, router):
        router.add("/version", lambda request: Response(str(module_0.VERSION)))
"""
_MODULE = "VERSION = {version}\n\n\ndef double(number: int) -> int:\n    return 2 * number\n"
_SCRIPT = """
from mitmproxy import http

def request(flow):
    flow.response = http.Response.make(200, "{version}")
"""


@dataclass
class Saves:
    """What came of the saves for one server: seconds, and requests that failed meanwhile."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True)
class Project:
    """What is saved, and how its text shows a version."""

    file: Path
    text: str

    def save(self, version: int) -> None:
        aside = self.file.with_suffix(".saved~")
        aside.write_text(self.text.format(version=version))
        aside.replace(self.file)


def collect(rounds: int, scratch: Path, not_run: Mapping[Kind, str]) -> dict[str, Saves]:
    """What came of the saves, by the names in the table.

    :raises BenchmarkError: when a server does not come up, or never serves a save
    """
    versions = itertools.count(1)
    results: dict[str, Saves] = {}
    turns: list[tuple[Server, Project, Saves]] = []
    with ExitStack() as stack:
        for kind in (kind for kind in KINDS if kind not in not_run):
            folder = scratch / kind.value
            server, project = _prepare(kind, folder)
            project.save(next(versions))
            process = stack.enter_context(running(server, folder / "output.log"))
            wait_for_health(server, process, folder / "output.log")
            results[kind.value] = Saves()
            turns.append((server, project, results[kind.value]))
        folder = scratch / "restarted"
        server, project = _prepare(Kind.LEANTO, folder)
        restarts = results[RESTART] = Saves()
        for _ in track(range(rounds), "saving", console=Console(stderr=True), transient=True):
            for server_of_turn, project_of_turn, saves in random.sample(turns * SAVES, len(turns) * SAVES):
                _save(server_of_turn, project_of_turn, next(versions), saves)
            _restart(server, project, versions, folder / "output.log", restarts)
    return results


def table(results: Mapping[str, Saves]) -> Table:
    """A row for each way to get new code served."""
    rows = [
        (
            name,
            str(len(saves.seconds)),
            f"{_percentile(saves.seconds, 50) * 1000:.0f}",
            f"{_percentile(saves.seconds, 95) * 1000:.0f}",
            f"{max(saves.seconds) * 1000:.0f}",
            str(saves.failed),
        )
        for name, saves in results.items()
    ]
    title = f"From a save to the first answer of the new code, {_MODULES} modules; the goals are p50 100, p95 300"
    return Table(title, ("", "saves", "p50 ms", "p95 ms", "highest ms", "failed"), tuple(rows))


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles([*values, values[-1]], n=100, method="inclusive")[percent - 1]


def _prepare(kind: Kind, folder: Path) -> tuple[Server, Project]:
    server = start_of(kind, folder)
    if kind is Kind.MITMPROXY:
        return replace(server, health_path=_PATH), Project(folder / MITMPROXY_SCRIPT, _SCRIPT)
    home = folder / "project"
    package = home / "reloaded"
    package.mkdir(parents=True)
    modules = [f"module_{number}" for number in range(_MODULES - 1)]
    for module in modules:
        (package / f"{module}.py").write_text(_MODULE.format(version=0))
    (package / "extension.py").write_text(_EXTENSION.format(modules=", ".join(modules)))
    (home / "pyproject.toml").write_text(
        '[project]\nname = "reloaded"\nversion = "1"\n\n'
        '[project.entry-points."localstack.extensions"]\nreloaded = "reloaded.extension:Reloaded"\n'
    )
    command = (*server.command, "--with", str(home))
    return replace(server, command=command, health_path=_PATH), Project(package / "module_0.py", _MODULE)


def _save(server: Server, project: Project, version: int, saves: Saves) -> None:
    time.sleep(random.uniform(0, _LONGEST_WAIT_SECONDS))
    connection = HTTPConnection(HOST, server.port, timeout=DEADLINE_SECONDS)
    project.save(version)
    started = time.perf_counter()
    while (answer := _ask(connection)) != str(version):
        saves.failed += answer is None
        if time.perf_counter() - started > DEADLINE_SECONDS:
            raise BenchmarkError(f"{server.name} never served version {version}, but {answer}")
    saves.seconds.append(time.perf_counter() - started)
    connection.close()


def _ask(connection: HTTPConnection) -> str | None:
    try:
        connection.request("GET", _PATH)
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException):
        connection.close()
        return None
    return body.decode() if response.status == 200 else None


def _restart(server: Server, project: Project, versions: itertools.count[int], log: Path, saves: Saves) -> None:
    project.save(next(versions))
    with running(server, log) as process:
        wait_for_health(server, process, log)
        project.save(next(versions))
        started = time.perf_counter()
        process.terminate()
        process.wait(DEADLINE_SECONDS)
    with running(server, log) as process:
        saves.seconds.append(wait_for_health(server, process, log) - started)
