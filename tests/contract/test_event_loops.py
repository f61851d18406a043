"""``localstack.utils.asyncio``: between threads and event loops."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

from doors import DEADLINE_SECONDS
from localstack.utils.asyncio import ensure_event_loop, run_coroutine, run_sync

NAME = contextvars.ContextVar("NAME", default="nobody")


def test_a_thread_gets_a_loop_that_it_keeps_until_it_is_closed() -> None:
    def on_thread() -> list[bool]:
        first = ensure_event_loop()
        same = ensure_event_loop() is first
        first.close()
        second = ensure_event_loop()
        usable = second.run_until_complete(asyncio.sleep(0, result=True))
        second.close()
        return [same, second is not first, usable]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(on_thread).result(DEADLINE_SECONDS) == [True, True, True]


def test_inside_a_running_loop_it_is_that_one() -> None:
    async def inside() -> bool:
        return ensure_event_loop() is asyncio.get_running_loop()

    assert asyncio.run(inside())


def test_a_loop_on_another_thread_runs_a_coroutine_for_us() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def where() -> int:
        return threading.get_ident()

    try:
        assert run_coroutine(where(), loop).result(DEADLINE_SECONDS) == thread.ident
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE_SECONDS)
        loop.close()


def test_a_blocking_function_runs_elsewhere_with_the_callers_context_while_the_loop_goes_on() -> None:
    async def call(pool: ThreadPoolExecutor) -> list[object]:
        NAME.set("caller")
        going_on = threading.Event()

        def block(suffix: str) -> list[object]:
            return [going_on.wait(DEADLINE_SECONDS), NAME.get() + suffix, threading.current_thread().name]

        asyncio.get_running_loop().call_soon(going_on.set)
        return await run_sync(block, "!", thread_pool=pool)

    with ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
        assert asyncio.run(call(pool)) == [True, "caller!", "mine_0"]


def test_what_a_blocking_function_raises_is_raised_where_it_is_awaited() -> None:
    async def call() -> str:
        try:
            await run_sync(int, "x")
        except ValueError as error:
            return str(error)
        return "nothing"

    assert "invalid literal" in asyncio.run(call())
