"""Files on their way into a container and out of it, with a real engine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from localstack.utils.container_utils.container_client import ContainerClient, ContainerException

IMAGE = "leanto/busybox"


def test_files_go_in_and_out_as_with_docker_cp(client: ContainerClient, tmp_path: Path) -> None:
    client.create_container(IMAGE, name="box")
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "sub" / "b.txt").write_text("b")
    client.copy_into_container("box", str(source / "a.txt"), container_path="/tmp/renamed.txt")
    client.copy_into_container("box", str(source / "a.txt"), "/tmp")
    client.copy_into_container("box", str(source), "/tmp")
    client.copy_into_container("box", str(source), "/copy")
    target = tmp_path / "target"
    client.copy_from_container("box", str(target), "/tmp")
    assert {str(p.relative_to(target)): p.read_text() for p in target.rglob("*.txt")} == {
        "renamed.txt": "a",
        "a.txt": "a",
        "source/a.txt": "a",
        "source/sub/b.txt": "b",
    }
    client.copy_into_container("box", f"{source}/.", "/etc")
    client.copy_into_container("box", f"{source / 'sub'}/.", "/new")
    for path in ("/etc/a.txt", "/etc/sub/b.txt", "/etc/motd", "/new/b.txt"):
        client.copy_from_container("box", str(tmp_path / "read"), path)
    client.copy_from_container("box", str(tmp_path), "/copy/sub/b.txt")
    assert (tmp_path / "b.txt").read_text() == "b"
    with pytest.raises(ContainerException, match="box has no /nothing"):
        client.copy_from_container("box", str(tmp_path), "/nothing")
    with pytest.raises(ContainerException, match="box has no folder /no to copy where to"):
        client.copy_into_container("box", str(source / "a.txt"), "/no/where")
    with pytest.raises(FileNotFoundError):
        client.copy_into_container("box", str(tmp_path / "missing"), "/tmp")


def test_paths_may_be_objects_and_the_content_of_a_folder_may_go_to_the_root(
    client: ContainerClient, tmp_path: Path
) -> None:
    client.run_container(IMAGE, name="box", detach=True)
    (tmp_path / "source").mkdir(mode=0o700)
    (tmp_path / "source" / "a.txt").write_text("a")
    client.copy_into_container("box", tmp_path / "source", PurePosixPath("/tmp"))
    client.copy_into_container("box", f"{tmp_path}/source/.", "/")
    assert client.exec_in_container("box", "cat /tmp/source/a.txt /a.txt")[0] == b"aa"
    assert b"drwx------" not in client.exec_in_container("box", "ls -ld /")[0]
    client.copy_from_container("box", tmp_path / "read", PurePosixPath("/a.txt"))
    assert (tmp_path / "read").read_text() == "a"


def test_a_file_with_two_names_in_a_container_has_them_in_the_copy(client: ContainerClient, tmp_path: Path) -> None:
    client.run_container(IMAGE, name="box", detach=True)
    client.exec_in_container("box", ["sh", "-c", "mkdir /data; echo inside > /data/a; ln /data/a /data/b"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("of the host")
    client.copy_from_container("box", str(tmp_path / "copy"), "/data")
    assert {path.name: path.read_text() for path in (tmp_path / "copy").iterdir()} == {"a": "inside\n", "b": "inside\n"}
    assert (tmp_path / "data" / "a").stat().st_nlink == 1
