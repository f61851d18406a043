"""Programs that extensions download from where no test may go, or run in containers: stand-ins take their place."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from platforms import Home

FOLDER = Path(__file__).with_name("stand_ins")
PATIENCE_SECONDS = 30.0


def preseed(name: str, place: Path) -> None:
    """Make a stand-in the executable file at ``place``; it runs with this Python, whatever its environment."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!{sys.executable}\n{(FOLDER / name).read_text()}")
    place.chmod(0o755)


@contextmanager
def running(name: str, ports: Sequence[int], home: Home) -> Iterator[None]:
    """Run a stand-in, from when it listens on ``ports`` to the end of the block."""
    with (home.path / f"{name}.log").open("w") as log:
        process = subprocess.Popen([sys.executable, str(FOLDER / name)], stdout=log, stderr=log)
    try:
        wait_for_ports(process.pid, ports)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for_ports(pid: int, ports: Sequence[int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not set(ports) <= {c.laddr.port for c in psutil.Process(pid).net_connections()}:
        assert time.monotonic() < deadline, f"nothing listens on {ports}"
        time.sleep(0.05)
