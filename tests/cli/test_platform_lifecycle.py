"""start -d → wait → status → logs → restart → stop, with the real platform in the background."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from localstack.host.process import PlatformRecord, RecordFile, attempts
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from platforms import Home

LISTEN = "127.0.0.1:0"


@pytest.fixture
def running(home: Home) -> Iterator[PlatformRecord]:
    """A platform that `start -d` has started and `wait` has waited for."""
    result = home.run("start", "-d", GATEWAY_LISTEN=LISTEN)
    assert result.returncode == 0, result.stderr
    waited = home.run("wait", "-t", "60")
    assert waited.returncode == 0, waited.stderr
    record = record_of(home)
    assert record is not None
    yield record
    if record.is_alive():
        os.kill(record.pid, signal.SIGKILL)


def record_of(home: Home) -> PlatformRecord | None:
    return RecordFile(Settings.load(home.environ())).read()


def test_a_platform_in_the_background_is_found_by_every_command(home: Home, running: PlatformRecord) -> None:
    status = json.loads(home.run("status", "-f", "json").stdout)
    assert (status["running"], status["state"], status["pid"]) == (True, "ready", running.pid)
    assert status["log_file"] == str(home.volume / "logs" / "localstack-main.log")

    services = json.loads(home.run("status", "services", "-f", "json").stdout)
    assert services["s3"] == "available"
    assert "xray=available" in home.run("status", "services", "--format", "plain").stdout.splitlines()

    logs = home.run("logs")
    assert logs.returncode == 0
    assert logs.stdout.splitlines().count("Ready.") == 1
    assert "starting LocalStack in host mode 💻" in logs.stdout

    stopped = home.run("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "container stopped: localstack-main\n")
    assert not running.is_alive()
    assert record_of(home) is None
    assert home.run("stop").returncode == 1


def test_a_restart_is_a_new_run_in_the_same_process(home: Home, running: PlatformRecord) -> None:
    result = home.run("restart")
    assert (result.returncode, result.stdout) == (0, "LocalStack restarted within the container.\n")
    after = record_of(home)
    assert after is not None
    assert (after.pid, after.url, after.log_file) == (running.pid, after.url, running.log_file)
    assert after.started_at > running.started_at
    assert home.run("wait", "-t", "30").returncode == 0
    assert home.run("logs").stdout.splitlines().count("Ready.") == 2
    assert home.run("restart").returncode == 0
    assert home.run("stop").returncode == 0


def test_a_background_platform_outlives_its_terminal(home: Home, running: PlatformRecord) -> None:
    assert os.getsid(running.pid) == running.pid
    assert os.getsid(running.pid) != os.getsid(0)


def test_a_second_start_on_the_same_port_shows_the_platforms_own_error(home: Home, running: PlatformRecord) -> None:
    address = running.addresses[0]
    result = home.run("start", "-d", GATEWAY_LISTEN=address, LOCALSTACK_VOLUME_DIR=str(home.path / "second"))
    assert result.returncode == 1
    assert result.stderr.count("❌ Error: ") == 1
    assert address in result.stderr
    assert running.is_alive()


def test_two_platforms_have_their_own_volume_and_name(home: Home, running: PlatformRecord) -> None:
    second = {"LOCALSTACK_VOLUME_DIR": str(home.path / "second"), "MAIN_CONTAINER_NAME": "second"}
    assert home.run("start", "-d", cwd=home.path, text="", GATEWAY_LISTEN=LISTEN, **second).returncode == 0
    try:
        assert home.run("wait", "-t", "60", cwd=home.path, text="", **second).returncode == 0
        assert (home.path / "second" / "logs" / "second.log").is_file()
    finally:
        stopped = home.run("stop", cwd=home.path, text="", **second)
    assert stopped.stdout == "container stopped: second\n"
    assert running.is_alive()


def test_the_log_can_be_followed_to_the_end(home: Home, running: PlatformRecord) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "logs", "-f", "-n", "1"]
    with subprocess.Popen(
        command, env=home.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as logs:
        assert logs.stdout is not None
        logs.stdout.readline()
        assert home.run("stop").returncode == 0
        output, errors = logs.communicate(timeout=60)
    assert (logs.returncode, errors) == (0, "")
    assert "Localstack runtime received signal 15" in output


def test_following_the_log_ends_with_ctrl_c(home: Home, running: PlatformRecord) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "logs", "-f"]
    with subprocess.Popen(
        command, env=home.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as logs:
        assert logs.stdout is not None
        assert "Ready.\n" in iter(logs.stdout.readline, "")
        logs.send_signal(signal.SIGINT)
        _, errors = logs.communicate(timeout=60)
    assert (logs.returncode, errors) == (0, "")
    assert running.is_alive()


def test_the_log_of_the_run_before_is_kept(home: Home, running: PlatformRecord) -> None:
    assert home.run("stop").returncode == 0
    assert home.run("start", "-d", GATEWAY_LISTEN=LISTEN).returncode == 0
    assert home.run("stop").returncode == 0
    logs = home.volume / "logs"
    assert sorted(entry.name for entry in logs.iterdir()) == [
        "localstack-main.lock",
        "localstack-main.log",
        "localstack-main.log.1",
    ]
    assert "Ready." in (logs / "localstack-main.log.1").read_text().splitlines()


def test_of_two_starts_at_once_one_runs_and_keeps_its_log(home: Home) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "start", "-d"]
    environ = home.environ(GATEWAY_LISTEN=LISTEN)
    starts = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [start.communicate(timeout=60)[1].decode() for start in starts]
    assert sorted(start.returncode for start in starts) == [0, 1]
    assert "LocalStack runs already on this volume" in "".join(errors)
    assert home.run("wait", "-t", "60").returncode == 0
    assert "Ready." in home.run("logs").stdout.splitlines()
    assert home.run("stop").returncode == 0


def test_a_killed_platform_leaves_nothing_in_the_way(home: Home, running: PlatformRecord) -> None:
    os.kill(running.pid, signal.SIGKILL)
    assert any(not running.is_alive() for _ in attempts(10))
    assert home.run("stop").returncode == 1
    logs = home.run("logs")
    assert logs.returncode == 1
    assert "Ready." in logs.stdout.splitlines()
    assert home.run("start", "-d", GATEWAY_LISTEN=LISTEN).returncode == 0
    assert home.run("wait", "-t", "60").returncode == 0
    assert home.run("stop").returncode == 0


def test_variables_and_profile_reach_the_background_platform(home: Home) -> None:
    home.config.mkdir()
    (home.config / "lean.env").write_text("SERVICES=s3\n")
    arguments = ["--profile", "lean", "start", "-d", "-e", f"GATEWAY_LISTEN={LISTEN}", "-e", "DEBUG=1"]
    assert home.run(*arguments).returncode == 0
    try:
        assert home.run("wait", "-t", "60").returncode == 0
        services = json.loads(home.run("status", "services", "-f", "json").stdout)
        assert (services["s3"], services["sqs"]) == ("available", "disabled")
    finally:
        assert home.run("stop").returncode == 0


def test_a_file_of_the_working_folder_does_not_stand_in_for_a_module(home: Home) -> None:
    """``python -m`` looks in the working folder first; the platform must not run a ``click.py`` that lies there."""
    folder = home.path / "work"
    folder.mkdir()
    for name in ("logging.py", "click.py", "moto.py"):
        (folder / name).write_text("raise SystemExit('wrong module')\n")
    command = Path(sys.executable).with_name("localstack")
    environ = home.environ(GATEWAY_LISTEN=LISTEN)
    try:
        for arguments in (["start", "-d"], ["wait", "-t", "60"], ["restart"]):
            result = subprocess.run([command, *arguments], cwd=folder, env=environ, capture_output=True, check=False)
            assert result.returncode == 0, result.stderr
    finally:
        stopped = home.run("stop")
    assert stopped.returncode == 0
    assert "wrong module" not in (home.volume / "logs" / "localstack-main.log").read_text()


def test_ctrl_c_while_a_platform_is_started_in_the_background_ends_that_too(home: Home) -> None:
    """It is in a session of its own, so the terminal does not interrupt it."""
    (home.path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if '--host' in sys.orig_argv:\n"
        "    print(os.getpid(), flush=True)\n"
        "    signal.pause()\n"
    )
    command = [sys.executable, "-m", "localstack.host.cli.main", "start", "-d"]
    log = home.volume / "logs" / "localstack-main.log"
    with subprocess.Popen(command, env=home.environ(PYTHONPATH=str(home.path)), stderr=subprocess.PIPE) as starting:
        for _ in attempts(60):
            if log.exists() and (text := log.read_text()).endswith("\n"):
                break
        starting.send_signal(signal.SIGINT)
        assert starting.wait(30) == 1
    for _ in attempts(30):
        if not psutil.pid_exists(int(text)):
            break
    assert not psutil.pid_exists(int(text))
