"""Says for which extension a start waits: a hook that never returns would otherwise leave a log that just ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import NamedTuple

LOG = logging.getLogger("localstack.extensions.platform")

_PATIENCE_SECONDS = 5.0


class _Call(NamedTuple):
    extension: str
    place: str
    since: float


class SlowCalls:
    """The calls into extensions that are under way, by thread."""

    def __init__(self) -> None:
        self._under_way: dict[int, _Call] = {}
        self._has_begun = threading.Event()
        self._is_over = threading.Event()

    @contextmanager
    def noted(self, extension: str, place: str) -> Iterator[None]:
        """Around a call; calls within it count as it."""
        thread = threading.get_ident()
        is_first = self._under_way.setdefault(thread, call := _Call(extension, place, monotonic())) is call
        self._has_begun.set()
        try:
            yield
        finally:
            if is_first:
                del self._under_way[thread]

    def watch(self) -> None:
        """Log those that take long, ever more rarely, until ``end``; returns at once."""
        threading.Thread(target=self._watch, name="Slow-Calls", daemon=True).start()

    def end(self) -> None:
        """Watch no longer."""
        self._is_over.set()
        self._has_begun.set()

    def _watch(self) -> None:
        due: dict[_Call, float] = {}
        while not self._is_over.is_set():
            # only a call that begins wakes an idle platform, or one in which a call never returns
            self._has_begun.wait(max(0.0, min(due.values()) - monotonic()) if due else None)
            self._has_begun.clear()
            self._is_over.wait(_PATIENCE_SECONDS / 5)  # many calls that return soon are one to wake up for
            due = {call: due.get(call, call.since + _PATIENCE_SECONDS) for call in tuple(self._under_way.values())}
            for call in [call for call, time in due.items() if time <= monotonic()]:
                elapsed = monotonic() - call.since
                due[call] = monotonic() + elapsed
                LOG.warning("extension %s is still in %s, after %d s", call.extension, call.place, elapsed)
