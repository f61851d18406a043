"""Files and folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from localstack import config

__all__ = [
    "chmod_r",
    "cleanup_tmp_files",
    "cp_r",
    "load_file",
    "mkdir",
    "new_tmp_dir",
    "new_tmp_file",
    "rm_rf",
    "save_file",
]

_tmp_paths: list[str] = []


def load_file(
    file_path: str | os.PathLike[str],
    default: Any = None,
    mode: str | None = None,
    strict: bool = False,
) -> Any:
    """The content of a file, as text unless ``mode`` asks for bytes (``"rb"``).

    :param default: what to return when there is no such file
    :param strict: raise instead
    :raises FileNotFoundError: when ``strict`` is set and there is no such file
    """
    path = Path(file_path)
    if not path.is_file() and not strict:
        return default
    return path.read_bytes() if "b" in (mode or "") else path.read_text(encoding="utf-8")


def save_file(
    file: str | os.PathLike[str],
    content: str | bytes,
    append: bool = False,
    permissions: int | None = None,
) -> None:
    """Write text or bytes to a file; folders on the way to it are made.

    :param append: keep what is in the file
    :param permissions: mode of the file, e.g. ``0o600``
    """
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    # a mode is set before there is content, so that no one can read a secret in between
    with os.fdopen(os.open(path, flags, 0o666 if permissions is None else permissions), "wb") as stream:
        if permissions is not None:
            os.fchmod(stream.fileno(), permissions)
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


def new_tmp_file(suffix: str | None = None, dir: str | None = None) -> str:
    """Path of a new, empty file that is gone when the platform starts the next time.

    :param dir: folder for it, ``config.dirs.tmp`` without one
    """
    folder = dir or config.dirs.tmp
    mkdir(folder)
    descriptor, path = tempfile.mkstemp(suffix=suffix, dir=folder)
    os.close(descriptor)
    _tmp_paths.append(path)
    return path


def new_tmp_dir(dir: str | None = None, mode: int = 0o777) -> str:
    """Path of a new, empty folder that is gone when the platform starts the next time.

    :param dir: folder for it, ``config.dirs.tmp`` without one
    :param mode: its permissions; servers that run as another user write there, too
    """
    folder = dir or config.dirs.tmp
    mkdir(folder)
    path = tempfile.mkdtemp(dir=folder)
    Path(path).chmod(mode)
    _tmp_paths.append(path)
    return path


def cleanup_tmp_files() -> None:
    """Remove what ``new_tmp_file`` and ``new_tmp_dir`` have made in this process."""
    while _tmp_paths:
        rm_rf(_tmp_paths.pop())


def mkdir(folder: str | os.PathLike[str]) -> None:
    """Make a folder and those above it; one that is there stays as it is."""
    Path(folder).mkdir(parents=True, exist_ok=True)


def rm_rf(path: str | os.PathLike[str]) -> None:
    """Remove a file, a symbolic link or a folder with everything in it; does nothing when it is not there.

    :raises OSError: when something can't be removed
    """
    target = Path(path)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


def cp_r(src: str | os.PathLike[str], dst: str | os.PathLike[str], rm_dest_on_conflict: bool = False) -> None:
    """Copy a file, or a folder with everything in it; symbolic links stay links.

    :param dst: path of the copy; a folder that is there gets what the other has beside what it has itself
    :param rm_dest_on_conflict: remove what stands in the way, a file for a folder or the other way round
    :raises OSError: when something can't be read or written
    """
    source, target = Path(src), Path(dst)
    if rm_dest_on_conflict and target.exists() and target.is_dir() != source.is_dir():
        rm_rf(target)
    mkdir(target.parent)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def chmod_r(path: str | os.PathLike[str], mode: int) -> None:
    """Set the mode of a file, or of a folder and everything below it; symbolic links are left alone.

    Folders come before what they hold, so that a mode can open a folder that was closed.
    """
    if Path(path).is_symlink() or not Path(path).exists():
        return
    Path(path).chmod(mode)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            below = Path(folder, name)
            if not below.is_symlink():
                below.chmod(mode)
