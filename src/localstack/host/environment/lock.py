"""One change of the installed extensions at a time: who comes second waits, and can say for whom.

The lock is an open file's (``flock``), so it ends with the process however that ends. Programs that the installer runs
inherit the open file: should the installer be killed, nobody else begins while one of them still writes.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from localstack.host.errors import InstallError

_TIMEOUT_SECONDS = 900.0
_INTERVAL_SECONDS = 0.05


@dataclass(frozen=True)
class Holder:
    """Who has the lock.

    :ivar action: what it does, e.g. ``"install localstack-extension-httpbin"``
    :ivar since: local time with offset, ISO 8601
    """

    pid: int
    action: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.action}), since {self.since}"


@dataclass(frozen=True)
class InstallerLock:
    """The lock in the file ``path``, which has the holder's name in it and stays when nobody holds it."""

    path: Path

    @contextmanager
    def held(self, action: str, report: Callable[[str], None]) -> Iterator[int]:
        """Hold the lock; the value is the descriptor of its file, for child processes to inherit.

        :param report: gets one line when somebody else has to be waited for
        :raises InstallError: when the other one does not finish
        """
        descriptor = self._open()
        try:
            if not _try_lock(descriptor):
                report(f"Waiting for another installation: {self._holder()}")
                self._wait(descriptor)
            self._sign(descriptor, action)
            try:
                yield descriptor
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    @contextmanager
    def held_if_free(self) -> Iterator[bool]:
        """Hold the lock if nobody else does; the value says whether it is held."""
        descriptor = self._open()
        try:
            yield _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                message = f"another installation of extensions is still at work: {self._holder()}"
                raise InstallError(message, "wait until it has ended, or end it")
            time.sleep(_INTERVAL_SECONDS)

    def _sign(self, descriptor: int, action: str) -> None:
        holder = Holder(os.getpid(), action, datetime.now().astimezone().isoformat(timespec="seconds"))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)

    def _holder(self) -> str:
        """The holder in words; it may be about to write its name."""
        with suppress(OSError, ValueError, TypeError):
            return str(Holder(**json.loads(self.path.read_text(encoding="utf-8"))))
        return "a process that has not said its name yet"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
