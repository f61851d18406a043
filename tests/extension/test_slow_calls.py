"""Watching the calls into extensions ends, whether one is under way or not."""

from __future__ import annotations

import threading

import pytest

from doors import wait_until
from localstack.host.extension.slow_calls import SlowCalls


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "in a call"])
def test_watching_ends(is_busy: bool) -> None:
    before = set(threading.enumerate())
    calls = SlowCalls()
    calls.watch()
    (watcher,) = set(threading.enumerate()) - before
    if is_busy:
        with calls.noted("extension", "on_platform_start"):
            calls.end()
            wait_until(lambda: not watcher.is_alive(), "it goes on watching")
    else:
        calls.end()
        wait_until(lambda: not watcher.is_alive(), "it goes on watching")
