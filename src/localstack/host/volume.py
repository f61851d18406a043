"""The volume: the folder that all of a platform's files are in."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack.host.errors import VolumeError
from localstack.host.settings import Settings

_FULL = (errno.ENOSPC, errno.EDQUOT)


def make_folders(settings: Settings) -> None:
    """Make the folders that a platform needs, and empty the scratch folder unless it is to be kept.

    :raises VolumeError: when the volume can't be read or written
    """
    volume = settings.volume_dir
    try:
        if settings.clear_tmp and settings.tmp_dir.is_dir():
            shutil.rmtree(settings.tmp_dir, ignore_errors=True)
        for path in (settings.run_dir, settings.log_dir, settings.tmp_dir, settings.extensions_dir):
            path.mkdir(parents=True, exist_ok=True)
        for name in ("cache", "state"):
            (volume / name).mkdir(exist_ok=True)
        if not os.access(volume, os.R_OK | os.W_OK | os.X_OK):
            code = errno.EROFS if is_read_only(volume) else errno.EACCES
            raise OSError(code, os.strerror(code), str(volume))
    except OSError as error:
        raise VolumeError(
            f"the volume {volume} can't be used: {error.strerror}: {error.filename}",
            f"{_first_step(error)}, or set LOCALSTACK_VOLUME_DIR to another folder",
        ) from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file, ``path`` where nothing else is named, into a sentence.

    :raises VolumeError: for an ``OSError``
    """
    try:
        yield
    except OSError as error:
        raise VolumeError(
            f"{error.filename or path} can't be written: {error.strerror or error}",
            f"{_first_step(error)}, or set LOCALSTACK_VOLUME_DIR to another folder",
        ) from error


def is_read_only(path: Path) -> bool:
    """Whether the file system that ``path`` is on lets nobody write."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _first_step(error: OSError) -> str:
    return "free some space" if error.errno in _FULL else "make it readable and writable"
