"""A file that a person names for what a command writes."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(target: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``target`` in one step when the block ends well, and goes otherwise.

    What is there and is no file, such as ``/dev/stdout``, is written to as it is.

    :param mode: permissions of a new file, less the user's mask; of one that is there, what both have
    :raises OSError: when it can't be written; what was there before is as it was
    """
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    place = Path(os.path.realpath(target))  # a link stays one
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a number
            if place.exists():
                os.fchmod(descriptor, stat.S_IMODE(place.stat().st_mode) & mode)
            yield file
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
