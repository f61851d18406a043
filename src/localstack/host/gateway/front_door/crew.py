"""The threads of the server and whose turn it is to lead the loop.

One thread leads: it waits for sockets, reads, parses, and calls the handler right there, without handing the request to
another thread. A handler that takes longer than a moment would stop everybody else, so a watch thread looks every few
milliseconds: if the leader is still inside the same call, leadership passes to a follower, and the former leader ends
its request as an ordinary worker. A fast request therefore never waits for a thread switch, and a slow one costs one.

Invariants:
- At most one ``Turn`` is current; only its thread polls. ``Turn.lost`` goes from False to True once, under the lock.
- While a connection is being served it is either watched by nobody else because its thread leads, or taken out of the
  poller by whoever took the leadership away; the thread that served it puts it back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Protocol

LOG = logging.getLogger(__name__)

HAND_OVER_SECONDS = 0.002
_BRISK_CALLS_PER_SECOND = 2000
_BRISK_LOOK_SECONDS = 0.01
"""While calls come and go that fast, the watch looks less often: each look takes the interpreter from the leader."""
_LOOKS_BEFORE_SLEEP = 50
_IDLE_THREAD_SECONDS = 5.0
_SPARE_THREADS = 4
"""So many threads stay when there is nothing to do."""

Job = Callable[[], None]


class Served(Protocol):
    """Something that the leader is busy with; a connection."""

    def detach(self) -> None:
        """Stop watching the socket: from now on a worker has it."""

    def watch(self) -> None:
        """Watch the socket again."""


class Turn:
    """The right to lead, held by one thread at a time."""

    __slots__ = ("lost",)

    def __init__(self) -> None:
        self.lost = False


class Crew:
    """Up to ``size`` threads for requests, one more that keeps answering when all of them are busy, and the watch.

    :param size: how many requests may be inside handlers at the same time
    :param waiting_limit: how many requests may wait for a free thread beyond that
    """

    def __init__(self, size: int, waiting_limit: int) -> None:
        self.turn = Turn()
        self._size = size
        self._waiting_limit = waiting_limit
        self._lock = threading.Lock()
        self.is_ended = False
        self._errands: SimpleQueue[Turn | Job] = SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._idle = 0
        self._threads = 0
        self._count = 0
        self._lacks_threads = False
        self._serving: Served | None = None
        self._calls = 0
        self._awake = threading.Event()
        self._watch_sleeps = False
        self._lead: Callable[[Turn], None] = lambda turn: None
        self._finish: Job = _nothing

    def start(self, lead: Callable[[Turn], None]) -> None:
        """Begin: a first thread leads by calling ``lead(turn)``, which returns when the turn is lost or at the end."""
        self._lead = lead
        with self._lock:
            if not self._give(self.turn):
                raise RuntimeError("the system gives no thread to serve with")
        threading.Thread(target=self._watch, name="Gateway-Watch", daemon=True).start()

    def stop(self, finish: Job) -> None:
        """Let idle threads end; busy ones end with their request. The last one does ``finish``."""
        with self._lock:
            self._finish = finish
            self.is_ended = True
            self._awake.set()
            has_threads = self._threads > 0
            for _ in range(self._idle):
                self._give(_nothing)
        if not has_threads:
            finish()

    @property
    def is_saturated(self) -> bool:
        """True when the leading thread is the last one that is free, so it must not enter a handler."""
        return self._idle == 0 and self._threads > self._size

    def begin(self, turn: Turn, served: Served) -> None:
        """A handler is about to be called; a worker that does not lead has nothing to be watched for."""
        if turn.lost:
            return
        self._calls += 1
        self._serving = served
        if self._watch_sleeps:
            self._watch_sleeps = False
            self._awake.set()

    def end(self, turn: Turn) -> bool:
        """The handler has returned; True when this thread still leads."""
        with self._lock:
            if turn.lost:
                return False
            self._serving = None
            return True

    def leave(self, turn: Turn, served: Served) -> None:
        """Pass the leadership on before something that may take long; nothing happens when it is lost already."""
        with self._lock:
            if not turn.lost:
                self._pass_on(turn, served)

    def enqueue(self, job: Job) -> bool:
        """Let a worker do ``job``; False when too many wait already."""
        with self._lock:
            if (self._idle > 0 or self._threads <= self._size) and self._give(job):
                return True
            if len(self._waiting) >= self._waiting_limit or not self._threads:
                return False
            self._waiting.append(job)
            return True

    @contextmanager
    def apart(self) -> Iterator[None]:
        """The calling thread is with one client for as long as that stays; it takes no place from the requests."""
        with self._lock:
            self._size += 1
        try:
            yield
        finally:
            with self._lock:
                self._size -= 1

    def _pass_on(self, turn: Turn, served: Served) -> None:
        """Give the leadership to a follower; when there is none to be had, the thread keeps it. With the lock held."""
        successor = Turn()
        turn.lost, self.turn, self._serving = True, successor, None
        served.detach()
        if not self._give(successor):
            served.watch()
            turn.lost, self.turn, self._serving = False, turn, served

    def _give(self, errand: Turn | Job) -> bool:
        """Hand an errand to an idle thread or to a new one; False without either. Called with the lock held."""
        if self._idle > 0:
            self._idle -= 1
            self._errands.put(errand)
            return True
        self._threads += 1  # before the thread looks whether it is the last one
        self._count += 1
        try:
            threading.Thread(target=self._work, args=(errand,), name=f"Gateway-{self._count}", daemon=True).start()
        except RuntimeError as error:  # a limit of the system; what runs already goes on
            self._threads -= 1
            if not self._lacks_threads:
                LOG.error("no further thread can be started: %s", error)
            self._lacks_threads = True
            return False
        self._lacks_threads = False
        return True

    def _work(self, first: Turn | Job) -> None:
        errand: Turn | Job | None = first
        while errand is not None:
            if isinstance(errand, Turn):
                self._lead(errand)
            elif not self.is_ended:
                errand()
            errand = self._next()

    def _next(self) -> Turn | Job | None:
        """What to do next; ``None`` when this thread is to end, and then it is no longer counted."""
        with self._lock:
            is_ended = self.is_ended
            if is_ended:
                self._threads -= 1
                is_last = self._threads == 0
            elif self._waiting:
                return self._waiting.popleft()
            else:
                self._idle += 1
        if is_ended:
            if is_last:
                self._finish()
            return None
        while True:
            with suppress(Empty):
                return self._errands.get(timeout=_IDLE_THREAD_SECONDS)
            with self._lock:
                # Errands are put with the lock held, for a thread that no longer counts as idle: when there is none,
                # every thread that waits here counts, this one too.
                if self._errands.empty() and self._idle > _SPARE_THREADS:
                    self._idle -= 1
                    self._threads -= 1
                    return None

    def _watch(self) -> None:
        seen, quiet, pause = -1, 0, HAND_OVER_SECONDS
        while not self.is_ended:
            time.sleep(pause)
            calls = self._calls
            is_brisk = calls - seen > _BRISK_CALLS_PER_SECOND * pause
            pause = _BRISK_LOOK_SECONDS if is_brisk else HAND_OVER_SECONDS
            if calls != seen:
                seen, quiet = calls, 0
            elif self._serving is not None:
                self._take_over(calls)
            else:
                quiet += 1
                if quiet > _LOOKS_BEFORE_SLEEP:
                    self._awake.clear()
                    self._watch_sleeps = True  # who calls a handler from here on wakes the watch
                    if self._calls == calls and self._serving is None and not self.is_ended:
                        self._awake.wait()
                    quiet = 0

    def _take_over(self, calls: int) -> None:
        """Take the leadership from a thread that has been in one call since the last look."""
        with self._lock:
            if self._calls == calls and self._serving is not None and not self.turn.lost:
                self._pass_on(self.turn, self._serving)


def _nothing() -> None:
    """What an idle thread is given to do so that it notices the end."""
