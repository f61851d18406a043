"""What can't be installed: one clear sentence with the cause, and the volume is as it was."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, build
from localstack.host.errors import (
    ConflictError,
    InstallError,
    LeantoError,
    NoExtensionError,
    ResolutionError,
    SourceError,
    VolumeError,
)

Refusal = Callable[[str | Path, type[LeantoError]], LeantoError]


@pytest.fixture
def refused(installer: Installer) -> Refusal:
    """Install, expect an error, and see that nothing has changed."""

    def _refused(text: str | Path, kind: type[LeantoError]) -> LeantoError:
        before = installer.state()
        with pytest.raises(kind) as caught:
            installer.install(text)
        assert type(caught.value) is kind
        assert "\n" not in caught.value.message
        assert installer.state() == before
        return caught.value

    return _refused


def test_an_unknown_distribution(refused: Refusal) -> None:
    assert refused("leanto-test-nowhere", ResolutionError).message == (
        "Could not resolve package leanto-test-nowhere, please check the URL or that the package exists in pypi."
    )


def test_an_unknown_version(refused: Refusal) -> None:
    error = refused("leanto-test-greeter==9", ResolutionError)
    assert error.message.startswith("Could not resolve package leanto-test-greeter==9, please check")
    assert error.hint is not None
    assert "no version of leanto-test-greeter==9" in error.hint


def test_an_unknown_requirement_of_an_extension(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-orphan", requires=("leanto-test-nowhere",)).wheel(wheels))
    error = refused("leanto-test-orphan", ResolutionError)
    assert error.hint is not None
    assert "leanto-test-nowhere was not found" in error.hint


def test_an_unreachable_index(refused: Refusal, installer: Installer) -> None:
    installer.environ |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:1", "UV_HTTP_RETRIES": "0"}
    error = refused("leanto-test-greeter", ResolutionError)
    assert re.search(r"http://127\.0\.0\.1:1/leanto-test-\w+/ can't be read: Connection refused", error.message)
    assert error.hint is not None
    assert "UV_DEFAULT_INDEX" in error.hint


def test_a_password_in_the_url_of_an_index_is_not_shown(refused: Refusal, installer: Installer) -> None:
    installer.environ |= {"UV_DEFAULT_INDEX": "http://jane:geheim@127.0.0.1:1", "UV_HTTP_RETRIES": "0"}
    error = refused("leanto-test-greeter", ResolutionError)
    assert "geheim" not in error.message


@pytest.mark.parametrize(
    "text",
    [
        "git+https://jane:geheim@127.0.0.1:1/a/b#branch=main",
        "git+https://geheim@127.0.0.1:1/a/b#branch=main",
        "ftp://jane:geheim@127.0.0.1:1/a-1.0-py3-none-any.whl",
        "https://jane:ge@heim@127.0.0.1:1/a.exe",
        "https://jane:ge heim@127.0.0.1:1/a-1.0-py3-none-any.whl",
        "leanto-test-greeter --index-url https://jane:geheim@127.0.0.1:1/simple",
        "leanto-test-greeter @@ https://jane:geheim@127.0.0.1:1/a-1.0-py3-none-any.whl",
    ],
)
def test_credentials_in_a_url_are_not_shown(refused: Refusal, text: str) -> None:
    error = refused(text, SourceError)
    assert "https://***@127.0.0.1" in error.message.replace("ftp:", "https:")
    assert not re.search("geheim|heim@|jane", error.message + (error.hint or ""))


def test_a_wheel_for_another_python(refused: Refusal, waver: Path, tmp_path: Path) -> None:
    other = tmp_path / "leanto_test_waver-0.1.0-cp38-cp38-manylinux1_i686.whl"
    other.write_bytes(waver.read_bytes())
    error = refused(other, ResolutionError)
    assert "is made for another Python or system (cp38-cp38-manylinux1_i686)" in error.message


@pytest.mark.parametrize(
    ("damage", "said"),
    [("bytes", "Error -3 while decompressing"), ("flags", "is encrypted"), ("method", "compression")],
)
def test_a_damaged_wheel(refused: Refusal, waver: Path, tmp_path: Path, damage: str, said: str) -> None:
    broken = tmp_path / waver.name
    content = bytearray(waver.read_bytes())
    with ZipFile(waver) as archive:
        (entry,) = (one for one in archive.infolist() if one.filename.endswith(".dist-info/METADATA"))
        listed = content.index(b"PK\x01\x02")
        while content[listed + 46 : listed + 46 + len(entry.filename)] != entry.filename.encode():
            listed = content.index(b"PK\x01\x02", listed + 4)
    if damage == "bytes":
        start = entry.header_offset + 30 + len(entry.filename)
        content[start : start + entry.compress_size] = b"\xff" * entry.compress_size
    for header, offset in ((entry.header_offset, 6), (listed, 8)):  # as its own header and the directory say
        if damage == "flags":
            content[header + offset] |= 1
        if damage == "method":
            content[header + offset + 2] = 97
    broken.write_bytes(content)
    error = refused(broken, ResolutionError)
    assert f"{waver.name} is no wheel: " in error.message
    assert said in error.message


def test_an_extension_for_a_later_python(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-modern", requires_python=">=3.99").wheel(wheels))
    error = refused("leanto-test-modern", ResolutionError)
    assert "needs Python>=3.99, this host runs with Python 3." in error.message


def test_an_extension_for_an_earlier_python(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-dated", requires_python=">=3.8,<3.9").wheel(wheels))
    error = refused("leanto-test-dated", ResolutionError)
    assert re.search(r"leanto-test-dated==0.1.0 needs Python(>=3\.8,<3\.9|<3\.9,>=3\.8), this host", error.message)


def test_a_package_without_an_extension(
    refused: Refusal, installer: Installer, index: LocalIndex, wheels: Path
) -> None:
    index.add(Project("leanto-test-library", plugin=None).wheel(wheels))
    error = refused("leanto-test-library", NoExtensionError)
    assert "leanto-test-library brings no extension and was taken out again" in error.message
    assert installer.lines[-1] == "No change"


def test_a_package_that_the_host_has(refused: Refusal) -> None:
    assert "click brings no extension" in refused("click", NoExtensionError).message


@pytest.mark.parametrize("text", ["localstack", "localstack_core==4.0", "localstack-ext[runtime]", "localstack.cli"])
def test_what_the_host_provides(refused: Refusal, index: LocalIndex, text: str) -> None:
    index.requested.clear()
    assert "Leanto provides it" in refused(text, SourceError).message
    assert index.requested == []


def test_a_conflict_with_the_host(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-old", requires=("werkzeug<2",)).wheel(wheels))
    index.add(Project("leanto-test-user", requires=("leanto-test-old",)).wheel(wheels))
    error = refused("leanto-test-user", ConflictError)
    assert "leanto-test-old needs werkzeug<2, this host has werkzeug 3.1." in error.message


def test_a_later_localstack_than_the_host_provides(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    index.add(Project("leanto-test-future", requires=("localstack>=5",)).wheel(wheels))
    error = refused("leanto-test-future", ConflictError)
    assert "leanto-test-future needs localstack>=5, this host provides localstack 4.14.0" in error.message


def test_an_extension_that_insists_on_its_own_localstack(refused: Refusal, index: LocalIndex, wheels: Path) -> None:
    wanted = "localstack @ git+https://github.com/localstack/localstack"
    index.add(Project("leanto-test-headstrong", requires=(wanted,)).wheel(wheels))
    error = refused("leanto-test-headstrong", ConflictError)
    assert "insists on localstack from a URL of its own" in error.message


def test_a_requirement_that_the_index_has_in_another_version_alone(
    refused: Refusal, index: LocalIndex, wheels: Path
) -> None:
    index.add(Project("leanto-test-quarrel", requires=("leanto-test-waver<0.1",)).wheel(wheels))
    error = refused("leanto-test-quarrel", ResolutionError)
    assert "leanto-test-quarrel needs leanto-test-waver<0.1, only leanto-test-waver==0.1.0 is" in error.message


@pytest.mark.parametrize("is_direct", [True, False])
def test_two_extensions_that_contradict_each_other_are_both_named(
    refused: Refusal, installer: Installer, index: LocalIndex, tmp_path: Path, is_direct: bool
) -> None:
    for version in ("1.0", "2.0"):
        index.add(Project("leanto-test-lib", version, plugin=None).wheel(tmp_path))
    index.add(Project("leanto-test-between", requires=("leanto-test-lib>=2",), plugin=None).wheel(tmp_path))
    index.add(Project("leanto-test-old", requires=("leanto-test-lib<2",)).wheel(tmp_path))
    needed, name = ("leanto-test-lib>=2", "direct") if is_direct else ("leanto-test-between", "indirect")
    index.add(Project(f"leanto-test-{name}", requires=(needed,)).wheel(tmp_path))
    installer.install("leanto-test-waver")
    installer.install("leanto-test-old")
    error = refused(f"leanto-test-{name}", ConflictError)
    assert f"leanto-test-old and leanto-test-{name} contradict each other: " in error.message
    assert "needs leanto-test-lib<2" in error.message
    assert error.exit_code == 2


def test_a_broken_wheel(refused: Refusal, tmp_path: Path) -> None:
    broken = tmp_path / "leanto_test_broken-0.1.0-py3-none-any.whl"
    broken.write_bytes(b"not a zip file")
    assert "is no wheel" in refused(broken, ResolutionError).message


def without(name: str, wheel: Path, folder: Path) -> Path:
    """The same wheel without one of its files."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(folder / wheel.name, "w") as part:
        for entry in whole.namelist():
            if not entry.endswith(f"/{name}"):
                part.writestr(entry, whole.read(entry))
    return folder / wheel.name


