"""The contents of large objects of S3: each is read once, and saved once."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO
from weakref import WeakKeyDictionary

from localstack.host.emulation.object_content import ObjectContent
from localstack.host.emulation.state.progress import Writable
from localstack.host.emulation.state.snapshot import Opener, verified_content

LARGE_BYTES = 1 << 16
"""Contents from this size on are a part of their own in a snapshot; smaller ones are in the pickle."""
_CHUNK_BYTES = 1 << 20

BodyFile = SpooledTemporaryFile[bytes] | ObjectContent
"""Where moto has the contents of an object. Written once: an object that is replaced gets another one."""

_PARTS: WeakKeyDictionary[BodyFile, str] = WeakKeyDictionary()
"""Names of the parts with these contents, as far as they were worked out."""


class Body:
    """Contents as they are now: moto may close its file before they are written.

    :param is_saved: whether a part is there already; its contents are not held then
    """

    def __init__(self, file: BodyFile, is_saved: Callable[[str], bool]) -> None:
        self._file = file
        self._content: bytes | int = b""
        self.is_saved = (part := _PARTS.get(file)) is not None and is_saved(part)
        if not self.is_saved:
            held: bytes | IO[bytes] = file.held if isinstance(file, ObjectContent) else file._file
            if isinstance(held, bytes):
                self._content = held
            elif isinstance(held, io.BytesIO):
                self._content = held.getvalue()  # shared, not copied
            else:
                held.flush()
                self._content = os.dup(held.fileno())

    @property
    def part(self) -> str:
        """The name of the part with these contents."""
        if (part := _PARTS.get(self._file)) is None:
            digest = sha256()
            for chunk in self._chunks():
                digest.update(chunk)
            part = _PARTS[self._file] = digest.hexdigest()
        return part

    def copy_to(self, target: Writable) -> None:
        for chunk in self._chunks():
            target.write(chunk)

    def close(self) -> None:
        if isinstance(self._content, int):
            os.close(self._content)
        self._content = b""

    def _chunks(self) -> Iterator[bytes | memoryview]:
        if isinstance(self._content, bytes):
            view = memoryview(self._content)
            yield from (view[start : start + _CHUNK_BYTES] for start in range(0, len(view), _CHUNK_BYTES))
        else:
            position = 0
            while chunk := os.pread(self._content, _CHUNK_BYTES, position):
                yield chunk
                position += len(chunk)


def read_body(open_part: Opener, part: str) -> BodyFile:
    """A file for moto with the contents of a part.

    :raises SnapshotError: when the part is damaged
    """
    from moto.s3 import models
    from moto.settings import get_s3_default_key_buffer_size

    file: BodyFile = models.tempfile.SpooledTemporaryFile(get_s3_default_key_buffer_size())  # or its stand-in
    file.write(verified_content(open_part, part))
    _PARTS[file] = part
    return file
