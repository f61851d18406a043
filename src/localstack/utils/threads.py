"""Threads that can be stopped and that hand back what they made."""

from __future__ import annotations

import atexit
import concurrent.futures
import inspect
import logging
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from localstack.host import shared

__all__ = [
    "TMP_THREADS",
    "FuncThread",
    "cleanup_threads_and_processes",
    "parallelize",
    "start_thread",
    "start_worker_thread",
]

LOG = logging.getLogger(__name__)

_R = TypeVar("_R")

TMP_THREADS: list[FuncThread] = []
"""Threads that are stopped when the platform, or else the process, ends. Extensions append theirs."""


class FuncThread(threading.Thread):
    """A thread that calls ``func(params)`` and keeps what comes of it.

    ``func`` gets the thread as ``_thread`` as well when it has a parameter of that name.

    :ivar running: False once it was asked to stop or has ended
    :ivar result_future: result or exception of ``func``
    """

    def __init__(
        self,
        func: Callable[..., Any],
        params: Any = None,
        quiet: bool = False,
        on_stop: Callable[[FuncThread], None] | None = None,
        name: str | None = None,
        daemon: bool = True,
    ) -> None:
        """
        :param quiet: don't log that ``func`` has raised
        :param on_stop: called once with the thread when it is asked to stop
        """
        super().__init__(name=name or getattr(func, "__name__", type(func).__name__), daemon=daemon)
        self.func = func
        self.params = params
        self.quiet = quiet
        self.on_stop = on_stop
        self.running = True
        self.result_future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._stop_event = threading.Event()
        self._owner = shared.owner_of(func)

    def start(self) -> None:
        super().start()
        if self._owner is not None:
            shared.activities().note_thread(self, self._owner)

    def run(self) -> None:
        with shared.acting_as(self._owner):
            self._call()

    def _call(self) -> None:
        if not self.result_future.set_running_or_notify_cancel():
            self.running = False
            return
        kwargs = {"_thread": self} if _takes_thread(self.func) else {}
        try:
            result = self.func(self.params, **kwargs)
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result, sys.exit() included
            self._log_failure(error)
            self.running = False
            self.result_future.set_exception(error)
        else:
            self.running = False
            self.result_future.set_result(result)

    def stop(self, quiet: bool = False) -> None:
        """Ask the thread to stop. It goes on until ``func`` sees ``running`` or ``on_stop`` ends it.

        :param quiet: don't log that ``func`` raises from now on
        """
        if self._stop_event.is_set():
            return
        self._stop_event.set()
        self.quiet = self.quiet or quiet
        self.running = False
        if self.on_stop is not None:
            self.on_stop(self)

    def _log_failure(self, error: BaseException) -> None:
        if not self.quiet:
            whose = f" of extension {self._owner}" if self._owner else ""
            LOG.warning("thread %s%s has failed: %r", self.name, whose, error, exc_info=LOG.isEnabledFor(logging.DEBUG))


def start_thread(method: Callable[..., Any], *args: Any, **kwargs: Any) -> FuncThread:
    """Start ``method`` on a thread of its own that is stopped at the end; arguments are those of ``FuncThread``."""
    thread = FuncThread(method, *args, **kwargs)
    TMP_THREADS.append(thread)
    thread.start()
    return thread


def start_worker_thread(method: Callable[..., Any], params: Any = None, name: str | None = None) -> FuncThread:
    """Start ``method(params)`` on a daemon thread for a piece of work that ends by itself."""
    thread = FuncThread(method, params, name=name)
    thread.start()
    return thread


def parallelize(func: Callable[[Any], _R], arr: Iterable[Any], size: int | None = None) -> list[_R]:
    """Call ``func`` for every element at once; the results in the order of the elements.

    :param size: most threads at a time, one for every element without it
    :raises Exception: what the first element that failed has raised, after all have ended
    """
    elements = list(arr)
    if not elements:
        return []
    with concurrent.futures.ThreadPoolExecutor(size or len(elements)) as pool:
        return list(pool.map(func, elements))


def cleanup_threads_and_processes(quiet: bool = True) -> None:
    """Stop every thread of ``TMP_THREADS``; those that run a command end it with everything it started."""
    while TMP_THREADS:
        thread = TMP_THREADS.pop()
        try:
            thread.stop(quiet=quiet)
        except Exception as error:  # noqa: BLE001 - one that can't be stopped must not keep the others running
            LOG.warning("thread %s can't be stopped: %r", getattr(thread, "name", thread), error)


def _takes_thread(func: Callable[..., Any]) -> bool:
    try:
        return "_thread" in inspect.signature(func).parameters
    except (TypeError, ValueError):  # some built-in callables have no signature
        return False


atexit.register(cleanup_threads_and_processes)
# a forked child (multiprocessing) has the list but not the threads: it must not end its parent's commands
os.register_at_fork(after_in_child=TMP_THREADS.clear)
