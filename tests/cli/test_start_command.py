"""What `localstack start` accepts, refuses and prints; and what it says when it can't start."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from localstack.host.process import RecordFile
from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION

if TYPE_CHECKING:
    from platforms import Home, Platform

ANY_PORT = "127.0.0.1:0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--docker", "--host"], "Please specify either --docker or --host"),
        (["--docker"], "Leanto runs without a container, so there is no --docker"),
        (["--network", "mine"], "--network needs a container, and Leanto runs without one"),
        (["-p", "8080:80"], "--publish needs a container, and Leanto runs without one"),
        (["-v", "/a:/b"], "--volume needs a container, and Leanto runs without one"),
        (["--host-dns"], "--host-dns needs a container, and Leanto runs without one"),
        (["-s", "snowflake"], "Invalid stack 'snowflake'"),
        (["-e", "1X=2"], "--env '1X=2' names no variable"),
        (["-e", "=2"], "--env '=2' names no variable"),
        (["-e", "GATEWAY_LISTEN=127.0.0.1:x"], "GATEWAY_LISTEN='127.0.0.1:x': the port 'x'"),
    ],
)
@pytest.mark.parametrize("detached", [[], ["-d"]])
def test_what_can_not_be_done_is_refused_in_one_sentence(
    home: Home, arguments: list[str], message: str, detached: list[str]
) -> None:
    result = home.run("start", *arguments, *detached)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"❌ Error: {message}")
    assert "Traceback" not in result.stderr
    assert not home.volume.exists()


@pytest.mark.parametrize("detached", [[], ["-d"]])
@pytest.mark.parametrize(
    ("listen", "message"),
    [("127.0.0.1:99999", "the port '99999'"), ("a b", "is no address"), ("127.0.0.1:", "the port ''")],
)
def test_a_bad_gateway_listen_is_named(home: Home, listen: str, message: str, detached: list[str]) -> None:
    result = home.run("start", *detached, GATEWAY_LISTEN=listen)
    assert result.returncode == 1
    assert "GATEWAY_LISTEN" in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("detached", [[], ["-d"]])
def test_a_port_in_use_is_one_clear_error(home: Home, detached: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = home.run("start", *detached, GATEWAY_LISTEN=address)
    assert result.returncode == 1
    assert result.stderr.count("❌ Error: ") == 1
    assert address in result.stderr
    assert "Traceback" not in result.stderr
    assert RecordFile(Settings.load(home.environ())).last() is None


@pytest.mark.parametrize("detached", [[], ["-d"]])
def test_a_volume_that_can_not_be_used_is_one_clear_error(home: Home, detached: list[str]) -> None:
    home.volume.write_text("a file where a folder should be")
    result = home.run("start", *detached, GATEWAY_LISTEN=ANY_PORT)
    assert result.returncode == 1
    assert result.stderr.count("❌ Error: ") == 1
    assert str(home.volume) in result.stderr
    assert "Traceback" not in result.stderr


def test_the_banner_and_the_ready_line_are_printed(start: Callable[..., Platform]) -> None:
    platform = start()
    assert f"LocalStack version: {LOCALSTACK_VERSION}" in platform.stdout
    assert platform.stdout.count("Ready.") == 1
    assert "- Profile: default" not in platform.stdout  # the fixture asks for no banner
    assert platform.wait_for("starting LocalStack in host mode 💻", platform.stderr)


def test_the_banner_names_version_and_profiles(home: Home) -> None:
    home.volume.write_text("so that it ends after the banner")
    lines = home.run("start", "--profile", "one,two", GATEWAY_LISTEN=ANY_PORT).stdout.splitlines()
    assert f"- LocalStack CLI: {LOCALSTACK_VERSION}" in lines
    assert lines[lines.index("- Profile: one, two") + 1] == ""


def test_harmless_options_of_localstack_are_accepted(start: Callable[..., Platform]) -> None:
    platform = start(arguments=("--host", "-s", "localstack-pro:4.5", "-e", "SERVICES=s3", "-e", "HOME"))
    assert platform.get("/_localstack/health").json()["services"]["sqs"] == "disabled"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_platform_cleanly(home: Home, start: Callable[..., Platform], number: int) -> None:
    platform = start()
    assert platform.signal(number) == 0
    assert f"Localstack runtime received signal {int(number)}" in platform.output
    assert "Traceback" not in platform.log
    assert "Aborted!" not in platform.log
    assert RecordFile(Settings.load(home.environ())).last() is None


def test_a_second_platform_on_the_volume_is_refused_and_disturbs_nothing(
    home: Home, start: Callable[..., Platform]
) -> None:
    platform = start()
    for arguments in (["start"], ["start", "-d"]):
        result = home.run(*arguments, GATEWAY_LISTEN=ANY_PORT)
        assert result.returncode == 1
        message = f"LocalStack runs already on this volume: process {platform.process.pid} at {platform.url}"
        assert message in result.stderr
        assert "Traceback" not in result.stderr
    assert home.run("wait", "-t", "30").returncode == 0
    assert not (home.volume / "logs" / "localstack-main.log").exists()
