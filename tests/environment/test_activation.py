"""What a platform sees of the installed extensions, how the environment survives accidents, and what starts install."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project
from localstack.host.environment.generation import Generations
from localstack.host.version import LOCALSTACK_VERSION
from platforms import Home

LOADER = textwrap.dedent(
    """
    import sys
    from localstack.host.environment.environment import ExtensionEnvironment, make_importable
    from localstack.host.settings import Settings

    before = list(sys.path)
    added = make_importable(ExtensionEnvironment(Settings.load()).hold_usable())
    assert sys.path == [*before, *map(str, added)]
    for path in added:
        print(path)
    """
)


def load(installer: Installer, code: str = "", python: str = sys.executable) -> list[str]:
    """Activate in a process of its own and run ``code`` there; the lines that it printed."""
    command = [python, "-c", LOADER + code]
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=installer.environ)
    return [*run.stdout.splitlines(), *run.stderr.splitlines()]


def test_nothing_is_added_or_written_where_nothing_is_installed(installer: Installer) -> None:
    assert load(installer) == []
    assert not installer.home.volume.exists()


def test_installed_extensions_can_be_imported_after_what_the_host_has(installer: Installer, index: LocalIndex) -> None:
    installer.install("leanto-test-greeter")
    lines = load(installer, "import leanto_test_greeter, click; print(leanto_test_greeter.__file__, click.__file__)")
    assert lines[0] == str(installer.site_packages.resolve())
    assert lines[-1].startswith(lines[0])
    assert lines[-1].split()[1].startswith(str(Path(pytest.__file__).parents[1]))


def test_what_an_active_environment_uses_outlives_later_installations(installer: Installer, index: LocalIndex) -> None:
    installer.install("leanto-test-greeter")
    holder = subprocess.Popen(
        [sys.executable, "-u", "-c", LOADER + "sys.stdin.read()"],
        env=installer.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        used = Path(holder.stdout.readline().strip())
        for _ in range(3):
            installer.install("leanto-test-waver")
            installer.uninstall("leanto-test-waver")
            assert used.is_dir()
        holder.communicate()
    for name in ("leanto-test-waver", "leanto-test-greeter"):
        installer.install(name)
        installer.uninstall(name)
    assert not used.exists()


def test_initialising_makes_an_empty_environment_once(installer: Installer) -> None:
    assert installer.environment.initialise() is True
    before = installer.state()
    assert installer.environment.initialise() is False
    assert installer.state() == before
    assert installer.environment.installed() == ()


def pretend_other_python(installer: Installer) -> None:
    """Make the current generation look as another Python minor would have made it."""
    lib = installer.venv / "lib"
    next(lib.glob("python3.*")).rename(lib / "python3.7")
    configuration = installer.venv / "pyvenv.cfg"
    lines = [line for line in configuration.read_text().splitlines() if not line.startswith("version")]
    configuration.write_text("\n".join([*lines, "version_info = 3.7.9"]))


def test_an_environment_for_another_python_is_passed_over_and_made_again(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    pretend_other_python(installer)
    (line,) = load(installer)
    assert "installed extensions are for Python 3.7" in line
    assert "`localstack extensions init` installs them again" in line
    assert installer.plugin_names() == ["greeter"]
    assert installer.environment.initialise() is True
    assert load(installer)[0] == str(installer.site_packages.resolve())
    assert installer.plugin_names() == ["greeter"]


def test_an_environment_whose_interpreter_is_gone_is_made_again(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    (installer.venv / "bin" / "python").unlink()
    (installer.venv / "bin" / "python").symlink_to("/nowhere/python3")
    installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["greeter", "waver"]
    assert (installer.venv / "bin" / "python").exists()


def test_an_environment_that_another_program_made_is_set_aside(installer: Installer) -> None:
    installer.venv.mkdir(parents=True)
    (installer.venv / "theirs").touch()
    assert any("was not made by this host" in line for line in load(installer))
    installer.install("leanto-test-greeter")
    assert installer.plugin_names() == ["greeter"]
    assert [path.name for path in installer.directory.glob("python_venv.before-*/*")] == ["theirs"]


def test_a_link_to_a_host_that_has_moved_is_renewed(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    link = installer.site_packages / "localstack-venv.pth"
    link.write_text("/an/earlier/place\n")
    load(installer)
    assert "/an/earlier/place" not in link.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_installation_that_is_interrupted_changes_nothing(
    installer: Installer, index: LocalIndex, number: signal.Signals
) -> None:
    installer.install("leanto-test-greeter")
    before = installer.state()
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "install", "leanto-test-stuck"]
    interrupted = subprocess.Popen(
        command, env=installer.environ, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    assert index.is_stuck.wait(60)
    os.killpg(interrupted.pid, number)
    stderr = interrupted.communicate(timeout=60)[1]
    assert interrupted.returncode != 0
    assert "Traceback" not in stderr
    assert installer.plugin_names() == ["greeter"]
    if number == signal.SIGINT:
        assert installer.state() == before
    index.may_go_on.set()
    installer.install("leanto-test-waver")
    assert installer.plugin_names() == ["greeter", "waver"]
    assert len(list((installer.directory / "generations").iterdir())) == 2


def test_what_a_killed_installation_left_is_removed_by_the_next(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    leave_what_a_kill_leaves(installer.directory)
    assert installer.install("leanto-test-waver").generation == 2
    assert names_in(installer.directory / "generations") == ["1", "2"]
    assert not list(installer.directory.glob(".work/scratch-*"))


def test_what_a_killed_installation_left_is_removed_by_the_next_start(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    leave_what_a_kill_leaves(installer.directory)
    with Generations(installer.directory).locked("install x", installer.lines.append):
        (installer.directory / "generations" / "7").mkdir()
        load(installer)
        assert names_in(installer.directory / "generations") == ["1", "7"]  # somebody is at work there
    load(installer)
    assert names_in(installer.directory / "generations") == ["1"]
    assert names_in(installer.directory) == [".work", "extensions.toml", "generations", "python_venv"]


def leave_what_a_kill_leaves(directory: Path) -> None:
    (directory / "generations" / "7").mkdir()
    (directory / ".work" / "scratch-1").mkdir()
    (directory / "python_venv.new").symlink_to("generations/7")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def add_generation(generations: Generations) -> int:
    """Make a generation that nothing is installed in, and return its number."""
    with generations.change() as fresh:
        fresh.requests_file.touch()
    return fresh.number


def test_five_generations_are_kept_in_a_volume_behind_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "volume").symlink_to("real")
    generations = Generations(tmp_path / "volume")
    assert [add_generation(generations) for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert names_in(tmp_path / "real" / "generations") == ["3", "4", "5", "6", "7"]


def test_a_change_that_can_not_be_put_in_force_leaves_the_generation_before(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    add_generation(generations)
    (tmp_path / "extensions.toml").unlink()
    (tmp_path / "extensions.toml" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=r"extensions\.toml"):
        add_generation(generations)
    current = generations.current()
    assert current is not None
    assert current.number == 1
    assert [path.name for path in (tmp_path / "generations").iterdir()] == ["1"]


def test_starts_install_what_is_asked_for_and_go_on_after_failures(
    installer: Installer, index: LocalIndex, caplog: pytest.LogCaptureFixture, wheels: Path
) -> None:
    listed = installer.home.config / "conf.d" / "extensions.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("# what we use\nleanto-test-waver  # waves\n--no-index\n\n")
    with caplog.at_level(logging.WARNING):
        installer.environment.auto_install(("leanto-test-nowhere", "leanto-test-greeter"), installer.lines.append)
    assert installer.plugin_names() == ["greeter", "waver"]
    prefix = "Localstack extensions installer: "
    assert f"{prefix}Could not resolve package leanto-test-nowhere" in caplog.text
    assert "'--no-index' is not supported" in caplog.text
    assert installer.lines
    assert all(line.startswith(prefix) for line in installer.lines)
    before, asked = installer.state(), len(index.requested)
    installer.lines.clear()
    installer.environment.auto_install(("leanto-test-greeter",), installer.lines.append)
    assert (installer.state(), installer.lines, len(index.requested)) == (before, [], asked)


def test_starts_install_what_a_lock_says(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    installer.install("leanto-test-greeter")
    text = installer.environment.exported_lock()
    index.add(Project("leanto-test-greeter", "0.2.0").wheel(tmp_path))
    installer.uninstall("greeter")
    lock = installer.home.config / "conf.d" / "pylock.toml"
    lock.parent.mkdir(parents=True)
    lock.write_text(text)
    installer.environment.auto_install(("leanto-test-waver",), installer.lines.append)
    found = {one.distribution.name: one.distribution.version for one in installer.environment.installed()}
    assert found == {"leanto-test-greeter": "0.1.0", "leanto-test-waver": "0.1.0"}
    before, asked = installer.state(), len(index.requested)
    installer.lines.clear()
    installer.environment.auto_install(("leanto-test-waver",), installer.lines.append)
    assert (installer.state(), installer.lines, len(index.requested)) == (before, [], asked)


def test_a_start_does_not_follow_a_branch(installer: Installer, tmp_path: Path) -> None:
    repository = Project("leanto-test-stripe").write(tmp_path / "repository")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.email=a@b", "-c", "user.name=a", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    directive = f"git+file://{repository}#egg=leanto-test-stripe"
    installer.environment.auto_install((directive,), installer.lines.append)
    assert len(installer.plugin_names()) == 1
    (repository / ".git").rename(tmp_path / "gone")
    installer.lines.clear()
    installer.environment.auto_install((directive,), installer.lines.append)
    assert installer.lines == []


def test_a_virtual_environment_can_be_linked_to_the_host(home: Home, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    command = [sys.executable, "-m", "localstack.host.environment.link", str(venv)]
    assert subprocess.run(command, check=False, env=home.environ()).returncode == 0
    code = "import localstack.extensions.api, moto, importlib.metadata as m; print(m.version('localstack-core'))"
    run = subprocess.run([str(venv / "bin" / "python"), "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == LOCALSTACK_VERSION


@pytest.mark.parametrize(("arguments", "code"), [(["nowhere"], 1), ([], 2)])
def test_linking_what_is_no_environment_says_so(tmp_path: Path, arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "localstack.host.environment.link", *arguments]
    run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ))
    assert run.returncode == code
    assert ("is no virtual environment" if code == 1 else "usage") in run.stderr
