"""``localstack extensions`` as it is typed: words, exit codes, streams."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click
import pexpect
import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project
from localstack.host.cli.extensions import extensions
from localstack.host.environment.progress import Reporter, UvSteps

SEED_HELP = """\
Usage: localstack extensions [OPTIONS] COMMAND [ARGS]...

  Manage LocalStack extensions (beta)

Options:
  --help  Show this message and exit.
"""
SEED_COMMANDS = """\
  init       Initialize the LocalStack extensions environment
  install    Install a LocalStack extension
  uninstall  Remove a LocalStack extension
"""
ALL_COMMANDS = extensions.list_commands(click.Context(extensions))


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_says_what_the_documentation_shows(installer: Installer, option: str) -> None:
    printed = installer.run(option).stdout
    assert printed.startswith(SEED_HELP)
    assert set(SEED_COMMANDS.splitlines()) <= set(printed.splitlines())
    commands = re.findall(r"(?m)^  ([a-z]+)  ", printed)
    assert commands[:5] == ["dev", "init", "install", "list", "uninstall"]
    assert sorted(commands) == ALL_COMMANDS
    assert "  list       List installed extension." in printed.splitlines()


@pytest.mark.parametrize("command", [name for name in ALL_COMMANDS if name != "dev"])
def test_each_command_has_help(installer: Installer, command: str) -> None:
    for option in ("--help", "-h"):
        printed = installer.run(command, option)
        assert printed.returncode == 0
        assert f"Usage: localstack extensions {command}" in printed.stdout
        assert "  --help" in printed.stdout


def test_a_walk_through_all_commands(installer: Installer) -> None:
    assert "no extensions installed" in installer.run("list").stdout
    for word in ("created", "is ready"):
        made = installer.run("init")
        assert made.returncode == 0
        assert word in made.stdout
    installed = installer.run("install", "leanto-test-greeter")
    assert installed.returncode == 0, installed.stderr
    lines = installed.stdout.splitlines()
    assert lines[2].startswith("  + leanto-test-greeter 0.1.0 (")
    assert lines[3].startswith("  = provided by the host: localstack 4.14.0")
    assert [*lines[:2], *lines[4:]] == [
        "Checking installed extensions",
        "Installing extension",
        "Extension successfully installed",
        "Extension installation completed",
    ]
    again = installer.run("install", "leanto-test-greeter")
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == "Extension leanto-test-greeter (0.1.0 by Jane Doe) already installed"
    removed = installer.run("uninstall", "greeter")
    assert removed.returncode == 0
    assert removed.stdout.splitlines()[1:4] == [
        "Uninstalling extension leanto-test-greeter (0.1.0)",
        "  - leanto-test-greeter 0.1.0",
        "Extension successfully uninstalled",
    ]
    missing = installer.run("uninstall", "greeter")
    assert missing.returncode == 1
    assert "❌ Error: Extension greeter is not installed\n" in missing.stderr
    assert "no extensions installed" in installer.run("list").stdout


def test_the_list_is_whole_in_a_pipe(installer: Installer, index: LocalIndex, wheels: Path) -> None:
    name = "leanto-test-" + "long-" * 20 + "name"
    index.add(Project(name, plugin="long-plugin").wheel(wheels))
    installer.run("install", name)
    lines = installer.run("list").stdout.splitlines()
    assert [cell.strip() for cell in lines[1].strip("┃").split("┃")] == [
        *("Name", "Summary", "Version", "Author", "Plugin name")
    ]
    cells = [cell.strip() for cell in lines[3].strip("│").split("│")]
    assert cells == [name, "Greets", "0.1.0", "Jane Doe", "long-plugin"]


def test_a_list_of_a_broken_extension_needs_none_of_its_code(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    project = Project("leanto-test-broken", plugin="broken").write(tmp_path / "project")
    assert installer.run("install", f"file://{project}").returncode == 0
    module = installer.site_packages / "leanto_test_broken" / "extension.py"
    module.write_text("import a_module_that_is_not_there\n" + module.read_text())
    assert " broken " in installer.run("list").stdout


@pytest.mark.parametrize("place", [("-v", "install"), ("install", "-v")])
def test_verbose_shows_what_the_installer_does(installer: Installer, place: tuple[str, str]) -> None:
    printed = installer.run(*place, "leanto-test-greeter").stdout
    assert "+ leanto-test-greeter==0.1.0" in printed


def test_an_option_in_the_place_of_a_name_is_refused(installer: Installer) -> None:
    refused = installer.run("install", "--", "--index-url=http://127.0.0.1:1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("❌ Error: '--index-url=http://127.0.0.1:1' looks like an option")
    assert "Traceback" not in refused.stderr
    assert installer.run("install", "--index-url=http://127.0.0.1:1").returncode == 2
    assert not installer.home.volume.exists()


def test_a_failure_is_one_sentence_and_a_hint_on_stderr(installer: Installer) -> None:
    refused = installer.run("install", "leanto-test-nowhere")
    assert refused.returncode == 1
    message, hint = refused.stderr.splitlines()
    assert message == (
        "❌ Error: Could not resolve package leanto-test-nowhere, "
        "please check the URL or that the package exists in pypi."
    )
    assert hint.startswith("   Hint: ")
    assert refused.stdout.splitlines() == ["Checking installed extensions", "Installing extension"]


def test_a_relative_path_starts_at_the_current_folder(installer: Installer) -> None:
    Project("leanto-test-folder").write(installer.home.path / "here" / "project")
    printed = installer.run("install", "file://./project", cwd=installer.home.path / "here")
    assert printed.returncode == 0, printed.stderr


def test_a_terminal_shows_what_is_being_done(installer: Installer, index: LocalIndex) -> None:
    command = ["-m", "localstack.host.cli.main", "extensions", "install", "leanto-test-stuck"]
    terminal = pexpect.spawn(sys.executable, command, env=installer.environ, encoding="utf-8", timeout=60)
    terminal.expect("Checking installed extensions\r\n")
    terminal.expect("Resolving")
    assert index.is_stuck.wait(60)
    index.may_go_on.set()
    terminal.expect("Could not resolve package leanto-test-stuck")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1


def test_steps_are_read_out_of_what_uv_writes() -> None:
    steps: list[str] = []
    details: list[str] = []
    uv_steps = UvSteps(Reporter(details.append, steps.append, details.append), total=3)
    lines = [
        "Resolved 3 packages in 218ms",
        "Downloading numpy (16.1MiB)",
        "   Building flasgger==0.9.7.1",
        " Downloaded numpy",
        "      Built flasgger==0.9.7.1",
        " + numpy==2.4.6",
    ]
    for line in lines:
        uv_steps(line)
    assert steps == [
        "Downloading 1 of 3: numpy",
        "Building 1 of 3: flasgger",
        "Downloading 2 of 3: numpy",
        "Building 3 of 3: flasgger",
    ]
    assert details == lines
