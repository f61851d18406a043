"""A gate that calls of services pass, and that is closed while their state is taken as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock, RLock
from time import monotonic

_PATIENCE_SECONDS = 0.5
"""How long the gate waits for calls that are inside: some take longer, or wait for what another call would bring."""
_PATIENCE_WITH_WAITING_SECONDS = 0.05
"""How long it waits when all of them are such as may wait on purpose; most of those are done at once, too."""


@dataclass(frozen=True)
class Stragglers:
    """Calls that are still inside a closed gate.

    :ivar waiting: how many are such as may wait on purpose
    :ivar others: how many are not
    """

    waiting: int
    others: int


class Gate:
    """Many calls at a time, or one piece of work on the state of all services, but not both."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._works = RLock()
        self._is_closed = False
        self._inside = 0
        self._waiting = 0
        self._has_stragglers = False

    def enter(self, *, may_wait: bool = False) -> None:
        """Wait while the gate is closed; each ``enter`` needs a ``leave``."""
        with self._lock:
            while self._is_closed:
                self._changed.wait()
            self._inside += 1
            if may_wait:
                self._waiting += 1

    def leave(self, *, may_wait: bool = False) -> bool:
        """Whether this was the last of the calls that were inside while the gate was closed."""
        with self._lock:
            self._inside -= 1
            if may_wait:
                self._waiting -= 1
            if self._is_closed:
                self._changed.notify_all()
            if self._has_stragglers and not self._inside:
                self._has_stragglers = False
                return True
            return False

    @contextmanager
    def closed(self) -> Iterator[Stragglers]:
        """Keep new calls out; those inside get a moment to end. One such block at a time."""
        with self._works:
            with self._changed:
                self._is_closed = True
                started = monotonic()
                while self._inside and (left := started + self._patience_seconds - monotonic()) > 0:
                    self._changed.wait(left)
                self._has_stragglers = self._inside > 0
                stragglers = Stragglers(self._waiting, self._inside - self._waiting)
            try:
                yield stragglers
            finally:
                with self._changed:
                    self._is_closed = False
                    self._changed.notify_all()

    @property
    def _patience_seconds(self) -> float:
        return _PATIENCE_SECONDS if self._inside > self._waiting else _PATIENCE_WITH_WAITING_SECONDS
