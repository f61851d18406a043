"""Calling functions at times to come, once or again and again."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from localstack.utils.functions import call_safe

__all__ = ["ScheduledTask", "Scheduler"]

LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class ScheduledTask:
    """A function and when it is called.

    :ivar deadline: time of the next call, in seconds since the epoch
    :ivar period: seconds between two calls, ``None`` for one call only
    :ivar fixed_rate: True counts the period from one deadline to the next, False from the end of a call
    :ivar on_error: called with what the function has raised, which is logged without it
    """

    task: Callable[..., Any]
    deadline: float
    period: float | None = None
    fixed_rate: bool = True
    on_error: Callable[[Exception], Any] | None = None
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    is_cancelled: bool = False

    @property
    def is_periodic(self) -> bool:
        return self.period is not None

    def cancel(self) -> None:
        """Call it no more; a call that has begun goes on."""
        self.is_cancelled = True

    def run(self) -> None:
        """Call the function now. What it raises goes to ``on_error``."""
        try:
            self.task(*self.args, **self.kwargs)
        except Exception as error:  # noqa: BLE001 - the caller's function; its next calls must not be lost
            name = getattr(self.task, "__name__", self.task)
            if self.on_error is None:
                LOG.error("the scheduled task %s has failed: %r", name, error)
            else:
                call_safe(self.on_error, [error], exception_message=f"on_error of the scheduled task {name} has failed")

    def _move_on(self) -> None:
        assert self.period is not None
        self.deadline = (self.deadline if self.fixed_rate else time.time()) + self.period


class Scheduler:
    """Calls the functions that it was given when their time has come. Safe for threads.

    ``run`` does the calling, on the thread that calls it, until ``close``.

    :param executor: who makes the calls instead, so that a slow one does not hold up others
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self.executor = executor
        self._tasks: list[tuple[float, int, ScheduledTask]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._is_closed = False

    def schedule(
        self,
        func: Callable[..., Any],
        period: float | None = None,
        fixed_rate: bool = True,
        start: float | None = None,
        on_error: Callable[[Exception], Any] | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> ScheduledTask:
        """Have ``func(*args, **kwargs)`` called.

        :param period: seconds until it is called again, and so on; ``None`` calls it once
        :param fixed_rate: see ``ScheduledTask``
        :param start: when it is called first, in seconds since the epoch; at once without it
        :param on_error: see ``ScheduledTask``
        """
        deadline = time.time() if start is None else start
        task = ScheduledTask(func, deadline, period, fixed_rate, on_error, tuple(args), dict(kwargs or {}))
        self.schedule_task(task)
        return task

    def schedule_task(self, task: ScheduledTask) -> None:
        """Have a task called at its deadline."""
        with self._changed:
            heapq.heappush(self._tasks, (task.deadline, next(self._order), task))
            self._changed.notify()

    def run(self) -> None:
        """Call what is due, and wait for what will be; returns after ``close``."""
        while (task := self._next()) is not None:
            if self.executor is not None:
                self.executor.submit(self._call, task)
            else:
                self._call(task)

    def close(self) -> None:
        """Let ``run`` return; nothing is called any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _next(self) -> ScheduledTask | None:
        """The next task that is due; waits for it. ``None`` once the scheduler is closed."""
        with self._changed:
            while not self._is_closed:
                rest = self._tasks[0][0] - time.time() if self._tasks else None
                if rest is not None and rest <= 0:
                    task = heapq.heappop(self._tasks)[2]
                    if not task.is_cancelled:
                        return task
                else:
                    self._changed.wait(rest)
        return None

    def _call(self, task: ScheduledTask) -> None:
        task.run()
        if task.is_periodic and not task.is_cancelled:
            task._move_on()
            self.schedule_task(task)
