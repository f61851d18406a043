"""The body of a request while it comes in."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path
from typing import IO


class Upload:
    """A request's body while it comes in: in memory as long as it is small, then in a temporary file.

    :param folder: where the file is made
    :param memory_bytes: how much is kept in memory
    :ivar length: how many bytes have come
    :ivar is_spooled: True when the body is in a file, so that to ``add`` may take the time of a slow disk
    """

    def __init__(self, folder: Path, memory_bytes: int) -> None:
        self.length = 0
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._file: IO[bytes] = BytesIO()
        self.is_spooled = False

    def add(self, part: bytes) -> None:
        """Take the next part.

        :raises OSError: when it can't be written
        """
        self.length += len(part)
        if self.length > self._memory_bytes and not self.is_spooled:
            self._spool()
        self._file.write(part)

    def whole(self) -> IO[bytes]:
        """The body, from its beginning; the caller closes it."""
        self._file.seek(0)
        return self._file

    def drop(self) -> None:
        self._file.close()

    def _spool(self) -> None:
        memory = self._file
        assert isinstance(memory, BytesIO)
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by drop, or by the request
        self._file.write(memory.getbuffer())
        self.is_spooled = True
