"""Servers as processes of their own on a loopback port: started, watched, measured and ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

HOST = "127.0.0.1"
DEADLINE_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.002
MIB = 1024 * 1024
MEMORY_KIND = "pss" if sys.platform == "linux" else "uss"
"""Proportional set size counts shared pages once; where the kernel does not tell it, unique pages only."""


@dataclass(frozen=True)
class Server:
    """What is started, and where it says that it is up.

    :ivar marker: the line on stdout that says it is ready, ``None`` when health is all there is
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    port: int
    health_path: str
    marker: str | None = None


class BenchmarkError(Exception):
    """A server did not come up or the client failed; the message has the end of what it printed."""


@contextmanager
def running(server: Server, log: Path, stdout: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """The server's process while it is needed; afterwards it and its children are gone.

    :param log: takes what it prints, stdout too unless ``stdout`` is ``subprocess.PIPE``
    """
    with log.open("a") as errors:  # appending, so that the file can be emptied meanwhile
        process = subprocess.Popen(
            server.command, env=dict(server.environ), stdout=stdout or errors, stderr=errors, text=True
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    family = _family(process.pid)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family[1:]:
        if child.is_running():
            child.kill()
    if process.stdout is not None:
        process.stdout.close()


def wait_for_health(server: Server, process: subprocess.Popen[str], log: Path) -> float:
    """When the first good answer arrived, by ``time.perf_counter``.

    :raises BenchmarkError: when it ends or does not answer in time
    """
    deadline = time.perf_counter() + DEADLINE_SECONDS
    while time.perf_counter() < deadline and process.poll() is None:
        if status(server, "GET", server.health_path) in (200, 201):  # moto_server answers 201
            return time.perf_counter()
        time.sleep(POLL_SECONDS)
    raise BenchmarkError(f"{server.name} did not answer {server.health_path}\n{log.read_text()[-2000:]}")


def status(
    server: Server, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> int | None:
    """Status of the answer, after all of it was read; ``None`` when there is none."""
    connection = HTTPConnection(HOST, server.port, timeout=DEADLINE_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def memory(pid: int) -> float:
    """MiB that a process and all its children take."""
    return sum(float(getattr(one.memory_full_info(), MEMORY_KIND)) for one in _family(pid)) / MIB


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its children have used so far."""
    return sum(one.user + one.system for one in (process.cpu_times() for process in _family(pid)))


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def isolated(scratch: Path) -> dict[str, str]:
    """This environment without the user's settings and folders."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    folders = {"HOME": "home", "CONFIG_DIR": "config", "XDG_CACHE_HOME": "cache"}
    return kept | {name: str(scratch / folder) for name, folder in folders.items()}
