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

    def watch(self, is_over: threading.Event) -> None:
        """Log those that take long, ever more rarely; returns at once, and ends with ``is_over``."""
        threading.Thread(target=self._watch, args=(is_over,), name="Slow-Calls", daemon=True).start()

    def _watch(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self._has_begun.wait()  # an idle platform is not woken
            self._has_begun.clear()
            next_time: dict[_Call, float] = {}
            while self._under_way and not is_over.wait(_PATIENCE_SECONDS / 5):
                for call in tuple(self._under_way.values()):
                    elapsed = monotonic() - call.since
                    if elapsed >= next_time.get(call, _PATIENCE_SECONDS):
                        next_time[call] = 2 * elapsed
                        LOG.warning("extension %s is still in %s, after %d s", call.extension, call.place, elapsed)
