"""``localstack extensions doctor``: an environment that was damaged is described, and repaired from its lock."""

from __future__ import annotations

import json
import shutil
import stat
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, serve_index
from localstack.host.environment.doctor import Doctor
from localstack.host.settings import Settings
from platforms import Home, Platform

Damage = Callable[[Installer], None]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, wheels: Path, greeter: Path) -> Iterator[LocalIndex]:
    with serve_index(tmp_path_factory.mktemp("index") / "index") as index:
        index.add(greeter)
        index.add(Project("leanto-test-base", plugin=None).wheel(wheels))
        index.add(Project("leanto-test-based", plugin="based", requires=("leanto-test-base",)).wheel(wheels))
        yield index


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, index: LocalIndex) -> Installer:
    """Two extensions, one with a dependency; the second came in a second generation."""
    home = Home(tmp_path_factory.mktemp("whole") / "home")
    home.path.mkdir()
    installer = installer_of(home, index)
    for name in ("leanto-test-greeter", "leanto-test-based"):
        assert installer.run("install", name).returncode == 0
    return installer


@pytest.fixture
def damaged(whole: Installer, home: Home, index: LocalIndex) -> Installer:
    """A copy of it, to damage."""
    shutil.copytree(whole.home.volume, home.volume, symlinks=True)
    index.requested.clear()
    return installer_of(home, index)


def installer_of(home: Home, index: LocalIndex) -> Installer:
    environ = home.environ(UV_DEFAULT_INDEX=index.url, UV_NO_BUILD_ISOLATION="1")
    return Installer(home, {name: value for name, value in environ.items() if not name.startswith("PIP_")})


def diagnosed(installer: Installer, *options: str) -> tuple[int, dict[str, Any]]:
    run = installer.run("doctor", *options, "--format", "json")
    assert "Traceback" not in run.stderr
    return run.returncode, json.loads(run.stdout)


def kinds(result: dict[str, Any]) -> set[str]:
    return {problem["kind"] for problem in result["problems"]}


def move_the_interpreter(installer: Installer) -> None:
    python = installer.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/bin/python3")


def change_the_minor_version(installer: Installer) -> None:
    """As it looks to a host whose Python was replaced by a newer one."""
    configuration = installer.venv / "pyvenv.cfg"
    lines = [line for line in configuration.read_text().splitlines() if not line.startswith("version")]
    configuration.write_text("\n".join([*lines, "version_info = 3.8.1", ""]))
    (installer.venv / "lib").joinpath(installer.site_packages.parent.name).rename(installer.venv / "lib" / "python3.8")


def lose_a_file(installer: Installer) -> None:
    (installer.site_packages / "leanto_test_greeter" / "extension.py").unlink()


def modify_a_file(installer: Installer) -> None:
    with (installer.site_packages / "leanto_test_base" / "__init__.py").open("a") as file:
        file.write("# somebody was here\n")


def kill_an_entry_point(installer: Installer) -> None:
    """The file is gone and so is the line about it, as an update that was cut off leaves it."""
    (installer.site_packages / "leanto_test_based" / "extension.py").unlink()
    record = next(installer.site_packages.glob("leanto_test_based-*.dist-info/RECORD"))
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(line for line in lines if not line.startswith("leanto_test_based/extension.py")))


def lose_a_dependency(installer: Installer) -> None:
    for path in installer.site_packages.glob("leanto_test_base-*"):
        shutil.rmtree(path)
    shutil.rmtree(installer.site_packages / "leanto_test_base")


def lead_the_pointer_astray(installer: Installer) -> None:
    installer.venv.unlink()
    installer.venv.symlink_to("generations/99")


def leave_things_behind(installer: Installer) -> None:
    (installer.directory / "generations" / "3" / "lib").mkdir(parents=True)
    (installer.directory / "python_venv.new").symlink_to("generations/3")
    (installer.directory / ".work" / "scratch-1").mkdir()


def open_what_is_secret(installer: Installer) -> None:
    (installer.venv / "pylock.toml").chmod(0o644)
    (installer.site_packages / "leanto_test_greeter").chmod(0)


def install_upstream_beside(installer: Installer) -> None:
    """What pip makes of ``pip install localstack-core`` in this environment: upstream's files and its metadata."""
    information = installer.site_packages / "localstack_core-99.0.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: localstack-core\nVersion: 99.0.0\n")
    (information / "INSTALLER").write_text("pip\n")
    (installer.site_packages / "localstack").mkdir()
    (installer.site_packages / "localstack" / "__init__.py").write_text("raise ImportError('upstream')\n")


