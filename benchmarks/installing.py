"""How long installing an extension takes, beside pip into a fresh virtual environment.

Both have what they download in a warm cache, and both see the packages that the host has already, so they install the
same. Every round makes a fresh volume and a fresh virtual environment; one round before the first fills the caches and
does not count.

The packages come from an index on this machine, see `benchmarks.index`.

install, empty      ``localstack extensions install`` into a volume that has nothing yet
install, again      the same command once more: everything is there
uninstall           ``localstack extensions uninstall``
sync, nothing to do ``localstack extensions sync`` with a lock that is satisfied
list                ``localstack extensions list``: the least that a command takes
pip, environment    ``python -m venv``
pip, install        ``pip install`` into that
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.index import local_index
from benchmarks.peers import BIN
from benchmarks.report import Table, spread
from benchmarks.servers import BenchmarkError, isolated

EXTENSION = "localstack-extension-httpbin"
_DEADLINE_SECONDS = 300.0


@dataclass(frozen=True)
class Sample:
    """Seconds that each command of a round took."""

    install: float
    again: float
    sync: float
    listing: float
    uninstall: float
    pip_environment: float
    pip_install: float

    @property
    def pip(self) -> float:
        return self.pip_environment + self.pip_install


def collect(rounds: int, scratch: Path) -> list[Sample]:
    """:raises BenchmarkError: when a command fails, with its last words"""
    scratch.mkdir(parents=True, exist_ok=True)
    environ = isolated(scratch) | {
        "LOCALSTACK_VOLUME_DIR": str(scratch / "volume"),
        "UV_CACHE_DIR": str(scratch / "uv"),
        "PIP_CACHE_DIR": str(scratch / "pip"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    steps = track(range(rounds + 1), "installing", console=Console(stderr=True), transient=True)
    with local_index() as url:
        environ |= {"UV_DEFAULT_INDEX": url, "PIP_INDEX_URL": url}
        return [_round(scratch, environ) for _ in steps][1:]


def _round(scratch: Path, environ: Mapping[str, str]) -> Sample:
    volume, venv, lock = scratch / "volume", scratch / "venv", scratch / "pylock.toml"
    for folder in (volume, venv):
        shutil.rmtree(folder, ignore_errors=True)

    def timed(*command: str | Path) -> float:
        started = time.perf_counter()
        run = subprocess.run(
            [str(part) for part in command],
            env=dict(environ),
            cwd=scratch,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - started
        if run.returncode != 0:
            raise BenchmarkError(f"{' '.join(map(str, command))}: {(run.stdout + run.stderr).strip()[-500:]}")
        return seconds

    def extensions(*arguments: str | Path) -> float:
        return timed(BIN / "localstack", "extensions", *arguments)

    install, again = extensions("install", EXTENSION), extensions("install", EXTENSION)
    extensions("export", "--lock", "-o", lock)
    sync, listing = extensions("sync", lock), extensions("list")
    uninstall = extensions("uninstall", EXTENSION)
    pip_environment = timed(sys.executable, "-m", "venv", venv)
    timed(sys.executable, "-m", "localstack.host.environment.link", venv)
    pip_install = timed(venv / "bin" / "python", "-m", "pip", "install", "--quiet", EXTENSION)
    return Sample(install, again, sync, listing, uninstall, pip_environment, pip_install)


_FIGURES: tuple[tuple[str, Callable[[Sample], float]], ...] = (
    ("install, empty", lambda sample: sample.install),
    ("install, again", lambda sample: sample.again),
    ("uninstall", lambda sample: sample.uninstall),
    ("sync, nothing to do", lambda sample: sample.sync),
    ("list", lambda sample: sample.listing),
    ("pip, environment", lambda sample: sample.pip_environment),
    ("pip, install", lambda sample: sample.pip_install),
    ("pip, both", lambda sample: sample.pip),
)


def table(samples: Sequence[Sample]) -> Table:
    """A row for each command, with how many times as long pip takes."""
    rows = [
        (
            label,
            spread([value(sample) for sample in samples], ".2f"),
            spread([sample.pip / value(sample) for sample in samples], ".1f"),
        )
        for label, value in _FIGURES
    ]
    return Table(
        f"Installing {EXTENSION}, caches warm; the goal of the first row is 10", ("", "s", "pip ÷ it"), tuple(rows)
    )
