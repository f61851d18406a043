"""What servers say of the encoding of a file, and what of it is to be believed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from file_server import serving_files
from localstack.packages.download import Checksum, download

CONTENT = gzip.compress(b"the archive" * 1000, mtime=0)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("tool.tgz", "gzip"), ("tool.tar.gz?version=1", "x-gzip"), ("tool", "identity"), ("tool", "Identity")],
)
def test_a_file_is_taken_as_its_author_made_it_and_resumed(tmp_path: Path, name: str, encoding: str) -> None:
    """Some servers call the compression of an archive the encoding of their answer."""
    with serving_files() as files:
        files.files[f"/{name}"] = CONTENT
        files.encodings[f"/{name}"] = encoding
        files.cuts[f"/{name}"] = [20]
        checksum = Checksum("sha256", files.sha256(f"/{name}"))
        download(f"{files.url}/{name}", tmp_path / "tool", tmp_path / "part", checksum)
        assert files.requested == [(f"/{name}", None), (f"/{name}", "bytes=20-")]
    assert (tmp_path / "tool").read_bytes() == CONTENT


def test_a_file_that_is_packed_for_the_way_is_unpacked(tmp_path: Path) -> None:
    with serving_files() as files:
        files.files["/tool"] = b"the program"
        files.packed.add("/tool")
        download(f"{files.url}/tool", tmp_path / "tool", tmp_path / "part", Checksum("sha256", files.sha256("/tool")))
    assert (tmp_path / "tool").read_bytes() == b"the program"
