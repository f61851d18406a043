"""stop, wait, restart and status towards a platform that does not behave.

A stand-in takes the platform's place here, because the real one can't be asked to hang, to lie or to die in between.
It is a process of its own with a real record and a real socket.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from localstack.host.process import PlatformRecord, RecordFile
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from platforms import Home

_STAND_IN = """
import signal, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from localstack.host.process import PlatformRecord, PlatformState, RecordFile
from localstack.host.settings import HostAndPort, Settings

health, post_status, ignores_sigterm = sys.argv[1:]

class Health(BaseHTTPRequestHandler):
    def answer(self, status):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        self.send_header("Content-Length", str(len(health)))
        self.end_headers()
        self.wfile.write(health.encode())

    def do_GET(self):
        self.answer(200)
        print("asked", flush=True)

    def do_POST(self):
        self.answer(int(post_status))
        if post_status == "200":
            threading.Thread(target=restarted).start()

    def log_message(self, *arguments):
        pass

def restarted():
    records.write(PlatformRecord.of_this_process(settings, address))
    print("restarted", flush=True)

if ignores_sigterm == "yes":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
settings = Settings.load()
server = HTTPServer(("127.0.0.1", 0), Health)
address = [HostAndPort("127.0.0.1", server.server_port)]
records = RecordFile(settings)
records.write(PlatformRecord.of_this_process(settings, address))
threading.Thread(target=server.serve_forever, daemon=True).start()
print("up", flush=True)
for line in sys.stdin:
    records.update(state=PlatformState(line.strip()))
    print(line.strip(), flush=True)
"""

GOOD_HEALTH = (
    '{"services": {"s3": "running", "sqs": "available", "ec2": "starting", "iam": "error"}, "version": "4.14.0"}'
)


class StandIn:
    """A process in the platform's place; its states are set by ``state``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def state(self, state: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(state + "\n")
        self.process.stdin.flush()
        self.await_line(state)

    def await_line(self, line: str) -> None:
        """Wait until it says ``line``: ``up``, ``asked`` at each health check, ``restarted``, or its new state."""
        assert self.process.stdout is not None
        assert line + "\n" in iter(self.process.stdout.readline, "")


Starter = Callable[..., StandIn]


