"""How far saving is, for other processes: a file that is there while a save takes longer than a moment."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

from localstack.host.settings import Settings

_INTERVAL_SECONDS = 0.5


@dataclass(frozen=True)
class Saving:
    """A save that another process is at.

    :ivar size: how many bytes it has written
    :ivar at: when it went on last, in seconds of a clock that only that process has
    """

    size: int
    at: float


class Writable(Protocol):
    def write(self, data: bytes | memoryview, /) -> int: ...


class Progress:
    """Counts the bytes of a save; one save at a time."""

    def __init__(self, settings: Settings) -> None:
        self._path = _path(settings)
        self._bytes = 0
        self._shown_at = 0.0

    @contextmanager
    def of_save(self) -> Iterator[None]:
        self._bytes, self._shown_at = 0, monotonic()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def counting(self, file: Writable) -> Writable:
        """The file, with what is written into it counted."""
        return _Counting(file, self)

    def advance(self, size: int = 0) -> None:
        """Some bytes were written, or a step was taken that takes long."""
        self._bytes += size
        if (now := monotonic()) - self._shown_at >= _INTERVAL_SECONDS:
            self._shown_at = now
            with contextlib.suppress(OSError):  # a full disk has its own message
                self._path.write_text(json.dumps({"pid": os.getpid(), "size": self._bytes, "at": now}))


class _Counting:
    def __init__(self, file: Writable, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def write(self, data: bytes | memoryview, /) -> int:
        size = self._file.write(data)
        self._progress.advance(size)
        return size


def saving_of(pid: int, settings: Settings) -> Saving | None:
    """How far a process is with saving the state, None when it is not at it, or has just begun."""
    try:
        entries = json.loads(_path(settings).read_text())
        return Saving(int(entries["size"]), float(entries["at"])) if entries["pid"] == pid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(settings: Settings) -> Path:
    return settings.state_dir / "saving.json"