BREAKAGES: dict[str, tuple[Damage, set[str]]] = {
    "interpreter": (move_the_interpreter, {"interpreter"}),
    "other-python": (change_the_minor_version, {"other-python"}),
    "missing-file": (lose_a_file, {"missing-file", "dead-entry-point"}),
    "modified-file": (modify_a_file, {"modified-file"}),
    "dead-entry-point": (kill_an_entry_point, {"dead-entry-point"}),
    "missing-dependency": (lose_a_dependency, {"missing-dependency"}),
    "stale-pointer": (lead_the_pointer_astray, {"stale-pointer"}),
    "leftover": (leave_things_behind, {"leftover"}),
    "permissions": (open_what_is_secret, {"permissions"}),
    "upstream": (install_upstream_beside, {"upstream"}),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_breakage_is_found_named_and_repaired_from_the_lock(
    breakage: str, damaged: Installer, index: LocalIndex
) -> None:
    damage, expected = BREAKAGES[breakage]
    lock = (damaged.venv / "pylock.toml").read_text()
    damage(damaged)
    before = damaged.state()
    code, result = diagnosed(damaged)
    assert (code, result["error"]["code"], kinds(result)) == (1, "unhealthy", expected)
    assert damaged.state() == before
    code, result = diagnosed(damaged, "--fix")
    assert (code, result["error"]) == (0, None)
    assert all(problem["is_repaired"] for problem in result["problems"])
    assert Doctor(Settings.load(damaged.environ), damaged.reporter).diagnose() == ()
    assert damaged.plugin_names() == ["based", "greeter"]
    assert (damaged.venv / "pylock.toml").read_text() == lock
    assert index.requested == []  # what the lock names is in uv's cache


def test_several_at_once_are_repaired_and_the_platform_starts(
    damaged: Installer, start: Callable[..., Platform]
) -> None:
    assert damaged.run("doctor").stdout == "nothing is wrong\n"
    for breakage in ("interpreter", "missing-file", "missing-dependency", "leftover", "permissions"):
        BREAKAGES[breakage][0](damaged)
    found = damaged.run("doctor")
    assert found.returncode == 1
    assert "   Hint: localstack extensions doctor --fix repairs them\n" in found.stderr
    repaired = damaged.run("doctor", "--fix")
    assert repaired.returncode == 0, repaired.stderr
    assert re_number(repaired.stdout) == "repaired: N problems"
    platform = start(**{name: value for name, value in damaged.environ.items() if name.startswith("UV_")})
    assert "loaded 2 extensions" in platform.log


def re_number(output: str) -> str:
    last = output.splitlines()[-1]
    return " ".join("N" if word.isdigit() else word for word in last.split())


def test_a_script_that_installing_moves_is_not_missed(installer: Installer) -> None:
    """uv leaves the line about the place in the wheel in RECORD, beside the one about ``bin``."""
    wheel = Project("leanto-test-script", plugin="script").wheel(installer.home.path / "wheel")
    name, script = "leanto_test_script-0.1.0.data/scripts/a-script", b"#!python\nprint()\n"
    digest = urlsafe_b64encode(sha256(script).digest()).rstrip(b"=").decode()
    with ZipFile(wheel) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    contents[name] = script
    contents["leanto_test_script-0.1.0.dist-info/RECORD"] += f"{name},sha256={digest},{len(script)}\n".encode()
    with ZipFile(wheel, "w") as archive:
        for entry, content in contents.items():
            archive.writestr(entry, content)
    installed = installer.run("install", str(wheel))
    assert installed.returncode == 0, installed.stderr
    assert (installer.venv / "bin" / "a-script").is_file()
    assert installer.run("doctor").stdout == "nothing is wrong\n"


def test_nothing_installed_is_nothing_wrong(installer: Installer) -> None:
    healthy = installer.run("doctor", "--fix")
    assert (healthy.returncode, healthy.stdout) == (0, "nothing is wrong\n")
    assert not installer.home.volume.exists()


def test_what_installing_again_does_not_help_is_left_as_it_is(installer: Installer) -> None:
    """An extension that stopped to work with what another one, or the host, has by now."""
    needed = installer.home.path / "needed"
    needed.touch()
    project = Project("leanto-test-fragile", plugin="fragile").write(installer.home.path / "fragile")
    module = project / "leanto_test_fragile" / "extension.py"
    module.write_text(f"open({str(needed)!r}).close()\n" + module.read_text())
    assert installer.run("install", f"file://{project}").returncode == 0
    needed.unlink()
    before = installer.state()
    run = installer.run("doctor", "--fix")
    assert run.returncode == 1
    assert run.stderr.startswith(
        "❌ Error: to install it again does not help: the extension entry of leanto-test-fragile"
    )
    assert "   Hint: uninstall it, or ask its author for another release\n" in run.stderr
    assert installer.state() == before


def test_a_record_that_can_not_be_read_gives_way_to_the_set_before(damaged: Installer) -> None:
    (damaged.venv / "extensions.toml").write_text("no = [toml")
    code, result = diagnosed(damaged)
    assert (code, kinds(result)) == (1, {"record"})
    code, result = diagnosed(damaged, "--fix")
    assert (code, result["generation"]) == (0, 1)
    assert damaged.plugin_names() == ["greeter"]


def test_a_pointer_without_any_set_to_lead_to_gets_an_empty_one(damaged: Installer) -> None:
    shutil.rmtree(damaged.directory / "generations")
    assert kinds(diagnosed(damaged)[1]) == {"stale-pointer"}
    assert diagnosed(damaged, "--fix")[0] == 0
    assert "no extensions installed" in damaged.run("list").stdout


def test_a_lost_lock_is_made_again(damaged: Installer) -> None:
    (damaged.venv / "pylock.toml").unlink()
    assert kinds(diagnosed(damaged)[1]) == {"lock"}
    assert diagnosed(damaged, "--fix")[0] == 0
    assert (damaged.venv / "pylock.toml").is_file()


def test_a_token_that_others_can_read_is_closed(damaged: Installer) -> None:
    token = damaged.home.config / "auth.json"
    token.parent.mkdir()
    token.write_text("{}")
    token.chmod(0o644)
    assert [problem["where"] for problem in diagnosed(damaged)[1]["problems"]] == [str(token)]
    assert diagnosed(damaged, "--fix")[0] == 0
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
