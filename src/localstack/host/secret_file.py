"""Writes files with secrets in them, readable by their owner only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from localstack.host.errors import LeantoError

_OWNER_ONLY = 0o600


def write_secret(path: Path, text: str) -> None:
    """Write ``text`` to a new file that has its mode before a byte is in it, and put that in the old one's place.

    :raises LeantoError: when the folder can't be written
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w") as file:
            file.write(text)
        aside.replace(path)
    except OSError as error:
        raise LeantoError(f"{path} can't be written: {error.strerror}") from error
    finally:
        with suppress(OSError):  # the folder is none, or is not for this user: then there is nothing
            aside.unlink()
