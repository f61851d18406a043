"""Where the contents of S3's objects are: as the bytes that the client sent, uncopied; what is too much in files."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO

from localstack.host.memory_budget import MemoryBudget

MIB = 1024 * 1024
BUDGET_BYTES = 256 * MIB


_BUDGET = MemoryBudget(BUDGET_BYTES)


class ObjectContent:
    """Stands in for the ``SpooledTemporaryFile`` of moto's objects, as far as they use it: written once, read often.

    A small object is always in memory, a large one as long as the budget lasts. Who reads all of it gets the very bytes
    that were written.

    :param max_size: up to that many bytes an object is small
    """

    def __init__(self, max_size: int, budget: MemoryBudget = _BUDGET) -> None:
        self._max_size = max_size
        self._budget = budget
        self._data = b""
        self._position = 0
        self._file: IO[bytes] | None = None
        self._taken = 0

    def write(self, data: bytes) -> None:
        """Make that the content. It may be called once after each ``truncate``."""
        size = len(data)
        if size > self._max_size:
            if not self._budget.take(size):
                self._file = TemporaryFile()  # noqa: SIM115 - as long as the object is there
                self._file.write(data)
                return
            self._taken = size
        self._data = bytes(data)
        self._position = size

    def read(self, size: int = -1) -> bytes:
        if self._file is not None:
            return self._file.read(size)
        start, self._position = self._position, len(self._data) if size < 0 else self._position + size
        return self._data[start : self._position]  # all of it is the same object, without a copy

    def seek(self, position: int) -> None:
        self._position = position
        if self._file is not None:
            self._file.seek(position)

    @property
    def held(self) -> bytes | IO[bytes]:
        """The content, or the file that it is in: to read it beside others, without moving their position."""
        return self._data if self._file is None else self._file

    def truncate(self) -> None:
        """Forget the content."""
        self.close()

    def close(self) -> None:
        self._budget.give_back(self._taken)
        self._taken, self._data, self._position = 0, b"", 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()
