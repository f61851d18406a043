"""A limit on memory that several share."""

from __future__ import annotations

from threading import RLock


class MemoryBudget:
    """How many bytes large things may take in memory together. May be used from any thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._free = limit_bytes
        self._lock = RLock()  # the garbage collector may give back in the middle of a take

    def take(self, size: int) -> bool:
        """Whether there was room for that many bytes; they are taken then."""
        with self._lock:
            if size > self._free:
                return False
            self._free -= size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._free += size
