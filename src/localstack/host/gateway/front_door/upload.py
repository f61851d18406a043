"""The body of a request while it comes in."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO

from localstack.host.memory_budget import MemoryBudget

_LARGEST_IN_MEMORY = 16 * 1024 * 1024
_STEP = 1024 * 1024


class Upload:
    """A request's body while it comes in: in memory as long as it is small or there is room, then in a temporary file.

    :param folder: where the file is made
    :param memory_bytes: how much is kept in memory in any case
    :param budget: what larger ones may take of the memory together
    :ivar length: how many bytes have come
    :ivar is_spooled: True when the body is in a file, so that to ``add`` may take the time of a slow disk
    """

    def __init__(self, folder: Path, memory_bytes: int, budget: MemoryBudget) -> None:
        self.length = 0
        self._folder = folder
        self._room = memory_bytes
        self._memory = _InMemory(budget)
        self._file: IO[bytes] = self._memory
        self.is_spooled = False

    def add(self, part: bytes) -> None:
        """Take the next part.

        :raises OSError: when it can't be written
        """
        self.length += len(part)
        while self.length > self._room and not self.is_spooled:
            if self.length <= _LARGEST_IN_MEMORY and self._memory.grow(_STEP):
                self._room += _STEP
            else:
                self._spool()
        self._file.write(part)

    def whole(self) -> IO[bytes]:
        """The body, from its beginning; the caller closes it."""
        self._file.seek(0)
        return self._file

    def drop(self) -> None:
        self._file.close()

    def _spool(self) -> None:
        with self._memory as memory:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by drop, or by the request
            self._file.write(memory.getvalue())
        self.is_spooled = True


class _InMemory(BytesIO):
    """A body in memory that gives back what it has taken of a budget when it is closed."""

    def __init__(self, budget: MemoryBudget) -> None:
        super().__init__()
        self._budget = budget
        self._taken = 0

    def grow(self, size: int) -> bool:
        """Whether there is room for so many bytes more."""
        if not self._budget.take(size):
            return False
        self._taken += size
        return True

    def close(self) -> None:
        taken, self._taken = self._taken, 0
        if taken:
            self._budget.give_back(taken)
        super().close()
