"""``localstack.utils.threads``, with real threads."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

import pytest

from localstack.utils import threads
from localstack.utils.threads import FuncThread, parallelize, start_thread, start_worker_thread
from platforms import Home

SECONDS = 20


@pytest.fixture(autouse=True)
def own_list_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "TMP_THREADS", [])


def test_the_function_gets_the_parameters_as_one_argument_and_the_future_its_result() -> None:
    thread = FuncThread(lambda params: params["a"] + 1, {"a": 41}, name="adder")
    thread.start()
    assert thread.result_future.result(SECONDS) == 42
    assert thread.name == "adder"
    assert thread.daemon
    assert not thread.running


def test_what_the_function_raises_is_in_the_future_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_params: object) -> None:
        raise ValueError("broken")

    with caplog.at_level(logging.INFO):
        thread = start_worker_thread(fail, name="failing")
        assert isinstance(thread.result_future.exception(SECONDS), ValueError)
    assert "thread failing has failed: ValueError('broken')" in caplog.text


def test_a_quiet_thread_does_not_log_its_failure(caplog: pytest.LogCaptureFixture) -> None:
    thread = FuncThread(lambda _params: 1 / 0, quiet=True)
    thread.start()
    assert isinstance(thread.result_future.exception(SECONDS), ZeroDivisionError)
    assert caplog.text == ""


def test_a_thread_that_exits_completes_its_future() -> None:
    thread = start_worker_thread(lambda _params: sys.exit(3), name="exiting")
    assert isinstance(thread.result_future.exception(SECONDS), SystemExit)


def test_stopping_asks_once_and_the_function_can_see_it() -> None:
    asked = threading.Event()
    stops: list[str] = []

    def work(_params: object, _thread: FuncThread) -> str:
        asked.wait(SECONDS)
        return "running" if _thread.running else "stopped"

    def on_stop(thread: FuncThread) -> None:
        stops.append(thread.name)
        asked.set()

    thread = FuncThread(work, on_stop=on_stop, name="worker")
    thread.start()
    assert thread.running
    thread.stop()
    thread.stop(quiet=True)
    assert thread.result_future.result(SECONDS) == "stopped"
    assert stops == ["worker"]


def test_a_bound_method_can_be_the_target_of_a_subclass() -> None:
    class Proxy(FuncThread):
        def __init__(self, value: int) -> None:
            self.value = value
            FuncThread.__init__(self, self.serve, None, name="proxy")

        def serve(self, *_: object) -> int:
            return self.value

    thread = Proxy(7)
    thread.start()
    assert thread.result_future.result(SECONDS) == 7


def test_started_threads_are_stopped_at_the_end_and_one_that_fails_keeps_none_running() -> None:
    ended = threading.Event()

    def fail(_thread: FuncThread) -> None:
        raise RuntimeError("will not stop")

    first = start_thread(lambda _params: ended.wait(SECONDS), on_stop=lambda _thread: ended.set())
    start_thread(lambda _params: None, on_stop=fail)
    assert len(threads.TMP_THREADS) == 2
    threads.cleanup_threads_and_processes()
    assert first.result_future.result(SECONDS) is True
    assert threads.TMP_THREADS == []


def test_what_is_left_is_stopped_when_the_process_ends(home: Home) -> None:
    code = """
        import threading
        from localstack.utils.threads import TMP_THREADS, FuncThread
        thread = FuncThread(lambda _: threading.Event().wait(), on_stop=lambda _: print("stopped"))
        thread.start()
        TMP_THREADS.append(thread)
    """
    assert run_python(home, code) == "stopped\n"


def test_a_forked_child_does_not_stop_the_threads_of_its_parent(home: Home) -> None:
    code = """
        import os, sys
        from localstack.utils.threads import TMP_THREADS, FuncThread
        TMP_THREADS.append(FuncThread(lambda _: None, on_stop=lambda _: print("stopped by", who, flush=True)))
        who = "parent"
        if (child := os.fork()) == 0:
            who = "child"
            sys.exit(0)
        os.waitpid(child, 0)
    """
    assert run_python(home, code) == "stopped by parent\n"


def test_parallelize_runs_all_at_once_and_keeps_the_order() -> None:
    meeting = threading.Barrier(3)

    def work(element: int) -> int:
        meeting.wait(SECONDS)
        return element * 2

    assert parallelize(work, [1, 2, 3]) == [2, 4, 6]
    assert parallelize(lambda element: element, []) == []
    assert parallelize(lambda element: element + 1, range(10), size=2) == list(range(1, 11))


def test_parallelize_raises_what_an_element_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        parallelize(lambda element: 1 // element, [1, 0])


def run_python(home: Home, code: str) -> str:
    import textwrap

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=home.environ(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
