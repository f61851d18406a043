"""The record of the running platform: how other processes (``stop``, ``wait``, ``logs`` …) find it.

It is the file ``<volume>/run/<platform name>.json``. The platform writes it once its sockets are bound, changes its
state as it goes on, and removes it at the end. What a killed platform leaves behind is recognised and removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from localstack.host.errors import PlatformError, VolumeError
from localstack.host.settings import HostAndPort, Settings
from localstack.host.version import LOCALSTACK_VERSION
from localstack.host.volume import writing

_POLL_SECONDS = 0.05
_SAME_START_SECONDS = 2.0
"""Two readings of one process's start may differ by this much: they are derived from a clock that is corrected."""


class PlatformState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True)
class PlatformRecord:
    """One run of the platform, as others see it.

    :ivar process_started_at: start of the process in seconds since the epoch; with ``pid`` it tells a re-used pid apart
    :ivar started_at: start of this run; a restart inside the same process is a new run
    :ivar addresses: what the gateway listens on, e.g. ``("127.0.0.1:4566",)``
    :ivar url: where a process of this machine reaches the gateway, e.g. ``"http://127.0.0.1:4566"``
    :ivar log_file: where stdout and stderr go, ``None`` for a platform in the foreground
    """

    pid: int
    process_started_at: float
    started_at: datetime
    state: PlatformState
    addresses: tuple[str, ...]
    url: str
    log_file: Path | None
    version: str

    @classmethod
    def of_this_process(cls, settings: Settings, addresses: Sequence[HostAndPort] | None = None) -> PlatformRecord:
        """The record of a platform that starts in this process; ``addresses`` are the bound ones (port 0 resolved)."""
        bound = tuple(addresses or settings.gateway_listen)
        return cls(
            pid=os.getpid(),
            process_started_at=_process_start(os.getpid()) or 0.0,
            started_at=datetime.now(UTC),
            state=PlatformState.STARTING,
            addresses=tuple(str(address) for address in bound),
            url=replace(settings, gateway_listen=bound).local_url(),
            log_file=_log_file_of_this_process(settings),
            version=LOCALSTACK_VERSION,
        )

    @classmethod
    def from_json(cls, text: str) -> PlatformRecord:
        """:raises ValueError: when the text is no record"""
        try:
            entries = json.loads(text)
            return cls(
                pid=int(entries["pid"]),
                process_started_at=float(entries["process_started_at"]),
                started_at=datetime.fromisoformat(entries["started_at"]),
                state=PlatformState(entries["state"]),
                addresses=tuple(entries["addresses"]),
                url=str(entries["url"]),
                log_file=Path(entries["log_file"]) if entries["log_file"] else None,
                version=str(entries["version"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no record of a platform: {error}") from error

    def to_json(self) -> str:
        entries = {
            "pid": self.pid,
            "process_started_at": self.process_started_at,
            "started_at": self.started_at.isoformat(),
            "state": self.state,
            "addresses": self.addresses,
            "url": self.url,
            "log_file": str(self.log_file) if self.log_file else None,
            "version": self.version,
        }
        return json.dumps(entries, indent=2) + "\n"

    def is_alive(self) -> bool:
        """Whether the recorded process still runs; a zombie and another process under the same pid do not count."""
        start = _process_start(self.pid)
        return start is not None and abs(start - self.process_started_at) <= _SAME_START_SECONDS


class RecordFile:
    """The one record of a volume and platform name; every change is a rename, so readers see a whole record or none."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.run_dir / f"{settings.platform_name}.json"

    def read(self) -> PlatformRecord | None:
        """The record of the platform that runs now, ``None`` when there is none; what a dead one left is removed.

        :raises VolumeError: when the file is there but can't be read
        """
        record = self._load()
        if record is not None and record.is_alive():
            return record
        if record is not None or self.path.exists():
            self._discard_stale()
        return None

    def last(self) -> PlatformRecord | None:
        """What was written last, whether or not its process still runs: enough, and quicker, to know where to ask."""
        return self._load()

    def write(self, record: PlatformRecord) -> None:
        """Take the place for ``record``.

        :raises PlatformError: when another platform that runs has it
        :raises VolumeError: when the volume can't be written
        """
        with self._locked():
            current = self._load()
            if current is not None and current.pid != record.pid and current.is_alive():
                raise already_running(current)
            self._replace(record)

    def update(self, *, state: PlatformState) -> None:
        """Set the state of this process's record; does nothing when the record is gone or another process's."""
        with self._locked():
            current = self._load()
            if current is not None and current.pid == os.getpid():
                self._replace(replace(current, state=PlatformState(state)))

    def remove(self, pid: int) -> None:
        """Take the record of process ``pid`` away, leave another's."""
        with self._locked():
            current = self._load()
            if current is not None and current.pid == pid:
                self.path.unlink(missing_ok=True)

    def _load(self) -> PlatformRecord | None:
        try:
            return PlatformRecord.from_json(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            hint = "make it readable for you, or set LOCALSTACK_VOLUME_DIR to another folder"
            raise VolumeError(f"{self.path} can't be read: {error.strerror}", hint) from error

    def _replace(self, record: PlatformRecord) -> None:
        aside = self.path.with_suffix(f".{record.pid}.tmp")
        try:
            with writing(self.path):
                aside.write_text(record.to_json(), encoding="utf-8")
                aside.replace(self.path)
        finally:
            aside.unlink(missing_ok=True)

    def _discard_stale(self) -> None:
        """Remove the file unless a new platform has taken the place since it was read."""
        if not os.access(self.path.parent, os.W_OK):
            return
        with self._locked():
            current = self._load()
            if current is None or not current.is_alive():
                self.path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other writers out. The lock file stays: removing it would let two processes lock different files."""
        with writing(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = self.path.with_suffix(".lock").open("a")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def already_running(record: PlatformRecord) -> PlatformError:
    return PlatformError(
        f"LocalStack runs already on this volume: process {record.pid} at {record.url}",
        "stop it with: localstack stop; or give the second one its own LOCALSTACK_VOLUME_DIR and GATEWAY_LISTEN",
    )


def log_file(settings: Settings) -> Path:
    """Where ``start -d`` sends the output of the platform; the run before is kept beside it as ``….log.1``."""
    return settings.log_dir / f"{settings.platform_name}.log"


def attempts(timeout_seconds: float | None) -> Iterator[None]:
    """Turns of a loop that waits for something another process does: one at once, then twenty a second until the end.

    ``None`` waits for ever. The last turn comes after the time is over, so what happened meanwhile is still seen.
    """
    end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    while end is None or time.monotonic() < end:
        yield
        time.sleep(_POLL_SECONDS)
    yield


def _log_file_of_this_process(settings: Settings) -> Path | None:
    """The log file when stdout goes there. Asking stdout itself also holds after a restart inside the process."""
    path = log_file(settings)
    try:
        return path if os.path.samestat(os.fstat(1), path.stat()) else None
    except OSError:
        return None


def _process_start(pid: int) -> float | None:
    """Start of a process in seconds since the epoch, ``None`` when it is gone or a zombie."""
    import psutil  # costs as much as a short command: only where a process is looked at

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
