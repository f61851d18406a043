"""``localstack.utils.scheduler``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from doors import DEADLINE_SECONDS
from localstack.utils.scheduler import ScheduledTask, Scheduler


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """A scheduler that runs on a thread of its own, and ends with the test."""
    with running(Scheduler()) as one:
        yield one


class running:
    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.thread = threading.Thread(target=scheduler.run)

    def __enter__(self) -> Scheduler:
        self.thread.start()
        return self.scheduler

    def __exit__(self, *exc_info: object) -> None:
        self.scheduler.close()
        self.thread.join(DEADLINE_SECONDS)
        assert not self.thread.is_alive(), "close() does not end run()"


class Calls:
    """Notes its calls, and lets wait for a number of them."""

    def __init__(self) -> None:
        self.made: list[object] = []
        self._changed = threading.Condition()

    def __call__(self, *args: object, **kwargs: object) -> None:
        with self._changed:
            self.made.append((args, kwargs))
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.made) >= count, DEADLINE_SECONDS), self.made


def failing(calls: Calls) -> Callable[..., None]:
    def fail(*_: object) -> None:
        calls()
        raise ValueError("broken")

    return fail


def test_a_task_without_a_period_is_called_once_with_its_arguments(scheduler: Scheduler) -> None:
    once, later = Calls(), Calls()
    task = scheduler.schedule(once, args=("a",), kwargs={"b": 1})
    assert isinstance(task, ScheduledTask)
    scheduler.schedule(later)
    later.wait_for(1)
    assert once.made == [(("a",), {"b": 1})]
    assert not task.is_periodic


@pytest.mark.parametrize("fixed_rate", [True, False])
def test_a_task_with_a_period_is_called_until_it_is_cancelled(scheduler: Scheduler, fixed_rate: bool) -> None:
    calls, others = Calls(), Calls()
    task = scheduler.schedule(calls, period=0.001, fixed_rate=fixed_rate)
    calls.wait_for(3)
    task.cancel()
    scheduler.schedule(others, period=0.001)
    others.wait_for(1)
    seen = len(calls.made)
    others.wait_for(5)
    assert len(calls.made) == seen


def test_tasks_are_called_in_the_order_of_their_times(scheduler: Scheduler) -> None:
    made: list[str] = []
    last = Calls()
    now = time.time()
    scheduler.schedule(last, start=now + 0.03)
    scheduler.schedule(lambda: made.append("second"), start=now + 0.02)
    scheduler.schedule(lambda: made.append("first"), start=now + 0.01)
    last.wait_for(1)
    assert made == ["first", "second"]


def test_a_task_that_raises_is_called_again_and_tells_who_asked_to_know(
    scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    calls, errors, logged = Calls(), Calls(), Calls()
    scheduler.schedule(failing(calls), period=0.001, on_error=errors)
    errors.wait_for(2)
    calls.wait_for(2)
    scheduler.schedule(failing(logged), period=0.001)
    logged.wait_for(2)
    assert "the scheduled task fail has failed: ValueError('broken')" in caplog.text


def test_who_fails_when_told_of_a_failure_stops_nothing(scheduler: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    calls = Calls()
    scheduler.schedule(failing(calls), period=0.001, on_error=failing(Calls()))
    calls.wait_for(3)
    assert "on_error of the scheduled task fail has failed: broken" in caplog.text


def test_with_an_executor_a_slow_task_does_not_hold_up_others() -> None:
    release, others = threading.Event(), Calls()
    with ThreadPoolExecutor(2) as pool, running(Scheduler(pool)) as scheduler:
        scheduler.schedule(release.wait, args=(DEADLINE_SECONDS,))
        scheduler.schedule(others, period=0.001)
        others.wait_for(2)
        release.set()


def test_a_closed_scheduler_calls_nothing(scheduler: Scheduler) -> None:
    calls = Calls()
    scheduler.close()
    scheduler.schedule(calls)
    scheduler.run()
    assert calls.made == []
