"""Unpacks archives, and nothing outside the folder that they are unpacked into."""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path

from localstack.packages.api import PackageException

__all__ = ["extract", "extract_member"]

_REASONS = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    RuntimeError,  # of zipfile: the archive is encrypted, or compressed in a way that it does not know
)  # fmt: skip


def extract(archive: Path, folder: Path) -> None:
    """Unpack a ``.zip`` or a ``.tar``, compressed in whatever way ``tarfile`` knows; its name does not matter.

    :param folder: exists
    :raises PackageException: when it is neither, is damaged, or has something that would lie outside ``folder``
    """
    try:
        root = folder.resolve()
        if tarfile.is_tarfile(archive):  # asked first: a .tar that ends with a .zip would pass for a .zip
            with tarfile.open(archive) as tar:
                for member in tar:
                    extract_member(tar, member, root)
        else:
            with zipfile.ZipFile(archive) as opened:
                for entry in opened.infolist():
                    _extract_entry(opened, entry, root)
    except _REASONS as error:
        raise PackageException(f"the archive {archive.name} can't be unpacked: {error}") from error


def extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    """Unpack one file, folder or link into ``root``.

    The filter ``data`` of ``tarfile`` (PEP 706) is only the second guard, as the first releases of Python 3.11, among
    them Debian's, have none. Unlike it, an absolute path is refused here, not taken as one below ``root``.

    :param root: exists, and is resolved
    :raises tarfile.TarError: when it would lie or lead outside, or is a device
    """
    path = root / member.name
    leads_to = (root if member.islnk() else path.parent) / member.linkname
    if not all(_resolved(place).is_relative_to(root) for place in (path, leads_to)):
        raise tarfile.ExtractError(f"its entry {member.name!r} lies or leads outside the archive's folder")
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.ExtractError(f"its entry {member.name!r} is neither a file nor a folder nor a link")
    member.mode = 0o755 if member.isdir() else (member.mode | 0o600) & 0o755
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    tar.extraction_filter = getattr(tarfile, "data_filter", None)
    tar.extract(member, root)


def _resolved(path: Path) -> Path:
    """``path`` without links, also below what is missing.

    ``Path.resolve`` takes what the system finds too long for no link, and goes on (CVE-2025-4517).

    :raises OSError: then
    """
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        parent = _resolved(path.parent)
    place = parent.parent if path.name == ".." else parent / path.name
    try:
        is_link = stat.S_ISLNK(place.lstat().st_mode)
    except FileNotFoundError:
        return place
    return _resolved(parent / place.readlink()) if is_link else place


def _extract_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path) -> None:
    """Like ``ZipFile.extract``, but what lies outside is an error, and programs stay executable."""
    mode = entry.external_attr >> 16  # of Unix; 0 where the archive was made elsewhere
    path = root / entry.filename
    is_inside = path.resolve().is_relative_to(root)
    if not is_inside or stat.S_ISLNK(mode):
        what = "is a link" if is_inside else "lies outside the archive's folder"
        raise ValueError(f"its entry {entry.filename!r} {what}")
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    if mode & 0o111:
        path.chmod(path.stat().st_mode | 0o111)