@pytest.fixture
def stand_in(home: Home) -> Iterator[Starter]:
    started: list[subprocess.Popen[str]] = []

    def start(health: str = GOOD_HEALTH, *, post_status: int = 200, ignores_sigterm: bool = False) -> StandIn:
        arguments = [health, str(post_status), "yes" if ignores_sigterm else "no"]
        process = subprocess.Popen(
            [sys.executable, "-c", _STAND_IN, *arguments],
            env=home.environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        standing = StandIn(process)
        standing.await_line("up")
        return standing

    yield start
    for process in started:
        process.kill()
        process.communicate()


def record(home: Home) -> PlatformRecord | None:
    return RecordFile(Settings.load(home.environ())).read()


def spawn(home: Home, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "localstack.host.cli.main", *arguments]
    return subprocess.Popen(command, env=home.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_stop_says_so_when_the_platform_does_not_end(home: Home, stand_in: Starter) -> None:
    standing = stand_in(ignores_sigterm=True)
    result = home.run("stop", SHUTDOWN_TIMEOUT="0")
    assert result.returncode == 1
    assert f"process {standing.process.pid}, still runs 5 seconds after it was asked to stop" in result.stderr
    assert f"kill -9 {standing.process.pid}" in result.stderr


def test_stop_ends_a_platform_that_has_only_begun_to_start(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    result = home.run("stop")
    assert (result.returncode, result.stdout) == (0, "container stopped: localstack-main\n")
    assert standing.process.wait(10) == -signal.SIGTERM
    assert record(home) is None


def test_wait_goes_on_until_the_state_is_ready(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    assert "the platform is starting" in home.run("wait", "-t", "0.1").stderr
    with spawn(home, "wait", "-t", "60") as waiting:
        standing.state("ready")
        assert waiting.wait(60) == 0


def test_wait_is_an_error_when_the_platform_dies_before_it_is_ready(home: Home, stand_in: Starter) -> None:
    standing = stand_in("no health")
    standing.state("ready")
    with spawn(home, "wait") as waiting:
        standing.await_line("asked")
        standing.process.kill()
        standing.process.wait()
        _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert "❌ Error: LocalStack ended before it was ready" in errors


def test_wait_for_a_platform_that_is_ready_but_answers_nonsense_times_out(home: Home, stand_in: Starter) -> None:
    stand_in("nonsense").state("ready")
    result = home.run("wait", "-t", "0.2")
    assert result.returncode == 1
    message, hint = result.stderr.splitlines()
    assert message == "❌ Error: timeout"
    assert "the platform is ready, but what answered there, with status 200, is no LocalStack after 0.2 seconds" in hint


def test_wait_without_a_platform_times_out(home: Home) -> None:
    result = home.run("wait", "--timeout", "0.1")
    assert result.returncode == 1
    assert result.stderr.splitlines()[0] == "❌ Error: timeout"
    assert "no platform runs on this volume" in result.stderr


def test_restart_returns_only_when_the_new_run_is_ready(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    standing.state("ready")
    with spawn(home, "restart") as restarting:
        standing.await_line("restarted")
        assert restarting.poll() is None
        standing.state("ready")
        output, _ = restarting.communicate(timeout=60)
    assert (restarting.returncode, output) == (0, "LocalStack restarted within the container.\n")


def test_restart_says_how_far_saving_is_and_waits_for_it(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    progress = Settings.load(home.environ()).state_dir / "saving.json"
    progress.parent.mkdir(parents=True)
    progress.write_text(json.dumps({"pid": standing.process.pid, "size": 7_000_000, "at": 1.0}))
    with spawn(home, "restart") as restarting:
        assert restarting.stderr is not None
        assert restarting.stderr.readline() == "the state is being saved: 7 MB until now\n"
        standing.await_line("restarted")
        standing.state("ready")
        assert restarting.wait(60) == 0


def test_restart_is_an_error_when_the_platform_ends_instead(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    with spawn(home, "restart") as restarting:
        standing.await_line("restarted")
        standing.process.kill()
        standing.process.wait()
        _, errors = restarting.communicate(timeout=60)
    assert restarting.returncode == 1
    assert "❌ Error: LocalStack ended instead of restarting" in errors


def test_a_refused_restart_is_an_error(home: Home, stand_in: Starter) -> None:
    stand_in(post_status=503)
    result = home.run("restart")
    assert result.returncode == 1
    assert result.stderr.startswith("❌ Error: could not restart the LocalStack container\n")
    assert "answered 503" in result.stderr


def test_restart_without_a_platform_is_an_error(home: Home) -> None:
    result = home.run("restart", GATEWAY_LISTEN="127.0.0.1:1")
    assert result.returncode == 1
    assert result.stderr.startswith("❌ Error: could not restart the LocalStack container\n")


def test_a_restart_asked_for_by_an_own_address_is_sent_past_every_proxy(home: Home, stand_in: Starter) -> None:
    stand_in()
    result = home.run(
        "status", "services", "-f", "plain", http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1"
    )
    assert result.returncode == 0


def test_the_services_are_shown_in_every_format(home: Home, stand_in: Starter) -> None:
    stand_in()
    expected = json.loads(GOOD_HEALTH)["services"]
    assert json.loads(home.run("status", "services", "--format=json").stdout) == expected
    assert home.run("status", "services", "-f", "dict").stdout == f"{expected}\n"
    assert (
        home.run("status", "services", "-f", "plain").stdout == "s3=running\nsqs=available\nec2=starting\niam=error\n"
    )
    table = home.run("status", "services").stdout
    for text in ("Service", "Status", "✔ running", "✔ available", "⏳ starting", "✖ error"):
        assert text in table


def test_many_services_make_one_line_of_json(home: Home, stand_in: Starter) -> None:
    services = {f"service-{number}": "available" for number in range(200)}
    stand_in(json.dumps({"services": services}))
    result = home.run("status", "services", "-f", "json", COLUMNS="80")
    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout) == services


@pytest.mark.parametrize("health", ["", "<html>", "[]", "{}", '{"services": []}'])
def test_what_is_no_localstack_is_called_that(home: Home, stand_in: Starter, health: str) -> None:
    stand_in(health)
    result = home.run("status", "services")
    assert result.returncode == 1
    assert "could not connect to LocalStack health endpoint at http://127.0.0.1:" in result.stderr
    assert "is no LocalStack" in result.stderr


def test_services_without_a_platform_are_an_error_that_names_the_address(home: Home) -> None:
    result = home.run("status", "services", "-f", "json", GATEWAY_LISTEN="127.0.0.1:1")
    assert (result.returncode, result.stdout) == (1, "")
    url = "http://127.0.0.1:1/_localstack/health"
    assert result.stderr.startswith(f"❌ Error: could not connect to LocalStack health endpoint at {url}\n")


def test_the_status_of_no_platform_is_stopped(home: Home) -> None:
    for command in (["status"], ["status", "docker"]):
        shown = json.loads(home.run(*command, "-f", "json").stdout)
        assert (shown["running"], shown["container_name"]) == (False, "localstack-main")
    assert "✖ stopped" in home.run("status").stdout


def test_the_status_of_a_platform_says_where_it_is(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    shown = json.loads(home.run("status", "-f", "json").stdout)
    assert (shown["running"], shown["state"], shown["pid"]) == (True, "starting", standing.process.pid)
    plain = home.run("status", "-f", "plain").stdout.splitlines()
    assert plain[0] == "running=true"
    assert f"url={shown['url']}" in plain
    assert shown["url"] in home.run("status").stdout


def test_the_log_of_a_platform_in_the_foreground_is_in_no_file(home: Home, stand_in: Starter) -> None:
    standing = stand_in()
    result = home.run("logs")
    assert (result.returncode, result.stdout) == (1, "")
    assert f"process {standing.process.pid}, runs in the foreground" in result.stderr


def test_logs_shows_what_the_last_platform_left(home: Home) -> None:
    log = home.volume / "logs" / "localstack-main.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\nthree 🏗\n")
    result = home.run("logs", "-n", "2")
    assert (result.returncode, result.stdout) == (1, "two\nthree 🏗\n")
    assert "❌ Error: localstack container not running" in result.stderr
    assert home.run("logs", "-n", "0").stdout == ""


def test_logs_without_any_log_says_that_nothing_runs(home: Home) -> None:
    result = home.run("logs")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("❌ Error: localstack container not running\n")
