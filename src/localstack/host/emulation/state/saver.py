"""Saving in the background, some time after a change."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

_SHARE = 0.05
"""Calls wait while the state is taken, so saving may take this part of the time at most."""


class Saver:
    """Calls ``save`` on a thread of its own after ``wake``, once for all that wake it within the interval."""

    def __init__(self, save: Callable[[], None], interval_seconds: float) -> None:
        self._save = save
        self._interval_seconds = interval_seconds
        self._woken = Event()
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="State-Saver", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        if not self._woken.is_set():
            self._woken.set()

    def stop(self) -> None:
        """Save no more; a save under way ends first."""
        self._stopped.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause_seconds = self._interval_seconds
        while self._woken.wait() and not self._stopped.wait(pause_seconds):
            self._woken.clear()
            started = monotonic()
            self._save()
            pause_seconds = max(self._interval_seconds, (monotonic() - started) / _SHARE)
