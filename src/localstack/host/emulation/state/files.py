"""Files of snapshots: written aside, forced to the disk, and read only when they are this user's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from localstack.host.errors import SnapshotError

_ASIDE_SUFFIX = ".part"


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """An empty file, with mode 0600 for state holds secrets, in a folder; removed unless it was renamed.

    What writers left behind that were killed is removed, too: a folder has one writer.
    """
    remove_left_behind(folder)
    path = new_file_aside(folder)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def new_file_aside(folder: Path) -> Path:
    descriptor, name = mkstemp(dir=folder, prefix=".", suffix=_ASIDE_SUFFIX)
    os.close(descriptor)
    return Path(name)


def remove_left_behind(folder: Path) -> None:
    """Remove what a writer left behind that was killed."""
    for path in folder.glob(f".*{_ASIDE_SUFFIX}"):
        path.unlink(missing_ok=True)


def force_to_disk(path: Path) -> None:
    """A file's content outlasts a crash of the machine only then; its name when its folder is forced, too."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if path.is_dir():
            with contextlib.suppress(OSError):  # not every file system can
                os.fsync(descriptor)
        else:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_owner(file: IO[bytes], path: Path) -> None:
    """Loading a snapshot runs what it says, so nobody else may have written it.

    :raises SnapshotError: when somebody else may have
    """
    status = os.fstat(file.fileno())
    if status.st_uid != os.geteuid():
        raise SnapshotError(f"{path} belongs to another user", "only your own snapshots are loaded")
    if status.st_mode & 0o022:
        raise SnapshotError(f"{path} can be written by others", f"if you trust it: chmod go-w {path}")
