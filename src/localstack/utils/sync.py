"""Waiting and trying again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

__all__ = ["ShortCircuitWaitException", "poll_condition", "retry", "wait_until"]

LOG = logging.getLogger(__name__)

_T = TypeVar("_T")

_LONGEST_PAUSE_SECONDS = 240.0


class ShortCircuitWaitException(Exception):
    """Raised in the condition of ``wait_until`` when waiting on makes no sense."""


def retry(
    function: Callable[..., _T],
    retries: int = 3,
    sleep: float = 1.0,
    sleep_before: float = 0,
    **kwargs: Any,
) -> _T:
    """Call ``function(**kwargs)`` until it does not raise, at most ``retries`` times after the first.

    :param sleep: seconds between the calls
    :param sleep_before: seconds before the first one
    :raises Exception: what the last call raised
    """
    if sleep_before > 0:
        time.sleep(sleep_before)
    for _ in range(int(retries)):
        try:
            return function(**kwargs)
        except Exception:  # noqa: BLE001 - trying again whatever was raised is what this is for
            time.sleep(sleep)
    return function(**kwargs)


def poll_condition(condition: Callable[[], bool], timeout: float | None = None, interval: float = 0.5) -> bool:
    """Wait until ``condition()`` is true.

    :param timeout: seconds after which to give up, ``None`` for never
    :param interval: seconds between two looks
    :return: whether the condition has become true
    """
    end = None if timeout is None else time.monotonic() + timeout
    while not condition():
        rest = interval if end is None else min(interval, end - time.monotonic())
        if rest <= 0:
            return False
        time.sleep(rest)
    return True


def wait_until(
    fn: Callable[[], bool],
    wait: float = 1.0,
    max_retries: int = 10,
    strategy: Literal["exponential", "static", "linear"] = "exponential",
) -> bool:
    """Wait until ``fn()`` is true; one that raises counts as not yet true.

    :param wait: seconds of the first pause
    :param max_retries: looks after the first
    :param strategy: ``static`` keeps the pause, ``linear`` adds ``wait`` to it each time, ``exponential`` doubles it
    :return: whether it has become true; False at once when it raises ``ShortCircuitWaitException``
    """
    for attempt in range(max_retries + 1):
        try:
            if fn():
                return True
        except ShortCircuitWaitException:
            return False
        except Exception as error:  # noqa: BLE001 - what is waited for may fail in any way before it is there
            LOG.debug("%s is not yet true: %r", fn, error)
        if attempt < max_retries:
            time.sleep(min(_pause(wait, attempt, strategy), _LONGEST_PAUSE_SECONDS))
    return False


def _pause(wait: float, attempt: int, strategy: str) -> float:
    match strategy:
        case "static":
            return wait
        case "linear":
            return wait * (attempt + 1)
        case "exponential":
            return wait * float(2**attempt)
        case _:
            raise ValueError(f"{strategy!r} is no strategy for waiting")
