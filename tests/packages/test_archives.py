"""What an archive may do when it is unpacked; its author may be anybody."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from localstack.packages import PackageException
from localstack.packages._archive import extract

_LONG = "d" * 247
_DEEP = [("/".join("abcdefghijklmnop"[:depth]), "abcdefghijklmnop"[depth]) for depth in range(16)]
"""Folders below each other, by the one-letter links that lead to them; in full the last is nearly too long a path."""

REFUSED = {
    "a path above": [("../escaped", tarfile.REGTYPE, "")],
    "an absolute path": [("/tmp/leanto-escaped", tarfile.REGTYPE, "")],
    "a link above": [("link", tarfile.SYMTYPE, "../outside")],
    "an absolute link": [("link", tarfile.SYMTYPE, "/etc")],
    "a hard link above": [("link", tarfile.LNKTYPE, "../outside/precious")],
    "through a chain of links": [
        ("folder/", tarfile.DIRTYPE, ""),
        ("folder/one", tarfile.SYMTYPE, ".."),
        ("folder/one/two", tarfile.SYMTYPE, ".."),
        ("folder/one/two/escaped", tarfile.REGTYPE, ""),
    ],
    "through links that are too long when they are followed": [
        *(
            entry
            for above, link in _DEEP
            for entry in (
                (f"{above}/{_LONG}".lstrip("/"), tarfile.DIRTYPE, ""),
                (f"{above}/{link}".lstrip("/"), tarfile.SYMTYPE, _LONG),
            )
        ),
        ("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/" + "l" * 254, tarfile.SYMTYPE, "/".join([".."] * 16)),
        ("up", tarfile.SYMTYPE, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/" + "l" * 254 + "/.."),
        ("up/escaped", tarfile.REGTYPE, ""),
    ],
    "a device": [("device", tarfile.CHRTYPE, "")],
    "a pipe": [("pipe", tarfile.FIFOTYPE, "")],
}


@pytest.fixture(params=["Python's own filter", "ours alone"])
def _filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian 12 has Python 3.11.2, whose ``tarfile`` has no filters."""
    if request.param == "ours alone":
        monkeypatch.setattr(tarfile, "data_filter", lambda member, path: member, raising=False)


def write_tar(path: Path, entries: list[tuple[str, bytes, str]], mode: int = 0o644) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, target in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode, info.uid, info.uname = kind, target, mode, 12345, "nobody"
            info.size = 2 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"it"))
    return path


@pytest.mark.usefixtures("_filters")
@pytest.mark.parametrize("entries", REFUSED.values(), ids=REFUSED.keys())
def test_what_lies_or_leads_outside_is_refused(tmp_path: Path, entries: list[tuple[str, bytes, str]]) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "precious").write_text("precious")
    with pytest.raises(PackageException, match=r"the archive a\.tgz can't be unpacked: "):
        extract(write_tar(tmp_path / "a.tgz", entries), folder)
    assert sorted(tmp_path.rglob("escaped")) == []
    assert (outside / "precious").stat().st_nlink == 1


@pytest.mark.usefixtures("_filters")
def test_links_within_the_archive_are_kept_and_modes_are_tame(tmp_path: Path) -> None:
    entries = [
        ("bin/", tarfile.DIRTYPE, ""),
        ("bin/program", tarfile.REGTYPE, ""),
        ("bin/alias", tarfile.SYMTYPE, "program"),
        ("bin/same", tarfile.LNKTYPE, "bin/program"),
        ("up", tarfile.SYMTYPE, "bin/../bin"),
    ]
    (tmp_path / "folder").mkdir()
    extract(write_tar(tmp_path / "a.tgz", entries, mode=0o6777), tmp_path / "folder")
    program = tmp_path / "folder" / "up" / "program"
    assert (program.read_text(), program.with_name("alias").read_text()) == ("it", "it")
    status = program.stat()
    assert (oct(status.st_mode), status.st_nlink, status.st_uid) == ("0o100755", 2, tmp_path.stat().st_uid)
