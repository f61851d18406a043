"""Files, text, collections, functions, objects, JSON and platform names of ``localstack.utils``."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from localstack import config
from localstack.utils import collections, files, functions, json, objects, platform, strings


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_saved_is_loaded_again_as_text_or_bytes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    files.save_file(str(path), "grün\n")
    files.save_file(path, b"more", append=True)
    assert files.load_file(str(path)) == "grün\nmore"
    assert files.load_file(path, mode="rb") == "grün\nmore".encode()
    files.save_file(path, "short")
    assert files.load_file(path) == "short"


def test_a_missing_file_gives_the_default_or_an_error(tmp_path: Path) -> None:
    assert files.load_file(tmp_path / "none") is None
    assert files.load_file(tmp_path / "none", default="{}") == "{}"
    with pytest.raises(FileNotFoundError):
        files.load_file(tmp_path / "none", strict=True)


def test_a_saved_file_gets_exactly_the_mode_asked_for(tmp_path: Path) -> None:
    files.save_file(tmp_path / "script", "", permissions=0o777)
    files.save_file(tmp_path / "script", "secret", permissions=0o600)
    assert mode_of(tmp_path / "script") == 0o600


def test_temporary_files_are_in_the_folder_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.dirs, "tmp", str(tmp_path / "tmp"))
    first, second = Path(files.new_tmp_file(suffix=".json")), Path(files.new_tmp_file())
    assert first.parent == second.parent == tmp_path / "tmp"
    assert first != second
    assert first.suffix == ".json"
    assert first.read_bytes() == b""
    assert Path(files.new_tmp_file(dir=str(tmp_path / "other"))).parent == tmp_path / "other"


def test_removing_takes_files_folders_and_links_but_not_what_links_point_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    files.mkdir(kept)
    files.mkdir(str(tmp_path / "a" / "b"))
    files.mkdir(tmp_path / "a" / "b")
    (tmp_path / "a" / "link").symlink_to(kept)
    (tmp_path / "link").symlink_to(kept)
    for path in (tmp_path / "a", tmp_path / "link", tmp_path / "none"):
        files.rm_rf(str(path))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_modes_are_set_below_a_folder_but_not_through_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(mode=0o600)
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "file").touch(mode=0o600)
    (tmp_path / "tree" / "link").symlink_to(outside)
    files.chmod_r(str(tmp_path / "tree"), 0o755)
    assert [mode_of(tmp_path / "tree" / part) for part in ("", "sub", "sub/file")] == [0o755] * 3
    assert mode_of(outside) == 0o600
    files.chmod_r(str(tmp_path / "none"), 0o755)


def test_text_and_bytes() -> None:
    assert (strings.to_str(b"\xc3\xb6"), strings.to_str("ö")) == ("ö", "ö")
    assert (strings.to_bytes("ö"), strings.to_bytes(b"x")) == (b"\xc3\xb6", b"x")
    assert strings.to_str(b"\xff", errors="replace") == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        strings.to_str(b"\xff")


@pytest.mark.parametrize(
    ("data", "length", "text"),
    [("abcdef", 3, "abc..."), ("abc", 3, "abc"), (None, 5, ""), (b"abcd\xff", 4, "abcd..."), ([1, 2], 9, "[1, 2]")],
)
def test_long_text_is_cut(data: Any, length: int, text: str) -> None:
    assert strings.truncate(data, max_length=length) == text


def test_identifiers_differ() -> None:
    short = {strings.short_uid() for _ in range(50)}
    assert len(short) == 50
    assert {len(each) for each in short} == {8}
    assert [len(part) for part in strings.long_uid().split("-")] == [8, 4, 4, 4, 12]


def test_lists_and_entries() -> None:
    assert collections.ensure_list("a") == ["a"]
    assert collections.ensure_list(["a"]) == ["a"]
    assert collections.ensure_list(None) is None
    assert collections.ensure_list(None, wrap_none=True) == [None]
    assert collections.select_attributes({"a": 1, "b": None, "c": 3}, ["b", "c", "d"]) == {"b": None, "c": 3}


def test_a_safe_call_gives_the_default_instead_of_an_error() -> None:
    assert functions.run_safe(int, "12") == 12
    assert functions.run_safe(int, "x") is None
    assert functions.run_safe(int, "ff", base=16) == 255
    assert functions.run_safe(int, "x", _default=-1) == -1
    with pytest.raises(KeyboardInterrupt):
        functions.run_safe(_interrupt)


def _interrupt() -> None:
    raise KeyboardInterrupt


def test_a_singleton_is_made_once_until_it_is_cleared() -> None:
    made: list[int] = []

    @objects.singleton_factory
    def number() -> int:
        """A number."""
        made.append(1)
        return len(made)

    assert [number(), number()] == [1, 1]
    number.clear()
    assert number() == 2
    assert number.__doc__ == "A number."


def test_all_classes_below_a_class_are_found() -> None:
    class Top: ...

    class Left(Top): ...

    class Right(Top): ...

    class Both(Left, Right): ...

    assert objects.get_all_subclasses(Top) == {Left, Right, Both}


def test_json_and_yaml_are_parsed() -> None:
    assert json.parse_json_or_yaml('{"a": [1]}') == {"a": [1]}
    assert json.parse_json_or_yaml("a:\n  - 1\n") == {"a": [1]}


@pytest.mark.parametrize(
    ("machine", "arch"), [("x86_64", "amd64"), ("AMD64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64")]
)
def test_names_of_architectures(monkeypatch: pytest.MonkeyPatch, machine: str, arch: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)  # this machine has but one
    assert platform.get_arch() == arch


@pytest.mark.parametrize(("system", "name"), [("linux", "linux"), ("darwin", "osx"), ("win32", "windows")])
def test_names_of_operating_systems(monkeypatch: pytest.MonkeyPatch, system: str, name: str) -> None:
    monkeypatch.setattr("sys.platform", system)  # this machine has but one
    assert platform.get_os() == name


def test_the_name_of_an_architecture_is_its_text() -> None:
    assert f"tool-{platform.Arch.amd64}" == "tool-amd64"
    assert platform.Arch.arm64 == "arm64"
