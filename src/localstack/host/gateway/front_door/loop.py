"""The loop: which sockets are ready, and what has run out of time."""

from __future__ import annotations

import contextlib
import errno
import logging
import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from localstack.host.gateway.front_door.crew import Crew, Turn

LOG = logging.getLogger(__name__)

_SWEEP_SECONDS = 1.0
_SHORT_WAIT_SECONDS = 0.0001
_HELD_AT_ONCE = 16
_HELD_SECONDS = 0.0002
"""How long an answer waits for others at most, unless the handler of another request takes longer."""


@dataclass(frozen=True)
class Limits:
    """What a client may take of the server. Sizes in bytes."""

    header_bytes: int = 64 * 1024
    memory_body_bytes: int = 1024 * 1024
    """Request bodies up to here are always kept in memory; larger ones while ``memory_together_bytes`` lasts."""
    memory_together_bytes: int = 128 * 1024 * 1024
    """What does not fit is kept in a temporary file."""
    connections: int = 4096
    waiting_requests: int = 1024
    idle_seconds: float = 75.0
    header_seconds: float = 30.0
    idle_body_seconds: float = 60.0
    """How long a client may send nothing in the middle of a body."""
    idle_write_seconds: float = 60.0
    """How long a client may take nothing of an answer."""
    websocket_message_bytes: int = 64 * 1024 * 1024


class Holder(Protocol):
    """A connection that waits with an answer until the end of the leader's round."""

    def release(self) -> None: ...


class Watched(Protocol):
    """Something with a socket that the loop watches."""

    fd: int
    deadline: float | None

    def on_ready(self, turn: Turn) -> None: ...

    def close(self) -> None: ...


class Loop:
    """Waits for sockets on behalf of the thread whose turn it is.

    ``watch``, ``rewatch`` and ``unwatch`` may be called from any thread, ``lead`` only by the thread that has the turn.
    """

    def __init__(self, limits: Limits, crew: Crew, tls_context: Callable[[], ssl.SSLContext | None]) -> None:
        self.limits = limits
        self.crew = crew
        self.tls_context = tls_context
        self.connections: dict[int, Watched] = {}
        self.held: list[Holder] = []
        """Connections with answers that go out together; only the leader touches it."""
        self._expire: Callable[[float], None] = lambda now: None
        self._has_epoll = hasattr(select, "epoll")
        self._poller = select.epoll() if self._has_epoll else select.poll()
        self._watched: dict[int, Watched] = {}
        self._timeout = _SWEEP_SECONDS if self._has_epoll else _SWEEP_SECONDS * 1000
        self._usual_wait = 2 * _SHORT_WAIT_SECONDS
        self._next_sweep = 0.0
        self._waker, self._wake_end = socket.socketpair()
        self._waker.setblocking(False)
        self._wake_end.setblocking(False)
        self._poller.register(self._wake_end.fileno(), select.POLLIN)

    def on_sweep(self, expire: Callable[[float], None]) -> None:
        """Have ``expire(now)`` called about once a second by the leading thread."""
        self._expire = expire

    def watch(self, item: Watched, events: int) -> None:
        self._watched[item.fd] = item
        self._poller.register(item.fd, events)
        if not self._has_epoll:
            self.wake()  # select.poll() takes a change into account only at its next call

    def rewatch(self, item: Watched, events: int) -> None:
        with contextlib.suppress(OSError, KeyError):
            self._poller.modify(item.fd, events)
        if not self._has_epoll:
            self.wake()

    def unwatch(self, item: Watched) -> None:
        self._watched.pop(item.fd, None)
        with contextlib.suppress(OSError, KeyError):
            self._poller.unregister(item.fd)

    def forget(self, item: Watched) -> None:
        """The connection is closed."""
        self.connections.pop(item.fd, None)

    def wake(self) -> None:
        """Make a waiting leader look around."""
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def lead(self, turn: Turn) -> None:
        """Serve until the turn is lost or the crew is told to stop."""
        watched, wake_fd = self._watched, self._wake_end.fileno()
        self._release_held()  # what the leader before has left behind
        while not self.crew.is_ended:
            try:
                events = self._wait()
            except OSError as error:
                if error.errno == errno.EINTR:
                    continue
                raise
            release_at = time.monotonic() + _HELD_SECONDS
            for fd, _ in events:
                item = watched.get(fd)
                if item is not None:
                    try:
                        item.on_ready(turn)
                    except Exception:  # a mistake of ours costs one connection, not the server
                        LOG.exception("a connection failed")
                        self.crew.end(turn)
                        item.close()
                    if turn.lost:
                        return
                    if self.held and (len(self.held) >= _HELD_AT_ONCE or time.monotonic() > release_at):
                        self._release_held()
                        release_at = time.monotonic() + _HELD_SECONDS
                elif fd == wake_fd:
                    self._drain_wakes()
            self._release_held()
            now = time.monotonic()
            if now >= self._next_sweep:
                self._next_sweep = now + _SWEEP_SECONDS
                self._expire(now)

    def _wait(self) -> list[tuple[int, int]]:
        """What is ready. While it never takes long until something is, look again and again instead of sleeping."""
        poll = self._poller.poll
        began = time.monotonic()
        if self._usual_wait < _SHORT_WAIT_SECONDS:
            until = began + _SHORT_WAIT_SECONDS
            while not (events := poll(0)) and time.monotonic() < until:
                pass
            if events:
                self._note_wait(time.monotonic() - began)
                return events
        events = poll(self._timeout)
        self._note_wait(time.monotonic() - began)
        return events

    def _note_wait(self, seconds: float) -> None:
        self._usual_wait += (min(seconds, 2 * _SHORT_WAIT_SECONDS) - self._usual_wait) / 8

    def close(self) -> None:
        """Give the loop's own descriptors back, after the last leader has gone."""
        if self._has_epoll:
            self._poller.close()  # type: ignore[union-attr]
        self._waker.close()
        self._wake_end.close()

    def _release_held(self) -> None:
        held = self.held
        while held:
            held.pop().release()

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_end.recv(4096):
                pass
