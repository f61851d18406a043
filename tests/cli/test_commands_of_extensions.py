"""Commands that installed extensions add to ``localstack``, and what happens to those that can't."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from extension_packages import Project, build
from platforms import Home

COMMANDS = """\
import sys

import click
from localstack.cli import LocalstackCli, LocalstackCliPlugin, console
from localstack_cli.cli import LocalstackCliPlugin as OtherName
from localstack_cli.pro.core.cli.aws import aws
from localstack.pro.core.bootstrap.auth import get_auth_headers, get_platform_auth_headers
from localstack.pro.core.config import is_api_key_configured, is_auth_token_configured
from localstack_cli.pro.core.config import is_auth_token_configured as is_configured
from plux import PluginDisabled

assert OtherName is LocalstackCliPlugin


@click.command(name="mirror", help="Mirror an account")
@click.option("--service")
def mirror(service):
    console.print(f"[bold]mirroring[/bold] {service}")


@click.command(name="locate", help="Say where the gateway is")
def locate():
    import socket

    console.print(socket.gethostbyname("mirror.localhost.localstack.cloud"))


@click.command(name="replay", help="Needs what this host has not")
def replay():
    from localstack.services.cloudformation.provider import Stack


@click.command(name="start", help="Start something else")
def start():
    console.print("something else")


@click.command(name="fall", help="Imports what its own package has not")
def fall():
    from leanto_test_mirror import nothing


class Mirror(LocalstackCliPlugin):
    name = "mirror"

    def should_load(self):
        get_auth_headers(), get_platform_auth_headers()
        return is_auth_token_configured() and is_api_key_configured() and is_configured()

    def attach(self, cli: LocalstackCli):
        if not cli.group.get_command(ctx=None, cmd_name="aws"):
            cli.group.add_command(aws)
        aws.add_command(mirror)
        cli.group.add_command(locate)
        aws.add_command(replay)
        aws.add_command(fall)


class Shy(LocalstackCliPlugin):
    name = "shy"

    def should_load(self):
        return False

    def attach(self, cli):
        raise AssertionError("it said that it should not be loaded")


class Disabled(LocalstackCliPlugin):
    name = "disabled"

    def attach(self, cli):
        raise PluginDisabled(self.namespace, self.name, "not now")


class Clash(LocalstackCliPlugin):
    name = "clash"

    def attach(self, cli):
        cli.group.add_command(start)


class Quitter(LocalstackCliPlugin):
    name = "quitter"

    def attach(self, cli):
        sys.exit(3)
"""

ENTRY_POINTS = """\

[project.entry-points."localstack.plugins.cli"]
mirror = "leanto_test_mirror.commands:Mirror"
shy = "leanto_test_mirror.commands:Shy"
disabled = "leanto_test_mirror.commands:Disabled"
clash = "leanto_test_mirror.commands:Clash"
quitter = "leanto_test_mirror.commands:Quitter"
closed = "leanto_test_mirror.closed:Closed"
"""


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A user who has installed an extension that adds commands."""
    home = Home(tmp_path_factory.mktemp("home"))
    project = Project("leanto-test-mirror", plugin="mirror").write(home.path / "mirror")
    (project / "leanto_test_mirror" / "commands.py").write_text(COMMANDS)
    (project / "leanto_test_mirror" / "closed.py").write_text("from localstack.pro.core.cli.cli import Closed\n")
    with (project / "pyproject.toml").open("a") as file:
        file.write(ENTRY_POINTS)
    wheel = build(project, home.path, "wheel")
    installed = home.run("extensions", "install", f"file://{wheel}", UV_OFFLINE="1")
    assert installed.returncode == 0, installed.stderr
    return home


def test_the_help_shows_them_in_a_section_of_their_own(mirrored: Home) -> None:
    shown = mirrored.run("--help").stdout
    assert "Commands of extensions:\n  aws     Commands for AWS that extensions bring.\n  locate" in shown
    assert "Start the platform." in shown


def test_they_run_with_their_options(mirrored: Home) -> None:
    done = mirrored.run("aws", "mirror", "--service", "sqs")
    assert (done.returncode, done.stdout) == (0, "mirroring sqs\n"), done.stderr


def test_they_find_the_platform_by_its_name_without_dns(mirrored: Home) -> None:
    assert mirrored.run("locate").stdout == "127.0.0.1\n"


def test_one_that_needs_what_this_host_has_not_says_so(mirrored: Home) -> None:
    done = mirrored.run("aws", "replay")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "❌ Error: line 30 of leanto_test_mirror.commands needs the module localstack.services.cloud"
    )


def test_a_fault_of_its_own_is_told_with_its_line(mirrored: Home) -> None:
    done = mirrored.run("aws", "fall")
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith("❌ Error: ImportError: cannot import name 'nothing' from 'leanto_test_mirror'")
    assert re.match(r"   Hint: this is a bug of an extension \(leanto_test_mirror/commands\.py:\d+\);", hint)


def test_those_that_fail_are_one_warning_each_and_hinder_nobody(mirrored: Home) -> None:
    warnings = sorted(mirrored.run("aws", "mirror").stderr.splitlines())
    start = "Warning: commands of the extension leanto-test-mirror "
    assert [line.removeprefix(start).partition(":")[0] for line in warnings] == [
        "(clash) can't be used",
        "(closed) can't be used",
        "(quitter) can't be used",
    ]
    assert "`localstack start` is there already: the command needs another name" in warnings[0]
    assert "needs the module localstack.pro.core.cli.cli, which this host does not have" in warnings[1]


def test_the_own_commands_import_nothing_of_them(mirrored: Home) -> None:
    shown = mirrored.run("config", "show", "--format", "plain")
    assert (shown.returncode, shown.stderr) == (0, "")


def test_an_unknown_command_is_still_one(mirrored: Home) -> None:
    done = mirrored.run("mirror")
    assert done.returncode == 2
    assert "No such command 'mirror'" in done.stderr


def test_without_plugins_nothing_is_imported_for_them(home: Home) -> None:
    wheel = Project("leanto-test-plain", plugin="plain").wheel(home.path)
    assert home.run("extensions", "install", f"file://{wheel}", UV_OFFLINE="1").returncode == 0
    code = """\
import sys
from localstack.host.cli.main import main
sys.argv = ["localstack", "--help"]
try:
    main()
finally:
    print({"plux", "localstack.cli", "rich.console", "leanto_test_plain"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=home.environ(), capture_output=True, text=True, check=True, timeout=60
    )
    assert "Commands of extensions" not in done.stdout
    assert done.stdout.endswith("set()\n")


def test_a_setting_that_is_wrong_does_not_take_the_help_away(home: Home) -> None:
    done = home.run("--help", GATEWAY_LISTEN="nonsense:port")
    assert done.returncode == 0
    assert done.stderr.startswith("Warning: commands of extensions are not looked for: ")
