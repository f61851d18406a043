"""Between threads and event loops."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["ensure_event_loop", "run_coroutine", "run_sync"]

_T = TypeVar("_T")


def ensure_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop of this thread; a thread that has none, or a closed one, gets one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    policy = asyncio.get_event_loop_policy()
    try:
        loop = policy.get_event_loop()
    except RuntimeError:  # the policy makes one of its own accord on the main thread only
        loop = None
    if loop is None or loop.is_closed():
        loop = policy.new_event_loop()
        policy.set_event_loop(loop)
    return loop


def run_coroutine(
    coroutine: Coroutine[Any, Any, _T], loop: asyncio.AbstractEventLoop | None = None
) -> concurrent.futures.Future[_T]:
    """Have an event loop that runs on another thread run the coroutine.

    :param loop: that loop, this thread's own without it
    :return: its result to come; ``result()`` waits, which on the loop's own thread would be for ever
    """
    return asyncio.run_coroutine_threadsafe(coroutine, loop or ensure_event_loop())


async def run_sync(func: Callable[..., _T], *args: Any, thread_pool: concurrent.futures.Executor | None = None) -> _T:
    """``await`` a function that blocks: it runs on another thread, with the caller's context variables.

    :param thread_pool: whose thread, the loop's own pool without it
    """
    call = functools.partial(contextvars.copy_context().run, func, *args)
    return await asyncio.get_running_loop().run_in_executor(thread_pool, call)
