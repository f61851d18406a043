"""The list of enabled folders: what it takes, what it refuses, and that it survives damage and company."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from localstack.host.dev.registry import DevRegistry
from localstack.host.errors import DevModeError


@pytest.fixture
def registry(tmp_path: Path) -> DevRegistry:
    return DevRegistry(tmp_path / "config")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "my-extension")


def make_project(folder: Path, file: str = "setup.cfg") -> Path:
    folder.mkdir(parents=True)
    (folder / file).touch()
    return folder


def test_nothing_is_enabled_before_the_first_enable(registry: DevRegistry) -> None:
    assert registry.enabled() == ()


@pytest.mark.parametrize("file", ["pyproject.toml", "setup.cfg", "setup.py"])
def test_a_folder_with_any_project_file_can_be_enabled(registry: DevRegistry, tmp_path: Path, file: str) -> None:
    folder = make_project(tmp_path / "other", file)
    assert registry.enable(folder) == folder
    assert registry.enabled() == (folder,)


def test_a_relative_path_is_kept_absolute(
    registry: DevRegistry, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert registry.enable(Path()) == project


def test_enabling_twice_or_through_a_symbolic_link_keeps_one_entry(registry: DevRegistry, project: Path) -> None:
    link = project.with_name("link")
    link.symlink_to(project)
    assert [registry.enable(path) for path in (project, project, link)] == [project] * 3
    assert registry.enabled() == (project,)


def test_the_file_has_the_documented_form(registry: DevRegistry, project: Path) -> None:
    registry.enable(project)
    assert json.loads(registry.file.read_text()) == {"version": 1, "extensions": [{"path": str(project)}]}
    assert registry.file.name == "extensions-dev.json"


def test_the_order_of_enabling_is_kept(registry: DevRegistry, tmp_path: Path) -> None:
    folders = [make_project(tmp_path / name) for name in ("b", "a", "c")]
    for folder in folders:
        registry.enable(folder)
    assert registry.enabled() == tuple(folders)


def test_the_file_of_another_tool_is_understood_and_rewritten_in_our_form(
    registry: DevRegistry, project: Path, tmp_path: Path
) -> None:
    write(registry, {"extensions": [{"host_path": str(tmp_path / "gone")}]})
    registry.enable(project)
    assert registry.enabled() == (tmp_path / "gone", project)
    assert "host_path" not in registry.file.read_text()


def test_a_path_that_does_not_exist_is_refused(registry: DevRegistry, tmp_path: Path) -> None:
    with pytest.raises(DevModeError, match=f"there is no folder {tmp_path}/nowhere") as caught:
        registry.enable(tmp_path / "nowhere")
    assert "localstack extensions dev new" in str(caught.value.hint)
    assert not registry.file.exists()


def test_a_file_is_refused(registry: DevRegistry, project: Path) -> None:
    with pytest.raises(DevModeError, match=r"setup\.cfg is no folder"):
        registry.enable(project / "setup.cfg")


def test_a_folder_without_a_project_file_is_refused(registry: DevRegistry, tmp_path: Path) -> None:
    with pytest.raises(DevModeError, match=r"it has none of pyproject\.toml, setup\.cfg, setup\.py"):
        registry.enable(tmp_path)


def test_a_loop_of_symbolic_links_is_refused(registry: DevRegistry, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(DevModeError, match="can't read"):
        registry.enable(tmp_path / "loop")


def test_disabling_takes_a_path_a_relative_path_or_the_bare_name(
    registry: DevRegistry, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    for text in (str(project), "./my-extension/", "my-extension"):
        registry.enable(project)
        assert registry.disable(text) == project
        assert registry.enabled() == ()


def test_a_folder_that_is_gone_can_be_disabled(registry: DevRegistry, project: Path) -> None:
    registry.enable(project)
    (project / "setup.cfg").unlink()
    project.rmdir()
    assert registry.disable("my-extension") == project


def test_disabling_what_is_not_enabled_is_refused(registry: DevRegistry, project: Path) -> None:
    with pytest.raises(DevModeError, match="'my-extension' is not enabled for developer mode") as caught:
        registry.disable("my-extension")
    assert "dev list" in str(caught.value.hint)


def test_a_name_that_fits_several_folders_is_refused_with_their_paths(registry: DevRegistry, tmp_path: Path) -> None:
    folders = [registry.enable(make_project(tmp_path / parent / "same")) for parent in ("one", "two")]
    with pytest.raises(DevModeError, match="fits several") as caught:
        registry.disable("same")
    assert all(str(folder) in str(caught.value.hint) for folder in folders)
    assert registry.enabled() == tuple(folders)


@pytest.mark.parametrize(
    "content",
    [
        b"{not json",
        b"\xff\xfe",
        b"",
        b"[]",
        b'{"extensions": {}}',
        b'{"version": 2, "extensions": []}',
        b'{"extensions": ["/path"]}',
        b'{"extensions": [{"path": 1}]}',
        b'{"extensions": [{"path": "relative"}]}',
    ],
)
def test_a_damaged_file_is_named_and_left_alone(registry: DevRegistry, project: Path, content: bytes) -> None:
    registry.file.parent.mkdir()
    registry.file.write_bytes(content)
    for use in (registry.enabled, lambda: registry.enable(project), lambda: registry.disable("my-extension")):
        with pytest.raises(DevModeError, match=str(registry.file)):
            use()
    assert registry.file.read_bytes() == content


def test_a_config_directory_that_is_a_file_is_named(project: Path, tmp_path: Path) -> None:
    (tmp_path / "config").touch()
    with pytest.raises(DevModeError, match=r"can't write .*extensions-dev\.json") as caught:
        DevRegistry(tmp_path / "config").enable(project)
    assert "CONFIG_DIR" in str(caught.value.hint)


def test_commands_at_the_same_time_lose_nothing(registry: DevRegistry, tmp_path: Path) -> None:
    folders = [make_project(tmp_path / f"extension-{number}") for number in range(6)]
    enable = (
        "import sys; from pathlib import Path; from localstack.host.dev.registry import DevRegistry; "
        "DevRegistry(Path(sys.argv[1])).enable(Path(sys.argv[2]))"
    )
    arguments = [[sys.executable, "-c", enable, str(registry.file.parent), str(folder)] for folder in folders]
    processes = [subprocess.Popen(command) for command in arguments]
    assert [process.wait(60) for process in processes] == [0] * len(folders)
    assert set(registry.enabled()) == set(folders)


def write(registry: DevRegistry, record: object) -> None:
    registry.file.parent.mkdir()
    registry.file.write_text(json.dumps(record))
