"""``make run``: the platform starts with the example extension, and what it says to try works when it is pasted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from platforms import Home, Platform, free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def example(home: Home) -> Iterator[Platform]:
    """The platform as ``make run`` starts it, after ``Ready.``, with everything it leaves in a temporary folder."""
    port = free_port()
    environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}")
    with subprocess.Popen(
        [sys.executable, "tools/run_example.py", "--volume", str(home.volume)],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        platform = Platform(process, port, home.path, environ)
        try:
            platform.wait_for(r"^Ready\.$", platform.stdout)
            yield platform
        finally:
            if process.poll() is None:
                process.kill()


def printed_commands(platform: Platform) -> str:
    """What stands between the introduction and the last line: everything that is meant to be pasted."""
    lines = platform.stdout
    first = next(index for index, line in enumerate(lines) if line.startswith("curl "))
    last = next(index for index, line in enumerate(lines) if line.startswith("Ctrl-C"))
    return "\n".join(lines[first:last])


def test_the_printed_commands_work_when_they_are_pasted_into_a_shell(example: Platform) -> None:
    if shutil.which("curl") is None:
        pytest.skip("NOT RUN: there is no curl")
    environ = dict(example.environ)
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])  # aws is beside our Python
    result = subprocess.run(
        ["sh", "-eu", "-c", printed_commands(example)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Hello, world!" in result.stdout
    assert '"calls"' in result.stdout
    assert "make_bucket: demo" in result.stdout
    assert "you called sqs.CreateQueue" in result.stdout


def test_the_example_counts_aws_calls_and_signs_their_answers_alone(example: Platform) -> None:
    host = "hello.localhost.localstack.cloud"
    assert example.get("/", host=host).json() == {"calls": {}}
    answer = example.client("sqs").create_queue(QueueName="jobs")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-hello"] == "you called sqs.CreateQueue"
    page = example.get("/", host=host)
    assert page.json() == {"calls": {"sqs.CreateQueue": 1}}
    assert "x-hello" not in page.headers


def test_the_greeting_decodes_the_name(example: Platform) -> None:
    assert example.get("/hello/J%C3%BCrgen%20K").json() == {"message": "Hello, Jürgen K!"}


def test_ctrl_c_stops_it_and_everything_is_in_its_folder(example: Platform, home: Home) -> None:
    assert example.signal(signal.SIGINT) == 0
    assert {path.name for path in home.path.iterdir()} <= {"volume", "cache"}


def test_a_setting_that_can_not_be_used_ends_it_with_one_sentence(home: Home) -> None:
    result = subprocess.run(
        [sys.executable, "tools/run_example.py", "--volume", str(home.volume)],
        cwd=ROOT,
        env=home.environ(GATEWAY_LISTEN="127.0.0.1:many"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert "GATEWAY_LISTEN='127.0.0.1:many'" in result.stderr
    assert "Traceback" not in result.stderr
