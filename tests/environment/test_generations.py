"""Sets of extensions that can be gone back to, what is verified before one comes into force, and one lock for all."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project
from localstack.host.environment.change import Outcome
from localstack.host.environment.generation import Generations
from localstack.host.errors import NoGenerationError, VerificationError


def test_a_generation_locks_what_it_has_with_hashes(installer: Installer, waver: Path) -> None:
    installer.install("leanto-test-greeter")
    installer.install(waver)
    lock = tomllib.loads((installer.venv / "pylock.toml").read_text())
    assert lock["lock-version"] == "1.0"
    packages = {package["name"]: package for package in lock["packages"]}
    assert sorted(packages) == ["leanto-test-greeter", "leanto-test-waver"]
    assert packages["leanto-test-greeter"]["wheels"][0]["hashes"]["sha256"]
    assert packages["leanto-test-waver"]["archive"]["path"] == f"wheels/{waver.name}"


def test_going_back_and_forth(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    installer.install("leanto-test-waver")
    installer.lines.clear()
    result = installer.environment.rollback(None, installer.reporter)
    assert (result.outcome, result.generation_before, result.generation) == (Outcome.CHANGED, 2, 1)
    assert installer.lines == ["  - leanto-test-waver 0.1.0"]
    assert installer.plugin_names() == ["greeter"]
    assert installer.environment.rollback(2).generation == 2
    assert installer.plugin_names() == ["greeter", "waver"]
    assert installer.environment.rollback(2).outcome is Outcome.UNCHANGED
    installer.environment.rollback()
    assert installer.uninstall("greeter").generation == 3
    assert installer.plugin_names() == []


def test_going_back_to_what_is_not_there_says_what_is(installer: Installer) -> None:
    with pytest.raises(NoGenerationError, match="nothing is installed"):
        installer.environment.rollback()
    assert not installer.home.volume.exists()
    installer.install("leanto-test-greeter")
    with pytest.raises(NoGenerationError, match="no generation before 1"):
        installer.environment.rollback()
    installer.install("leanto-test-waver")
    with pytest.raises(NoGenerationError, match="there is no generation 7") as caught:
        installer.environment.rollback(7)
    assert caught.value.hint == "there are: 1"
    assert installer.plugin_names() == ["greeter", "waver"]


def test_a_generation_whose_files_were_changed_is_not_gone_back_to(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    changed = installer.site_packages.resolve() / "leanto_test_greeter" / "extension.py"
    changed.write_text("changed")
    installer.install("leanto-test-waver")
    with pytest.raises(VerificationError, match=r"leanto_test_greeter/extension\.py differs from what") as caught:
        installer.environment.rollback()
    assert "localstack extensions generations" in str(caught.value.hint)
    assert installer.plugin_names() == ["greeter", "waver"]


def test_the_list_of_generations(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    installer.uninstall("leanto-test-greeter")
    first, second = installer.environment.history()
    assert (first.number, first.is_current, first.action) == (1, False, "install leanto-test-greeter")
    assert (second.number, second.is_current, second.extensions) == (2, True, ())
    assert first.extensions == ("leanto-test-greeter 0.1.0",)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.made_at)


def with_other_content(wheel: Path, folder: Path) -> Path:
    """The same wheel with an ``extension.py`` that its RECORD knows nothing of."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(folder / wheel.name, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"# changed\n" if name.endswith("extension.py") else b""))
    return folder / wheel.name


