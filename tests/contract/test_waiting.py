"""``localstack.utils.sync``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localstack.utils.sync import ShortCircuitWaitException, poll_condition, retry, wait_until


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
