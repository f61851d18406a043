"""``localstack.utils.run``, with real processes."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from localstack.utils.run import ShellCommandThread, is_command_available, is_root, run
from localstack.utils.sync import poll_condition

SECONDS = 20


class Lines:
    """Collects what a command prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, line: str, **_kwargs: Any) -> None:
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.lines) >= count, SECONDS), self.lines
            return list(self.lines)


def test_output_and_errors_come_back_as_text() -> None:
    assert run("echo out; echo err >&2") == "out\nerr\n"
    assert run("echo ö && printf '\\377'") == "ö\n\ufffd"


def test_a_list_is_run_without_a_shell() -> None:
    assert run(["echo", "$HOME;", "a b"]) == "$HOME; a b\n"


def test_variables_are_added_or_are_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INHERITED", "yes")
    script = "import os; print(os.environ.get('INHERITED'), os.environ['OWN'])"
    assert run([sys.executable, "-c", script], env_vars={"OWN": "1"}) == "yes 1\n"
    assert run([sys.executable, "-c", script], env_vars={"OWN": "1"}, inherit_env=False) == "None 1\n"


def test_a_command_runs_in_the_given_folder(tmp_path: Path) -> None:
    assert run("pwd -P", cwd=str(tmp_path)).strip() == str(tmp_path.resolve())  # type: ignore[union-attr]


def test_a_failing_command_raises_with_its_output(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run("echo reason; exit 3")
    assert (caught.value.returncode, caught.value.output) == (3, b"reason\n")
    assert "reason" in caplog.text
    caplog.clear()
    with pytest.raises(subprocess.CalledProcessError):
        run("exit 1", print_error=False)
    assert caplog.text == ""


def test_a_command_is_available_when_it_is_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "own-program"
    assert not is_command_available("own-program")
    program.touch()
    assert not is_command_available("own-program"), "it can't be executed"
    program.chmod(0o755)
    assert is_command_available("own-program")


def test_root_is_told_from_others() -> None:
    assert is_root() == (run(["id", "-u"]) == "0\n")


ASKS = "import os, sys; print(sys.stdin.isatty(), os.isatty(1)); print('to the terminal', file=sys.stderr)"


def test_a_command_can_have_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    assert run([sys.executable, "-c", ASKS], stdin=True, tty=True) == "True True\nto the terminal\n"
    assert run([sys.executable, "-c", ASKS]) == "False False\nto the terminal\n"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run("echo shown; exit 4", tty=True)
    assert (caught.value.returncode, caught.value.output) == (4, b"shown\n")
    assert "shown" in caplog.text


def test_an_asynchronous_command_can_have_a_terminal_and_write_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASKS]
    process = run(command, asynchronous=True, tty=True, outfile=subprocess.PIPE)
    assert isinstance(process, subprocess.Popen)
    with process:
        assert process.stdout is not None
        assert process.stdout.read() == b"True True\nto the terminal\n"
    out = tmp_path / "out"
    process = run(command, asynchronous=True, tty=True, outfile=str(out))
    assert isinstance(process, subprocess.Popen)
    assert process.wait(SECONDS) == 0
    assert poll_condition(lambda: out.read_text() == "True True\nto the terminal\n", SECONDS)
    much = run("head -c 1000000 /dev/zero", asynchronous=True, tty=True)
    assert isinstance(much, subprocess.Popen)
    assert much.wait(SECONDS) == 0, "what nobody reads must not stop it"


