"""Files, text, collections, functions, objects, JSON and platform names of ``localstack.utils``."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from localstack import config
from localstack.utils import collections, files, functions, json, objects, platform, strings, urls


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


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ("CreateQueue", "create_queue"),
        ("ListVPCEndpoints", "list_vpc_endpoints"),
        ("queueUrl", "queue_url"),
        ("MD5OfBody", "md5_of_body"),
        ("", ""),
    ],
)
def test_names_change_from_camel_to_snake_case(camel: str, snake: str) -> None:
    assert strings.camel_to_snake_case(camel) == snake


def test_names_change_from_snake_to_camel_case() -> None:
    assert strings.snake_to_camel_case("list_queues") == "ListQueues"
    assert strings.snake_to_camel_case("queue_url", capitalize_first=False) == "queueUrl"


def test_the_md5_of_text_is_that_of_its_bytes() -> None:
    assert strings.md5("abc") == strings.md5(b"abc") == "900150983cd24fb0d6963f7d28e17f72"


def test_entries_are_removed_in_place_and_below_if_asked_for() -> None:
    tree = {"a": 1, "b": {"a": 1, "c": [{"a": 1, "d": 2}, [{"a": 1}], "a"]}}
    assert collections.remove_attributes(tree, ["a", "none"]) is tree
    assert tree["b"] == {"a": 1, "c": [{"a": 1, "d": 2}, [{"a": 1}], "a"]}
    assert collections.remove_attributes(tree, ["a"], recursive=True) == {"b": {"c": [{"d": 2}, [{}], "a"]}}


def test_of_merged_entries_the_last_counts() -> None:
    first = {"a": 1, "b": 1}
    assert collections.merge_dicts(first, None, {"b": 2}) == {"a": 1, "b": 2}
    assert first == {"a": 1, "b": 1}
    assert collections.merge_dicts(None, default="nothing") == "nothing"


def test_a_safe_call_warns_of_what_it_swallows(caplog: pytest.LogCaptureFixture) -> None:
    assert functions.call_safe(int, ["ff"], {"base": 16}) == 255
    assert functions.call_safe(int, args=("x",)) is None
    assert functions.call_safe(int, ("x",), exception_message="no number") is None
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [message.partition(":")[0] for message in messages] == ["error calling function int", "no number"]
    assert "invalid literal" in messages[0]


def test_temporary_folders_are_open_to_all_and_removed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config.dirs, "tmp", str(tmp_path / "tmp"))
    files.cleanup_tmp_files()
    folder, own, file = Path(files.new_tmp_dir()), Path(files.new_tmp_dir(mode=0o700)), Path(files.new_tmp_file())
    (folder / "full").touch()
    assert (mode_of(folder), mode_of(own)) == (0o777, 0o700)
    assert folder.parent == own.parent == file.parent == tmp_path / "tmp"
    files.cleanup_tmp_files()
    assert list((tmp_path / "tmp").iterdir()) == []
    files.cleanup_tmp_files()


def test_folders_are_copied_into_those_that_are_there(tmp_path: Path) -> None:
    for name in ("from/sub", "to/sub"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "from/sub/file").write_text("new")
    (tmp_path / "from/link").symlink_to("sub/file")
    (tmp_path / "to/sub/other").touch()
    files.cp_r(str(tmp_path / "from"), str(tmp_path / "to"))
    files.cp_r(tmp_path / "from/sub/file", tmp_path / "deep" / "copy")
    assert (tmp_path / "to/sub/file").read_text() == "new"
    assert (tmp_path / "to/sub/other").exists()
    assert (tmp_path / "to/link").readlink() == Path("sub/file")
    assert (tmp_path / "deep/copy").read_text() == "new"


def test_what_stands_in_the_way_of_a_copy_is_removed_only_if_asked_for(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OSError, match="file"):
        files.cp_r(tmp_path / "folder", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"
    files.cp_r(tmp_path / "folder", tmp_path / "file", rm_dest_on_conflict=True)
    assert (tmp_path / "file").is_dir()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a[0].b", 1),
        ("$.a[*].b", [1, 2]),
        ("$.none", []),
        ("$.a", [{"b": 1}, {"b": 2}]),
    ],
)
def test_one_value_found_by_a_path_is_the_value_and_others_are_a_list(path: str, found: Any) -> None:
    assert json.extract_jsonpath({"a": [{"b": 1}, {"b": 2}]}, path) == found


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'\$\[' is no JSONPath"):
        json.extract_jsonpath({}, "$[")


def test_a_dictionary_is_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    document = json.FileMappedDocument(path, mode=0o600)
    assert document == {}
    document["when"] = {1}
    document.save()
    assert mode_of(path) == 0o600
    assert json.FileMappedDocument(str(path)) == {"when": [1]}
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]
    path.write_text("[]")
    with pytest.raises(ValueError, match="holds no JSON object"):
        document.load()
    assert document == {"when": {1}}


def test_a_dictionary_in_a_file_can_be_saved_by_several_threads_at_once(tmp_path: Path) -> None:
    document = json.FileMappedDocument(tmp_path / "state.json")
    document["text"] = "x" * 100_000
    with ThreadPoolExecutor(8) as pool:
        for saved in [pool.submit(document.save) for _ in range(100)]:
            saved.result()
    assert json.FileMappedDocument(document.path) == document
    assert list(tmp_path.iterdir()) == [document.path]


def test_the_operating_system_is_one_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    for system in ("linux", "darwin", "win32"):
        monkeypatch.setattr("sys.platform", system)  # this machine has but one
        found = [platform.is_linux(), platform.is_mac_os(), platform.is_windows()]
        assert found == [system == each for each in ("linux", "darwin", "win32")]


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("http://localhost:4566/a/b?c=1#d", "localhost", "/a/b"),
        ("https://Q.example", "q.example", "/"),
        ("localhost:4566/a", "localhost", "/a"),
        ("http://[::1]:80", "::1", "/"),
        ("", "", "/"),
    ],
)
def test_host_and_path_of_a_url(url: str, host: str, path: str) -> None:
    assert (urls.hostname_from_url(url), urls.path_from_url(url)) == (host, path)
