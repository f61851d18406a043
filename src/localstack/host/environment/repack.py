"""Makes a wheel of an installed distribution again, so that it can be carried to a machine without an index."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_LEFT_OUT = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"}
"""What an installer writes into a ``dist-info`` folder."""

_SHEBANG = re.compile(rb"\A#!.*/python[0-9.]*(w?)\b[^\n]*")
_EXECUTABLE = 0o755
_PLAIN = 0o644


def repack(found: Distribution, folder: Path) -> Path:
    """Write a wheel of ``found`` into ``folder``; the same files always give the same bytes.

    Scripts that installers make from entry points are left out, and others begin with ``#!python`` again.
    """
    info = Path(str(found.locate_file(""))) / _info_name(found)
    stem = info.name.removesuffix(".dist-info")
    path = folder / f"{stem}-{_tag((info / 'WHEEL').read_text(encoding='utf-8'))}.whl"
    record: list[tuple[str, str, str]] = []
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content, mode in sorted(_files(found, stem)):
            _add(archive, name, content, mode)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append((name, f"sha256={digest}", str(len(content))))
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*record, (f"{info.name}/RECORD", "", "")])
        _add(archive, f"{info.name}/RECORD", text.getvalue().encode(), _PLAIN)
    return path


def _files(found: Distribution, stem: str) -> Iterator[tuple[str, bytes, int]]:
    """Name in the wheel, content and mode of each file."""
    generated = {point.name for point in found.entry_points if point.group in ("console_scripts", "gui_scripts")}
    for file in found.files or ():
        path = Path(str(file.locate()))
        is_info = file.parts[0] == f"{stem}.dist-info"
        if file.suffix == ".pyc" or (is_info and file.name in _LEFT_OUT):
            continue
        content, mode = path.read_bytes(), _EXECUTABLE if path.stat().st_mode & 0o100 else _PLAIN
        outside = [part for part in file.parts if part != ".."]
        if len(outside) == len(file.parts):
            yield file.as_posix(), content, mode
        elif outside[0] != "bin":
            yield f"{stem}.data/data/{'/'.join(outside)}", content, mode
        elif file.name not in generated:
            yield f"{stem}.data/scripts/{file.name}", _SHEBANG.sub(rb"#!python\1", content), mode


def _info_name(found: Distribution) -> str:
    return next(file.parts[0] for file in found.files or () if file.parts[0].endswith(".dist-info"))


def _tag(wheel_file: str) -> str:
    """``py2.py3-none-any`` for the lines ``Tag: py2-none-any`` and ``Tag: py3-none-any``."""
    tags = [line.partition(":")[2].strip().split("-") for line in wheel_file.splitlines() if line.startswith("Tag:")]
    return "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))


def _add(archive: ZipFile, name: str, content: bytes, mode: int) -> None:
    entry = ZipInfo(name)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, content)