@pytest.mark.parametrize("name", ["METADATA", "RECORD", "WHEEL"])
def test_a_wheel_without_a_part_of_its_metadata(refused: Refusal, waver: Path, tmp_path: Path, name: str) -> None:
    message = refused(without(name, waver, tmp_path / "wheel"), ResolutionError).message
    assert message.endswith(f"{waver.name} is no wheel: it has no {name}")


def test_a_wheel_with_another_name_inside(refused: Refusal, waver: Path, tmp_path: Path) -> None:
    renamed = tmp_path / waver.name.replace("waver", "other")
    renamed.write_bytes(waver.read_bytes())
    message = refused(renamed, ResolutionError).message
    assert message.endswith("is no wheel: its metadata has another name, 'leanto-test-waver'")


def test_a_wheel_on_an_index_without_a_part_of_its_metadata(
    refused: Refusal, index: LocalIndex, waver: Path, tmp_path: Path
) -> None:
    index.add(without("WHEEL", waver, tmp_path / "wheel"))
    error = refused("leanto-test-waver", ResolutionError)
    assert f"{waver.name} can't be installed: " in error.message
    assert "/WHEEL" in error.message
    assert error.hint is not None
    assert "ask the package's author" in error.hint


def test_a_broken_pyproject(refused: Refusal, tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "project")
    (project / "pyproject.toml").write_text("[project\n")
    error = refused(project, SourceError)
    assert f"{project / 'pyproject.toml'} can't be read: Expected ']' at the end of a table" in error.message


