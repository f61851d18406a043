"""Importing services before anybody calls them, on a thread that lets callers go first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from time import monotonic

_LOG = logging.getLogger(__name__)


class EagerLoading:
    """Loads services one after the other, with a pause after each that is as long as the loading took.

    In the pauses, calls get what the imports hold: Python's interpreter and moto's lock.
    """

    def __init__(self, services: Sequence[str], load: Callable[[str], None]) -> None:
        self._services = services
        self._load = load
        self._stopped = Event()

    def start(self) -> None:
        Thread(target=self._run, name="Eager-Service-Loading", daemon=True).start()

    def stop(self) -> None:
        """Load no further service."""
        self._stopped.set()

    def _run(self) -> None:
        begun = monotonic()
        for service in self._services:
            started = monotonic()
            self._load(service)
            if self._stopped.wait(monotonic() - started):
                return
        _LOG.info("loaded %d services in %.1f s", len(self._services), monotonic() - begun)
