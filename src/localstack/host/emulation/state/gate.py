"""A gate that calls of services pass, and that is closed while their state is taken as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock, RLock
from time import monotonic

_PATIENCE_SECONDS = 0.5
"""How long the gate waits for calls that are inside: what lasts longer waits for messages, and changes nothing."""


class Gate:
    """Many calls at a time, or one piece of work on the state of all services, but not both."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._works = RLock()
        self._is_closed = False
        self._inside = 0

    def enter(self) -> None:
        """Wait while the gate is closed; each ``enter`` needs a ``leave``."""
        with self._lock:
            while self._is_closed:
                self._changed.wait()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._is_closed:
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Keep new calls out; those inside get a moment to end. One such block at a time."""
        with self._works:
            with self._changed:
                self._is_closed = True
                deadline = monotonic() + _PATIENCE_SECONDS
                while self._inside and (left := deadline - monotonic()) > 0:
                    self._changed.wait(left)
            try:
                yield
            finally:
                with self._changed:
                    self._is_closed = False
                    self._changed.notify_all()
