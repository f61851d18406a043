"""Waiting and trying again."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeVar

__all__ = [
    "Once",
    "ShortCircuitWaitException",
    "once_func",
    "poll_condition",
    "retry",
    "synchronized",
    "wait_until",
]

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


class Once:
    """Something that happens once, however many threads ask for it; the others wait until it has happened."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_done = False

    def do(self, fn: Callable[[], None]) -> None:
        """Call ``fn`` unless this object has called one. One that raises counts, too; only the first caller gets it."""
        with self._lock:
            if not self._is_done:
                self._is_done = True
                fn()


def once_func(fn: Callable[..., _T]) -> Callable[..., _T]:
    """Decorator: the first call runs the function, later ones return its result, or raise its exception, again."""
    once = Once()
    outcome: Future[_T] = Future()

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> _T:
        once.do(lambda: _settle(outcome, lambda: fn(*args, **kwargs)))
        return outcome.result()

    return wrapper


def synchronized(lock: AbstractContextManager[Any] | None = None) -> Callable[[Callable[..., _T]], Callable[..., _T]]:
    """Decorator: one thread at a time runs the function.

    :param lock: shared with other functions, one of its own without it
    """

    def decorate(fn: Callable[..., _T]) -> Callable[..., _T]:
        held = lock if lock is not None else threading.RLock()

        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> _T:
            with held:
                return fn(*args, **kwargs)

        return wrapper

    return decorate


def _settle(outcome: Future[_T], fn: Callable[[], _T]) -> None:
    try:
        outcome.set_result(fn())
    except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the outcome
        outcome.set_exception(error)
