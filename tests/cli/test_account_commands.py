"""login, logout, auth, license: accepted so that instructions written for an account can be followed."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from platforms import Home

TOKEN = "ls-0123456789abcdef"


def test_login_asks_as_the_seed_shows_and_hides_the_password(home: Home) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "localstack.host.cli.main", "login"]
    process = subprocess.Popen(
        command, env=home.environ(), stdin=follower, stdout=follower, stderr=follower, process_group=0
    )
    output = _read_until(leader, b"Username: ")
    os.write(leader, b"me\n")
    output += _read_until(leader, b"Password: ")
    assert not termios.tcgetattr(follower)[3] & termios.ECHO
    os.write(leader, b"top-secret\n")
    output += _read_until(leader, b"without one")
    assert process.wait(30) == 0
    os.close(follower)
    os.close(leader)
    assert output.startswith(b"Please provide your login credentials below\r\nUsername: ")
    assert b"top-secret" not in output
    assert _everything_below(home.path) == []


def test_login_reads_from_a_pipe_too(home: Home) -> None:
    result = home.run("login", text="me\ntop-secret\n")
    assert result.returncode == 0
    assert result.stdout.startswith("Please provide your login credentials below\nUsername: ")
    assert "No account is needed" in result.stdout
    assert "top-secret" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", [["login"], ["auth", "login"]])
def test_credentials_given_as_options_are_not_asked_for(home: Home, command: list[str]) -> None:
    result = home.run(*command, "-u", "me", "-p", "top-secret")
    assert result.returncode == 0
    assert "Username" not in result.stdout
    assert "top-secret" not in result.stdout + result.stderr
    assert _everything_below(home.path) == []


def test_a_login_without_input_is_aborted(home: Home) -> None:
    result = home.run("login")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


def test_a_token_is_stored_readable_by_its_owner_only(home: Home) -> None:
    path = home.config / "auth.json"
    home.config.mkdir()
    path.write_text("{}")
    path.chmod(0o644)
    result = home.run("auth", "set-token", TOKEN)
    assert result.returncode == 0
    assert json.loads(path.read_text()) == {"LOCALSTACK_AUTH_TOKEN": TOKEN}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TOKEN not in result.stdout + result.stderr
    assert [entry.name for entry in home.config.iterdir()] == ["auth.json"]


def test_a_token_that_can_not_be_written_leaves_nothing_behind(home: Home) -> None:
    """A limit of 0 for the size of files stands for a full disk."""
    command = 'ulimit -f 0; exec "$0" -m localstack.host.cli.main auth set-token "$1"'
    result = subprocess.run(
        ["sh", "-c", command, sys.executable, TOKEN], env=home.environ(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert f"{home.config / 'auth.json'} can't be written: " in result.stderr
    assert TOKEN not in result.stderr
    assert list(home.config.iterdir()) == []


def test_the_default_place_of_the_token_is_the_one_that_tools_read(home: Home) -> None:
    assert home.run("auth", "set-token", TOKEN, CONFIG_DIR="").returncode == 0
    assert (home.path / ".localstack" / "auth.json").is_file()


def test_a_token_is_shown_masked_and_plain_only_when_asked(home: Home) -> None:
    home.run("auth", "set-token", TOKEN)
    assert home.run("auth", "show-token").stdout == "ls-************\n"
    assert home.run("auth", "show-token", "--plain").stdout == TOKEN + "\n"
    home.run("auth", "set-token", "short")
    assert home.run("auth", "show-token").stdout == "************\n"


@pytest.mark.parametrize("command", [["auth", "clear-token"], ["logout"]])
def test_a_token_can_be_removed_twice(home: Home, command: list[str]) -> None:
    home.run("auth", "set-token", TOKEN)
    assert [home.run(*command).returncode for _ in range(2)] == [0, 0]
    assert not (home.config / "auth.json").exists()
    shown = home.run("auth", "show-token")
    assert shown.returncode == 1
    assert "no auth token is stored" in shown.stderr


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak"])
def test_what_can_not_be_a_token_is_refused_without_being_repeated(home: Home, token: str) -> None:
    result = home.run("auth", "set-token", token)
    assert result.returncode == 1
    assert "that is no auth token" in result.stderr
    assert not (home.config / "auth.json").exists()


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", "3", '{"other": "x"}'])
def test_a_token_file_that_holds_something_else_is_named_not_quoted(home: Home, content: str) -> None:
    home.config.mkdir()
    (home.config / "auth.json").write_text(content)
    result = home.run("auth", "show-token")
    assert result.returncode == 1
    assert f"{home.config / 'auth.json'} holds no token" in result.stderr


def test_the_license_has_the_line_that_tools_look_for(home: Home) -> None:
    result = home.run("license", "info")
    assert result.returncode == 0
    assert "license validity: valid" in result.stdout.splitlines()
    assert home.run("license", "activate").returncode == 0


def _read_until(terminal: int, end: bytes) -> bytes:
    output = b""
    while end not in output:
        output += os.read(terminal, 1024)
    return output


def _everything_below(path: Path) -> list[Path]:
    return list(path.rglob("*"))
