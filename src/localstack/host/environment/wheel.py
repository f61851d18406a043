"""Looks at a wheel before anything is done with it."""

from __future__ import annotations

import platform
import zlib
from email import message_from_bytes
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from localstack.host.errors import ResolutionError

_METADATA_FILES = ("METADATA", "RECORD", "WHEEL")
"""What the folder ``NAME-VERSION.dist-info`` of every wheel has (PEP 427)."""
UNZIP_ERRORS = (BadZipFile, EOFError, LZMAError, OSError, RuntimeError, ValueError, zlib.error)
"""What reading a damaged archive raises; ``RuntimeError`` is for what is encrypted or packed in an unknown way."""


def checked_name(wheel: Path, action: str) -> str:
    """Canonical name of the distribution in ``wheel``.

    :param action: what is done, for errors, e.g. ``"installing extension"``
    :raises ResolutionError: when it is no wheel, or one for another Python or system
    """
    try:
        name, _, _, tags = parse_wheel_filename(wheel.name)
        with ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = {
                path.rpartition("/")[2]: path for path in names if path.partition("/")[0].endswith(".dist-info")
            }
            missing = [file for file in _METADATA_FILES if file not in metadata]
            own = "" if missing else str(message_from_bytes(archive.read(metadata["METADATA"])).get("Name", ""))
    except UNZIP_ERRORS as error:
        raise _no_wheel(wheel, action, str(error)) from error
    if missing:
        raise _no_wheel(wheel, action, f"it has no {missing[0]}")
    if canonicalize_name(own) != name:
        raise _no_wheel(wheel, action, f"its metadata has another name, {own!r}")
    if tags.isdisjoint(sys_tags()):
        made_for = ", ".join(sorted(map(str, tags)))
        raise ResolutionError(
            f"Error while {action}: {wheel.name} is made for another Python or system ({made_for})",
            f"this host runs with Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        )
    return name


def _no_wheel(wheel: Path, action: str, why: str) -> ResolutionError:
    return ResolutionError(f"Error while {action}: {wheel.name} is no wheel: {why}", "build or fetch it again")
