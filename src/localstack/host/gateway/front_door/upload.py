"""The body of a request while it comes in."""

from __future__ import annotations

import socket
import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO

from localstack.host.memory_budget import MemoryBudget

_LARGEST_IN_MEMORY = 16 * 1024 * 1024
_STEP = 1024 * 1024
_RECEIVED_AT_ONCE = 1024 * 1024  # then other clients have their turn


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

    def expect(self, length: int) -> bool:
        """Make room in memory for a body of ``length`` bytes at once; then ``receive_from`` can be called.

        :return: False when it is too large for that
        """
        missing = max(0, length - self._room)
        if self.is_spooled or length > _LARGEST_IN_MEMORY or not self._memory.grow(missing):
            return False
        self._room += missing
        self._file = self._memory = self._memory.enlarged(length)
        return True

    def receive_from(self, sock: socket.socket) -> int:
        """Let the kernel write what has come right into the body; how many bytes that were, 0 at the client's end.

        :raises OSError: when the connection is broken; BlockingIOError: when nothing has come
        """
        with self._memory.getbuffer() as room:
            count = sock.recv_into(room[self.length : self.length + _RECEIVED_AT_ONCE])
        self.length += count
        self._memory.seek(self.length)
        return count

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

    def __init__(self, budget: MemoryBudget, begun: bytes = b"") -> None:
        super().__init__(begun)
        self._budget = budget
        self._taken = 0

    def grow(self, size: int) -> bool:
        """Whether there is room for so many bytes more."""
        if not self._budget.take(size):
            return False
        self._taken += size
        return True

    def enlarged(self, size: int) -> _InMemory:
        """What is in it, filled up to ``size``, in a buffer that ``getvalue`` and ``read`` give out without a copy."""
        larger = _InMemory(self._budget, bytes(size))
        larger.write(self.getvalue())
        larger._taken, self._taken = self._taken, 0
        self.close()
        return larger

    def close(self) -> None:
        taken, self._taken = self._taken, 0
        if taken:
            self._budget.give_back(taken)
        super().close()