def test_a_command_that_can_not_be_started_on_a_terminal_leaves_nothing_open(tmp_path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("only Linux shows a process what it has open")
    before = sorted(descriptors.iterdir())
    for options in ({}, {"asynchronous": True}, {"asynchronous": True, "outfile": subprocess.PIPE}):
        with pytest.raises(FileNotFoundError):
            run(["/no/such/program"], tty=True, **options)
    assert sorted(descriptors.iterdir()) == before
    with pytest.raises(OSError, match="fileno"):
        run(["touch", str(tmp_path / "was-started")], asynchronous=True, tty=True, outfile=io.BytesIO())
    assert sorted(descriptors.iterdir()) == before, "a terminal without a process"
    assert list(tmp_path.iterdir()) == []


def test_an_asynchronous_command_writes_to_a_file(tmp_path: Path) -> None:
    process = run("echo later", asynchronous=True, outfile=str(tmp_path / "out"))
    assert isinstance(process, subprocess.Popen)
    assert process.wait(SECONDS) == 0
    assert (tmp_path / "out").read_text() == "later\n"


def test_a_command_does_not_read_the_platforms_input() -> None:
    assert run("cat") == ""


def test_each_line_goes_to_the_listener_and_the_exit_code_to_the_future() -> None:
    lines = Lines()
    thread = ShellCommandThread("echo one; echo two >&2; exit 4", log_listener=lines, name="lister")
    thread.start()
    assert thread.result_future.result(SECONDS) == 4
    assert sorted(lines.lines) == ["one", "two"]
    assert thread.is_killed()


def test_a_listener_that_raises_keeps_the_command_running() -> None:
    def fail(_line: str, **_kwargs: Any) -> None:
        raise ValueError

    thread = ShellCommandThread("for i in 1 2 3; do echo $i; done", log_listener=fail)
    thread.start()
    assert thread.result_future.result(SECONDS) == 0


def test_colours_are_taken_out_when_asked() -> None:
    lines = Lines()
    thread = ShellCommandThread(["printf", "\\033[1;31mred\\033[0m\\n"], log_listener=lines, strip_color=True)
    thread.start()
    thread.result_future.result(SECONDS)
    assert lines.lines == ["red"]


def test_output_can_go_to_a_file(tmp_path: Path) -> None:
    thread = ShellCommandThread("echo kept", outfile=str(tmp_path / "log"), env_vars={"A": "1"}, cwd=str(tmp_path))
    thread.start()
    assert thread.result_future.result(SECONDS) == 0
    assert (tmp_path / "log").read_text() == "kept\n"


def test_a_command_that_is_not_quiet_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        thread = ShellCommandThread("echo seen; exit 2", quiet=False)
        thread.start()
        thread.result_future.result(SECONDS)
    assert "seen" in caplog.text
    assert "exited with 2" in caplog.text


def test_the_command_can_be_written_to() -> None:
    lines = Lines()
    thread = ShellCommandThread(["cat"], stdin=True, log_listener=lines)
    thread.start()
    assert poll_condition(lambda: thread.process is not None, timeout=SECONDS, interval=0.01)
    assert thread.process is not None
    assert thread.process.stdin is not None
    thread.process.stdin.write(b"typed\n")
    thread.process.stdin.close()
    assert lines.wait_for(1) == ["typed"]
    assert thread.result_future.result(SECONDS) == 0


TREE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "{child}"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.parametrize(
    "child",
    [
        "import time; time.sleep(600)",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    ],
    ids=["obedient", "deaf"],
)
def test_stopping_ends_the_whole_tree_of_processes(child: str) -> None:
    lines = Lines()
    stops: list[object] = []
    command = f"{sys.executable} -c '{TREE.format(child=child)}' & wait"
    thread = ShellCommandThread(command, log_listener=lines, stop_listener=stops.append)
    thread.start()
    grandchild = psutil.Process(int(lines.wait_for(1)[0]))
    assert thread.process is not None
    shell = psutil.Process(thread.process.pid)
    thread.stop()
    thread.stop()
    assert not shell.is_running()
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE, "its new parent reaps it"
    assert thread.result_future.result(SECONDS) != 0
    assert stops == [thread]
    assert not [each for each in psutil.Process().children() if each.status() == psutil.STATUS_ZOMBIE]


def test_a_thread_that_was_stopped_before_it_began_starts_nothing(tmp_path: Path) -> None:
    thread = ShellCommandThread(f"touch {tmp_path}/ran")
    thread.stop()
    thread.start()
    assert thread.result_future.result(SECONDS) is None
    assert not (tmp_path / "ran").exists()


def test_a_command_that_ends_is_started_again_until_it_is_stopped() -> None:
    lines = Lines()
    thread = ShellCommandThread("echo run", auto_restart=True, log_listener=lines)
    thread.start()
    assert lines.wait_for(2) == ["run", "run"]
    thread.stop()
    assert thread.result_future.result(SECONDS) is not None


def test_a_program_that_does_not_exist_is_an_error_of_the_thread() -> None:
    thread = ShellCommandThread(["/no/such/program"])
    thread.start()
    assert isinstance(thread.result_future.exception(SECONDS), FileNotFoundError)
