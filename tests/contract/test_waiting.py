"""``localstack.utils.sync``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from localstack.utils.sync import (
    Once,
    ShortCircuitWaitException,
    once_func,
    poll_condition,
    retry,
    synchronized,
    wait_until,
)


class Calls:
    """Counts its calls; raises in all before the one that succeeds."""

    def __init__(self, succeeds_at: int) -> None:
        self.succeeds_at = succeeds_at
        self.count = 0

    def __call__(self, **kwargs: object) -> object:
        self.count += 1
        if self.count < self.succeeds_at:
            raise ConnectionError(f"call {self.count}")
        return kwargs or True


def test_retry_calls_until_it_does_not_raise_and_passes_arguments_on() -> None:
    calls = Calls(succeeds_at=3)
    assert retry(calls, retries=5, sleep=0, sleep_before=0.001, colour="red") == {"colour": "red"}
    assert calls.count == 3


def test_retry_raises_what_the_last_call_raised() -> None:
    calls = Calls(succeeds_at=99)
    with pytest.raises(ConnectionError, match="call 4"):
        retry(calls, retries=3, sleep=0)
    assert calls.count == 4


def test_poll_condition_tells_whether_it_became_true() -> None:
    looks = iter([False, False, True])
    assert poll_condition(lambda: next(looks), timeout=10, interval=0.001)
    assert not poll_condition(lambda: False, timeout=0.01, interval=0.001)
    assert poll_condition(lambda: True, timeout=0)


@pytest.mark.parametrize("strategy", ["exponential", "static", "linear"])
def test_wait_until_takes_an_error_for_not_yet(strategy: str) -> None:
    calls = Calls(succeeds_at=3)
    assert wait_until(calls, wait=0.001, max_retries=5, strategy=strategy)  # type: ignore[arg-type]
    assert calls.count == 3


def test_wait_until_gives_up_after_its_retries() -> None:
    calls = Calls(succeeds_at=99)
    assert not wait_until(calls, wait=0.001, max_retries=2, strategy="static")  # type: ignore[arg-type]
    assert calls.count == 3


def test_wait_until_ends_at_once_when_waiting_makes_no_sense() -> None:
    def check() -> bool:
        looks.append(1)
        raise ShortCircuitWaitException

    looks: list[int] = []
    condition: Callable[[], bool] = check
    assert not wait_until(condition, wait=60)
    assert len(looks) == 1


def test_what_happens_once_does_not_happen_again_for_anybody() -> None:
    happened: list[int] = []
    once = Once()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: once.do(lambda: happened.append(number)), range(8)))
    assert len(happened) == 1


def test_a_function_that_runs_once_gives_its_result_to_all() -> None:
    calls = Calls(succeeds_at=1)
    only = once_func(calls.__call__)
    assert only(colour="red") == {"colour": "red"}
    assert only(colour="blue") == {"colour": "red"}
    assert calls.count == 1


def test_a_function_that_runs_once_and_fails_has_failed_for_all() -> None:
    calls = Calls(succeeds_at=2)
    only = once_func(calls.__call__)
    for _ in range(2):
        with pytest.raises(ConnectionError, match="call 1"):
            only()


@pytest.mark.parametrize("shared", [None, threading.Lock()])
def test_one_thread_at_a_time_runs_a_synchronized_function(shared: Any) -> None:
    inside: list[int] = []
    together: list[int] = []

    @synchronized(lock=shared)
    def work(number: int) -> int:
        inside.append(number)
        time.sleep(0)  # lets other threads run
        together.append(len(inside))
        inside.remove(number)
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == list(range(200))
    assert set(together) == {1}


def test_functions_can_share_a_lock() -> None:
    lock = threading.Lock()
    held = synchronized(lock)(lock.locked)
    assert held()
    assert not lock.locked()