def test_a_pyproject_with_values_that_mean_nothing(refused: Refusal, tmp_path: Path) -> None:
    project = Project("leanto-test-folder").write(tmp_path / "project")
    (project / "pyproject.toml").write_text("[project]\nname = 7\n")
    assert f"{project} can't be built" in refused(project, InstallError).message


def test_a_project_that_fails_to_build(refused: Refusal, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").write_text("print('noise')\nraise RuntimeError('the author was here')\n")
    assert "can't be built: RuntimeError: the author was here" in refused(project, InstallError).message


def test_a_source_archive_on_an_index_that_fails_to_build(refused: Refusal, index: LocalIndex, tmp_path: Path) -> None:
    project = tmp_path / "leanto-test-failing"
    project.mkdir()
    (project / "setup.py").write_text(
        "import sys\nfrom setuptools import setup\n"
        "if 'bdist_wheel' in sys.argv:\n    raise RuntimeError('the author was here')\n"
        "setup(name='leanto-test-failing', version='0.1.0')\n"
    )
    index.add(build(project, tmp_path, "sdist"))
    assert "can't be built: RuntimeError: the author was here" in refused("leanto-test-failing", InstallError).message


def test_a_build_whose_tools_no_index_has(refused: Refusal, installer: Installer, tmp_path: Path) -> None:
    del installer.environ["UV_NO_BUILD_ISOLATION"]
    project = Project("leanto-test-folder").write(tmp_path / "project")
    error = refused(project, ResolutionError)
    assert "what its build needs can't be fetched: setuptools was not found" in error.message
    assert error.hint is not None
    assert "UV_NO_BUILD_ISOLATION=1" in error.hint


def test_a_git_repository_that_does_not_exist(refused: Refusal, tmp_path: Path) -> None:
    error = refused(f"git+file://{tmp_path}/nowhere", ResolutionError)
    assert "the repository can't be fetched" in error.message
    assert "does not appear to be a git repository" in error.message


def test_a_repository_that_an_extension_requires_and_that_does_not_exist(refused: Refusal, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    project = Project("leanto-test-needy", requires=(f"leanto-test-lost @ git+{nowhere.as_uri()}",))
    message = refused(project.write(tmp_path / "project"), ResolutionError).message
    assert "the repository can't be fetched: " in message
    assert str(nowhere) in message


def test_a_branch_or_folder_that_the_repository_does_not_have(refused: Refusal, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    assert "can't be fetched" in refused(f"git+file://{tmp_path}/empty@nobranch", ResolutionError).message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("--index-url=https://example.com", "looks like an option"),
        ("-r requirements.txt", "looks like an option"),
        ("", "no extension is named"),
        ("  ''  ", "no extension is named"),
        ("one\n--index-url=https://example.com", "line break"),
        ("one\0two", "control character"),
        ("one two", "names no extension"),
        ("one; rm -rf", "names no extension"),
        ("./nowhere", "nowhere does not exist"),
        ("/nowhere/at/all.whl", "/nowhere/at/all.whl does not exist"),
        ("nowhere-1.0.tar.gz", "does not exist"),
        ("file:///nowhere", "/nowhere does not exist"),
        ("file://", "names no file"),
        ("/etc/hostname", "no wheel or source archive"),
        ("/usr", "no Python project"),
        ("http://example.com/x-1.0.whl", "not installed from (http:)"),
        ("git+http://example.com/x", "not installed from (git+http:)"),
        ("ftp://example.com/x.whl", "not installed from (ftp:)"),
        ("https://example.com/x", "no wheel or source archive"),
        ("https://example.com/${HOME}.whl", "is no URL"),
        ("git+https://example.com/x y", "is no URL"),
        ("git+https://example.com/", "names no repository"),
        ("git+ssh://-oProxyCommand=x/y", "names no host"),
        ("git+https://example.com/x#subdirectory=../y", "leaves the repository"),
        ("git+https://example.com/x#egg=a&branch=b", "more after #"),
        ("git+https://example.com/x#egg=$(x)", "more after #"),
        ("git+https://example.com/x#egg=a%5Bb%0a--index-url=https://example.com%5D", "is no name of an extra"),
        ("a[--b] @ https://example.com/a-1.0.tar.gz", "is no name of an extra"),
        ("git+https://example.com/x#subdirectory=a%0a--index-url=https://example.com", "installers do not take"),
        ("file:///nowhere%00/x", "line break or control character"),
        ("git+https://github.com/localstack/localstack.git", "Leanto provides it"),
        ("https://example.com/localstack_core-9.0-py3-none-any.whl", "Leanto provides it"),
        ("localstack @ https://example.com/x-9.0-py3-none-any.whl", "Leanto provides it"),
    ],
)
def test_text_that_names_nothing_to_install(installer: Installer, text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        installer.install(text)
    assert said in caught.value.message
    assert caught.value.hint
    assert not installer.home.volume.exists()


def test_what_was_installed_before_stays_as_it_was(refused: Refusal, installer: Installer, index: LocalIndex) -> None:
    installer.install("leanto-test-waver")
    refused("leanto-test-nowhere", ResolutionError)
    refused("click", NoExtensionError)
    refused("./nowhere", SourceError)
    assert installer.plugin_names() == ["waver"]


def test_a_failed_first_installation_leaves_nothing(installer: Installer) -> None:
    with pytest.raises(ResolutionError):
        installer.install("leanto-test-nowhere")
    assert installer.state() == {}
    assert [path.name for path in installer.directory.iterdir()] == [".work"]


def test_a_volume_that_can_not_be_written(installer: Installer) -> None:
    installer.home.volume.mkdir()
    (installer.home.volume / "lib").write_text("a file where a folder should be")
    for act in (lambda: installer.install("leanto-test-greeter"), installer.environment.initialise):
        with pytest.raises(VolumeError, match="can't be written") as caught:
            act()
        assert "LOCALSTACK_VOLUME_DIR" in str(caught.value.hint)


def test_a_record_that_someone_has_broken(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    (installer.directory / "extensions.toml").write_text("[[extension]]\nname = 7\n")
    with pytest.raises(InstallError, match=r"extensions\.toml can't be read"):
        installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["greeter"]
