"""``localstack extensions`` as it is typed: words, exit codes, streams."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project

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


def run(installer: Installer, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", *arguments]
    folder = cwd or installer.home.path
    return subprocess.run(command, env=installer.environ, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_says_what_the_documentation_shows(installer: Installer, option: str) -> None:
    printed = run(installer, option).stdout
    assert printed.startswith(SEED_HELP)
    assert set(SEED_COMMANDS.splitlines()) <= set(printed.splitlines())
    commands = printed.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in commands] == ["dev", "init", "install", "list", "uninstall"]
    assert "  list       List installed extension." in commands


@pytest.mark.parametrize("command", ["init", "install", "list", "uninstall"])
def test_each_command_has_help(installer: Installer, command: str) -> None:
    for option in ("--help", "-h"):
        printed = run(installer, command, option)
        assert printed.returncode == 0
        assert f"Usage: localstack extensions {command}" in printed.stdout
        assert "  --help" in printed.stdout


def test_a_walk_through_all_commands(installer: Installer) -> None:
    assert "no extensions installed" in run(installer, "list").stdout
    for word in ("created", "is ready"):
        made = run(installer, "init")
        assert made.returncode == 0
        assert word in made.stdout
    installed = run(installer, "install", "leanto-test-greeter")
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout.splitlines() == [
        "Checking installed extensions",
        "Installing extension",
        "Extension successfully installed",
        "Extension installation completed",
        "Restart LocalStack for the change to take effect: localstack restart",
    ]
    again = run(installer, "install", "leanto-test-greeter")
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == "Extension leanto-test-greeter (0.1.0 by Jane Doe) already installed"
    removed = run(installer, "uninstall", "greeter")
    assert removed.returncode == 0
    assert "Uninstalling extension leanto-test-greeter (0.1.0)\nExtension successfully uninstalled\n" in removed.stdout
    missing = run(installer, "uninstall", "greeter")
    assert missing.returncode == 1
    assert "❌ Error: Extension greeter is not installed\n" in missing.stderr
    assert "no extensions installed" in run(installer, "list").stdout


def test_the_list_is_whole_in_a_pipe(installer: Installer, index: LocalIndex, wheels: Path) -> None:
    name = "leanto-test-" + "long-" * 20 + "name"
    index.add(Project(name, plugin="long-plugin").wheel(wheels))
    run(installer, "install", name)
    lines = run(installer, "list").stdout.splitlines()
    assert [cell.strip() for cell in lines[1].strip("┃").split("┃")] == [
        *("Name", "Summary", "Version", "Author", "Plugin name")
    ]
    cells = [cell.strip() for cell in lines[3].strip("│").split("│")]
    assert cells == [name, "Greets", "0.1.0", "Jane Doe", "long-plugin"]


def test_a_list_of_a_broken_extension_needs_none_of_its_code(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    project = Project("leanto-test-broken", plugin="broken").write(tmp_path / "project")
    module = project / "leanto_test_broken" / "extension.py"
    module.write_text("import a_module_that_is_not_there\n" + module.read_text())
    assert run(installer, "install", f"file://{project}").returncode == 0
    assert " broken " in run(installer, "list").stdout


@pytest.mark.parametrize("place", [("-v", "install"), ("install", "-v")])
def test_verbose_shows_what_the_installer_does(installer: Installer, place: tuple[str, str]) -> None:
    printed = run(installer, *place, "leanto-test-greeter").stdout
    assert "+ leanto-test-greeter==0.1.0" in printed


def test_an_option_in_the_place_of_a_name_is_refused(installer: Installer) -> None:
    refused = run(installer, "install", "--", "--index-url=http://127.0.0.1:1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("❌ Error: '--index-url=http://127.0.0.1:1' looks like an option")
    assert "Traceback" not in refused.stderr
    assert run(installer, "install", "--index-url=http://127.0.0.1:1").returncode == 2
    assert not installer.home.volume.exists()


def test_a_failure_is_one_sentence_and_a_hint_on_stderr(installer: Installer) -> None:
    refused = run(installer, "install", "leanto-test-nowhere")
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
    printed = run(installer, "install", "file://./project", cwd=installer.home.path / "here")
    assert printed.returncode == 0, printed.stderr
