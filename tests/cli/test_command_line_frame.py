"""The frame around every command: help, version, profiles, exit codes, how failures look."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from localstack.host.cli.main import cli, split_profile
from localstack.host.version import LOCALSTACK_VERSION, leanto_version

if TYPE_CHECKING:
    from platforms import Home

SLOW_IMPORTS = {
    "boto3",
    "botocore",
    "moto",
    "rolo",
    "twisted",
    "werkzeug",
    "rich",
    "psutil",
    "requests",
    "cookiecutter",
}


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_the_version_comes_first_and_leantos_own_on_the_second_line(home: Home, option: str) -> None:
    result = home.run(option)
    assert result.returncode == 0
    assert result.stdout == f"LocalStack CLI {LOCALSTACK_VERSION}\nLeanto {leanto_version()}\n"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_has_two_sections_with_every_command(home: Home, option: str) -> None:
    result = home.run(option)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage: localstack [OPTIONS] COMMAND [ARGS]...")
    commands, advanced = result.stdout.partition("Commands:")[2].split("Advanced:")
    assert [line.split()[0] for line in commands.strip().splitlines()][:3] == ["start", "stop", "restart"]
    assert {"extensions", "auth", "login", "logout", "license"} <= {
        line.split()[0] for line in advanced.splitlines() if line
    }


def test_both_installed_commands_run_the_same_program(home: Home) -> None:
    for name in ("localstack", "leanto"):
        command = Path(sys.executable).with_name(name)
        result = subprocess.run([command, "--help"], env=home.environ(), capture_output=True, text=True, check=True)
        assert result.stdout.startswith("Usage: localstack ")


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["start", "--help"], ["status", "services", "-f", "json"]]
)
def test_a_short_command_imports_nothing_slow(home: Home, arguments: list[str]) -> None:
    program = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('IMPORTED', *sorted({SLOW_IMPORTS!r} & set(sys.modules)), file=sys.stderr))\n"
        f"sys.argv = ['localstack', *{arguments!r}]\n"
        "from localstack.host.cli.main import main\n"
        "main()\n"
    )
    environ = home.environ(GATEWAY_LISTEN="127.0.0.1:1")
    result = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert "IMPORTED\n" in result.stderr


def test_a_command_imports_no_other_command(home: Home) -> None:
    program = (
        "import sys; sys.argv = ['localstack', 'license', 'info']\n"
        "from localstack.host.cli.main import main\n"
        "others = ['localstack.host.cli.' + name for name in ('auth', 'start', 'logs')]\n"
        "try: main()\n"
        "except SystemExit: print([name for name in others if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env=home.environ(), capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("[]\n")


def test_every_command_of_the_table_exists_and_shows_its_help() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.get_short_help_str()


@pytest.mark.parametrize(
    "arguments", [["no-such-command"], ["start", "--no-such-option"], ["wait", "-t", "soon"], ["--profile"]]
)
def test_wrong_usage_ends_with_exit_code_2(home: Home, arguments: list[str]) -> None:
    result = home.run(*arguments)
    assert result.returncode == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["extension", "list"], "'extensions'"),
        (["stopp"], "'stop'"),
        (["extensions", "docter"], "'doctor'"),
        (["extensions", "dev", "chek"], "'check'"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_may_have_been_meant(
    home: Home, arguments: list[str], meant: str
) -> None:
    result = home.run(*arguments)
    assert result.returncode == 2
    assert f"Did you mean {meant}" in result.stderr


def test_a_failure_is_one_line_and_a_hint_on_stderr_with_exit_code_1(home: Home) -> None:
    result = home.run("stop", LOCALSTACK_VOLUME_DIR=str(home.path / "empty"))
    assert result.returncode == 1
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first == '❌ Error: Expected a running LocalStack container named "localstack-main", but found none'
    assert second.startswith("   Hint: ")


def test_debug_adds_the_traceback(home: Home) -> None:
    result = home.run("--debug", "stop")
    assert result.returncode == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "❌ Error: Expected a running" in result.stderr


@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_an_unforeseen_exception_shows_its_traceback_for_debug_only(home: Home, options: list[str]) -> None:
    """A command that raises is put in the place of a real one: nothing of ours is known to raise unforeseen."""
    program = (
        "import click, sys, types\n"
        "module = sys.modules['localstack.host.cli.stop'] = types.ModuleType('stop')\n"
        "module.stop = click.command('stop')(lambda: {}['unforeseen'])\n"
        f"sys.argv = ['localstack', *{options!r}, 'stop']\n"
        "from localstack.host.cli.main import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, env=home.environ(), capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "❌ Error: KeyError: 'unforeseen'\n   Hint: this is a bug" in result.stderr
    assert ("Traceback" in result.stderr) == bool(options)


def test_the_error_is_red_on_a_terminal_only(home: Home) -> None:
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        command = [sys.executable, "-m", "localstack.host.cli.main", "stop"]
        process = subprocess.Popen(command, env=home.environ(TERM="xterm"), stderr=follower, stdout=subprocess.DEVNULL)
        os.close(follower)
        output = _read_to_end(terminal.fileno())
        process.wait(30)
    assert "\x1b[31m❌ Error:" in output.decode()
    assert "\x1b" not in home.run("stop").stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stdout_that_is_not_utf8_is_survived(home: Home, encoding: str) -> None:
    for arguments in (["stop"], ["status"], ["config", "validate"]):
        environ = home.environ(PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        command = [sys.executable, "-m", "localstack.host.cli.main", *arguments]
        result = subprocess.run(command, env=environ, capture_output=True, check=False)
        assert b"UnicodeEncodeError" not in result.stderr
        assert result.returncode == (1 if arguments == ["stop"] else 0)


def test_a_reader_that_goes_away_is_no_error_worth_a_message(home: Home) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "config", "show", "-f", "plain"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        result = subprocess.run(
            command, env=home.environ(), stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "exit_code"), [("license info", 0), ("status", 0), ("extensions list", 0), ("extensions dev list", 0)]
)
def test_a_closed_stdout_is_survived(home: Home, arguments: str, exit_code: int) -> None:
    result = run_in_shell(home, f"{arguments} >&-")
    assert (result.returncode, "Error" in result.stderr) == (exit_code, False)


@pytest.mark.parametrize("arguments", ["login", "extensions dev new"])
def test_a_closed_stdin_is_one_sentence(home: Home, arguments: str) -> None:
    result = run_in_shell(home, f"{arguments} <&-")
    assert result.returncode == 1
    assert "this is a bug" not in result.stderr


@pytest.mark.parametrize("arguments", ["extensions install ./here", "extensions dev new"])
def test_a_working_folder_that_is_gone_is_one_sentence(home: Home, arguments: str) -> None:
    result = run_in_shell(home, arguments, before="mkdir gone && cd gone && rmdir ../gone")
    assert result.returncode == 1
    assert "❌ Error: the working folder is not there any more" in result.stderr


def run_in_shell(home: Home, arguments: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    """Run ``localstack ARGUMENTS`` with the redirections in it, after another command."""
    command = f"{before} && exec {sys.executable} -m localstack.host.cli.main {arguments}"
    return subprocess.run(
        ["sh", "-c", command], env=home.environ(), cwd=home.path, capture_output=True, text=True, check=False
    )


def test_a_profile_is_read_wherever_its_option_stands(home: Home) -> None:
    home.config.mkdir()
    (home.config / "dev.env").write_text("MAIN_CONTAINER_NAME=from-dev\n")
    for arguments in (
        ["--profile", "dev", "stop"],
        ["stop", "--profile", "dev"],
        ["stop", "--profile=dev"],
        ["-p", "dev", "stop"],
    ):
        assert '"from-dev"' in home.run(*arguments).stderr
    assert '"localstack-main"' in home.run("stop").stderr


def test_p_after_the_command_is_not_a_profile(home: Home) -> None:
    result = home.run("login", "-u", "me", "-p", "secret")
    assert result.returncode == 0
    assert "needs a container" in home.run("start", "-p", "8080:80").stderr


def test_a_profile_name_that_is_a_path_is_refused(home: Home) -> None:
    result = home.run("--profile", "../../etc/x", "stop")
    assert result.returncode == 1
    assert "'../../etc/x' is no profile name" in result.stderr


def test_a_profile_file_that_is_no_text_is_named(home: Home) -> None:
    home.config.mkdir()
    (home.config / "dev.env").write_bytes(b"DEBUG=1\n\xff\xfe\n")
    result = home.run("--profile", "dev", "status")
    assert result.returncode == 1
    assert f"{home.config / 'dev.env'} can't be read" in result.stderr
    assert "bug" not in result.stderr


def test_a_platform_name_that_is_a_path_is_refused(home: Home) -> None:
    result = home.run("start", MAIN_CONTAINER_NAME="../../x")
    assert result.returncode == 1
    assert "MAIN_CONTAINER_NAME='../../x' can't name a platform" in result.stderr
    assert not home.volume.exists()


@pytest.mark.parametrize(
    ("arguments", "rest", "profile"),
    [
        (["start"], ["start"], None),
        (["--profile", "a", "start", "-d"], ["start", "-d"], "a"),
        (["start", "--profile=a", "--profile", "b"], ["start"], "b"),
        (["extensions", "install", "--", "--profile", "a"], ["extensions", "install", "--", "--profile", "a"], None),
        (["start", "-p", "8080:80"], ["start", "-p", "8080:80"], None),
    ],
)
def test_the_profile_is_taken_out_of_the_arguments(arguments: list[str], rest: list[str], profile: str | None) -> None:
    assert split_profile(arguments) == (rest, profile)


def _read_to_end(terminal: int) -> bytes:
    """Everything that is written to a terminal; its last writer's end is an error on Linux and nothing on macOS."""
    output = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            return output
        if not part:
            return output
        output += part