def test_a_wheel_that_differs_from_its_own_hashes_is_refused(installer: Installer, waver: Path, tmp_path: Path) -> None:
    installer.install("leanto-test-greeter")
    before = installer.state()
    with pytest.raises(VerificationError, match=r"leanto_test_waver/extension\.py differs from what"):
        installer.install(with_other_content(waver, tmp_path / "other"))
    assert installer.state() == before


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"),
        ("from localstack.pro.core import licensing", "localstack.*MissingNameError: line 2 of .* needs licensing in "),
        ("raise SystemExit(3)", "its import ended the process with code 3"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("import os; os.abort()", "its import ended the process by signal 6"),
        ("import sys; sys.stderr = None; import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_an_extension_that_can_not_be_imported_is_refused(
    installer: Installer, tmp_path: Path, code: str, reason: str
) -> None:
    project = Project("leanto-test-broken", plugin="broken").write(tmp_path / "project")
    module = project / "leanto_test_broken" / "extension.py"
    module.write_text(f"print('noise')\n{code}\n{module.read_text()}")
    with pytest.raises(VerificationError, match=f"entry of leanto-test-broken can't be imported: {reason}") as caught:
        installer.install(project)
    if "Name" in reason or "Module" in reason:
        assert "(leanto_test_broken/extension.py, line 2)" in caught.value.message
    assert installer.state() == {}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("TheExtension = 1", "ValueError: cannot resolve plugin specification from 1"),
        ("class TheExtension(Extension): pass", "AttributeError: type object 'TheExtension' has no attribute 'name'"),
    ],
    ids=["no class", "no name"],
)
def test_an_entry_point_that_leads_to_no_extension_is_refused(
    installer: Installer, tmp_path: Path, entry: str, reason: str
) -> None:
    project = Project("leanto-test-broken", plugin="broken").write(tmp_path / "project")
    module = project / "leanto_test_broken" / "extension.py"
    module.write_text(f"from localstack.extensions.api import Extension\n{entry}\n")
    with pytest.raises(VerificationError, match=f"entry of leanto-test-broken can't be imported: {reason}"):
        installer.install(project)
    assert installer.state() == {}


def test_what_an_extension_does_to_the_standard_streams_hides_no_fault_of_another(
    installer: Installer, tmp_path: Path
) -> None:
    quiet = Project("leanto-test-quiet", plugin="quiet").write(tmp_path / "quiet")
    module = quiet / "leanto_test_quiet" / "extension.py"
    module.write_text(f"import sys\nsys.stdout = sys.stderr = None\n{module.read_text()}")
    installer.install(quiet)
    broken = Project("leanto-test-worse", plugin="worse").write(tmp_path / "broken")
    (broken / "leanto_test_worse" / "extension.py").write_text("raise KeyError('told')\n")
    with pytest.raises(VerificationError, match=r"KeyError: 'told' \(leanto_test_worse/extension\.py, line 1\)"):
        installer.install(broken)


def test_an_extension_that_was_broken_before_hinders_no_other(installer: Installer, tmp_path: Path) -> None:
    project = Project("leanto-test-moody", plugin="moody").write(tmp_path / "project")
    module = project / "leanto_test_moody" / "extension.py"
    module.write_text(
        f"import pathlib\nassert not pathlib.Path({str(tmp_path / 'mood')!r}).exists()\n{module.read_text()}"
    )
    installer.install(project)
    (tmp_path / "mood").touch()
    installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["moody", "waver"]
    assert (
        "Note: extension entry of leanto-test-moody can't be imported: AssertionError "
        "(leanto_test_moody/extension.py, line 2), as before"
    ) in installer.lines


def test_files_that_two_distributions_bring_are_no_damage(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        project = Project(f"leanto-test-{name}", plugin=name).write(tmp_path / name)
        shutil.copytree(project / f"leanto_test_{name}", project / "shared")
        (project / "shared" / "extension.py").write_text(f"# {name}\n")
        text = (project / "pyproject.toml").read_text()
        (project / "pyproject.toml").write_text(
            text.replace(f"['leanto_test_{name}']", f"['leanto_test_{name}', 'shared']")
        )
        installer.install(project)
    assert installer.plugin_names() == ["one", "two"]


def test_who_waits_says_for_whom_and_since_when(installer: Installer, index: LocalIndex) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "install", "leanto-test-stuck"]
    first = subprocess.Popen(command, env=installer.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert index.is_stuck.wait(60)
    command[-1] = "leanto-test-waver"
    with subprocess.Popen(command, env=installer.environ, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        line = second.stdout.readline()
        index.may_go_on.set()
        assert re.fullmatch(
            rf"Waiting for another installation: process {first.pid} \(install leanto-test-stuck\), since .+\n", line
        )
        assert second.stdout.read().endswith("Extension installation completed\n")
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (1, 0)
    assert installer.plugin_names() == ["waver"]


def test_the_lock_lasts_until_programs_of_a_killed_installer_have_ended(
    installer: Installer, index: LocalIndex
) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "install", "leanto-test-stuck"]
    killed = subprocess.Popen(command, env=installer.environ, stdout=subprocess.DEVNULL)
    assert index.is_stuck.wait(60)
    killed.kill()
    killed.wait(60)
    generations = Generations(installer.directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("localstack.host.environment.lock._TIMEOUT_SECONDS", 0.0)
        with pytest.raises(Exception, match="still at work"), generations.locked("x", installer.lines.append):
            raise AssertionError("uv has not ended")
    index.may_go_on.set()
    installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["waver"]
