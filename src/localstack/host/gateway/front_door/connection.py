"""One client's connection: bytes in, requests to the gateway, answers out."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.farewell import Farewell
from localstack.host.gateway.front_door.session import ConnectionLost, DuplexSession, Inlet, Session
from localstack.host.gateway.front_door.tls import TLS_FIRST_BYTE, TlsCodec

if TYPE_CHECKING:
    from localstack.host.gateway.front_door.loop import Loop

Result = TypeVar("Result")

_RECEIVE_SIZE = 65536
_PARTS_AT_ONCE = 64  # the kernel takes at most 1024
_SENT_AT_ONCE = 1024 * 1024  # then other clients have their turn


SessionOpener = Callable[["Connection", bytes, Turn], Session | None]
"""Makes the session that the first bytes of a connection ask for; ``None`` when that needs more of them."""


class Connection:
    """A non-blocking socket with what still has to be written, watched by the loop unless a worker has it.

    Used by one thread at a time: the leader, or the worker that took the connection out of the loop with ``detach``.
    Any thread may call ``ask``, ``shut_down`` and ``abort``.

    :ivar is_idle: kept by the session: True between two requests, when closing the connection would lose nothing
    :ivar unsent: what still has to reach the client before the next answer may be written
    :ivar is_watched: True while the leader has it; kept by ``watch`` and ``detach``
    :ivar inlet: where the session wants the next bytes written, if it can take them so
    :ivar duplex: the session, when it is one that reads while its answers are being written
    """

    def __init__(self, sock: socket.socket, loop: Loop, open_session: SessionOpener) -> None:
        self.sock = sock
        self.loop = loop
        self.fd = sock.fileno()
        self.deadline: float | None = None
        self.tls: TlsCodec | None = None
        self.session: Session | None = None
        self.is_closed = False
        self.duplex: DuplexSession | None = None
        self.inlet: Inlet | None = None
        self.is_idle = True
        self._open_session = open_session
        self._first: bytes = b""
        self.unsent: list[memoryview] = []
        self._held = b""
        self._closes_when_sent = False
        self._lingers = False
        self._lock = threading.Lock()  # guards the next four, and that a closed socket is not watched again
        self.is_watched = False
        self._is_asked = False
        self._is_paused = False
        self._events = 0
        self.peer = self.local = ("", 0)
        with contextlib.suppress(OSError):  # the client may be gone already
            self.peer = _address(sock.getpeername())
            self.local = _address(sock.getsockname())

    def watch(self) -> None:
        """Let the loop report what happens on the socket; at the server's end, when nobody listens, close it."""
        if self.loop.crew.is_ended:
            self.close()
        with self._lock:
            if not self.is_closed and not self.is_watched:
                self.is_watched = True
                self._events = self._awaited_events()
                if self._events:
                    self.loop.watch(self, self._events)

    def detach(self) -> None:
        """Take the socket out of the loop; the calling thread, or the one that serves it, has it now."""
        with self._lock:
            if self.is_watched:
                self.is_watched = False
                self.loop.unwatch(self)

    def ask(self) -> None:
        """Have the leader call the session's ``proceed`` soon; for the workers of a duplex connection.

        The loop is told to wait for room in the socket, which there nearly always is; when there is none, nothing could
        be sent anyway.
        """
        with self._lock:
            if not self._is_asked:
                self._is_asked = True
                self._rewatch()

    def pause(self) -> None:
        """Read no more until ``resume``; only for duplex connections. Nobody notices then that the client is gone."""
        with self._lock:
            self._is_paused = True
            self._rewatch()

    def resume(self) -> None:
        """Read on; may be called from any thread."""
        with self._lock:
            self._is_paused = False
            self._rewatch()

    def on_ready(self, turn: Turn) -> None:
        """The loop saw something on the socket."""
        if self.duplex is not None:
            self._serve_both_ways(self.duplex, turn)
        elif self.unsent:
            self._flush()
            if not self.unsent and not self.is_closed and self.session is not None:
                self.session.proceed(turn)
        else:
            self._receive(turn)
        if turn.lost:
            self.watch()
        if self.tls is not None and self.tls.is_over and self.is_watched and not self.unsent:
            self.close()

    def send(self, parts: Sequence[bytes], *, then_close: bool = False, lingers: bool = False) -> None:
        """Write without waiting; what the client does not take now goes out as it reads.

        :param then_close: close the connection when everything has been sent
        :param lingers: do so even if the client is still sending. Closing at once would make the kernel answer what
            comes with a reset, and that destroys what the client has not read yet.
        """
        if self.is_closed:
            return
        if then_close:
            self._closes_when_sent = True
            self._lingers = lingers
        if self.tls is not None:
            parts = self._encrypt(parts)
        self._transmit(parts)
        if self._closes_when_sent and not self.unsent and not self.is_closed:
            self._finish()

    def hold(self, data: bytes) -> None:
        """Write at the end of the leader's round, together with the answers of other connections; only for the leader.

        A client that waits is woken by every write; one that gets several in a row is woken once. Nothing else may be
        written until then, and no handler called for this connection.
        """
        if self.tls is not None or self.unsent or self.is_closed:
            self.send([data])
        else:
            self._held = data
            self.loop.held.append(self)

    def release(self) -> None:
        """Write what is held, if anything is."""
        held = self._held
        if held and not self.is_closed:
            try:
                sent = self.sock.send(held)
            except OSError:
                sent = 0  # whatever it is, happens again
            if sent < len(held):
                self._transmit([held[sent:]])
        self._held = b""  # not before: a server that ends waits for it

    def without_hurry(self, action: Callable[[], Result], turn: Turn) -> Result:
        """Do something that takes a while the first time; like a handler's call, it may cost the thread its turn."""
        crew = self.loop.crew
        if turn.lost:
            return action()
        crew.begin(turn, self)
        try:
            return action()
        finally:
            crew.end(turn)

    @property
    def is_holding(self) -> bool:
        """True while an answer waits for the end of the leader's round."""
        return bool(self._held)

    def send_all(self, data: bytes) -> None:
        """Write and wait until the client has taken it; only for a worker that has detached the connection.

        :raises ConnectionLost: when the client is gone or takes nothing for too long
        """
        try:
            wire = [data] if self.tls is None else self.tls.encrypt([data])
            for view in (*self.unsent, *(memoryview(part) for part in wire)):
                self._send_whole(view)
        except OSError as error:
            raise ConnectionLost from error
        self.unsent = []

    def receive_some(self, timeout_seconds: float | None) -> bytes:
        """Wait for bytes of the client; b"" at its end. Only for a worker that has detached the connection.

        :raises ConnectionLost: when the connection breaks
        :raises TimeoutError: when nothing comes in time
        """
        while self.tls is None or not self.tls.is_over:
            try:
                data = self.sock.recv(_RECEIVE_SIZE)
            except BlockingIOError:
                self._wait(select.POLLIN, timeout_seconds)
                continue
            except OSError as error:
                raise ConnectionLost from error
            if self.tls is None or not data:
                return data
            # what TLS itself wants to say goes out with the next encrypt: another thread may be sending just now
            clear = self.tls.decrypt(data)
            if clear:
                return clear
        return b""

    def close(self) -> None:
        """Close the socket and forget the connection."""
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
        self.detach()
        if self._held:
            with contextlib.suppress(OSError):
                self.sock.send(self._held)
        self.loop.forget(self)
        if self.tls is not None and not self.unsent:
            with contextlib.suppress(OSError):
                self.sock.send(self.tls.close())
        self.unsent = []
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.sock.close()
        if self.session is not None:
            self.session.end()

    def shut_down(self) -> None:
        """The server is about to end; may be called from any thread."""
        if self.duplex is not None:
            self.duplex.shut_down()

    def abort(self) -> None:
        """Wake whoever waits for the client, from any thread."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        if self.duplex is not None:
            self.duplex.abandon()

    def _serve_both_ways(self, session: DuplexSession, turn: Turn) -> None:
        """Reading does not wait for writing: what a client sends may be what lets it take more."""
        self._is_asked = False  # before the session looks at what its workers have left: later ones ask again
        if self.unsent:
            self._flush()
        if not self.is_closed and not self._is_paused:
            self._receive(turn)
        if not self.is_closed:
            session.proceed(turn)
        with self._lock:
            self._rewatch()

    def _receive(self, turn: Turn) -> None:
        inlet = self.inlet if self.tls is None else None
        try:
            is_written = inlet is not None and inlet.receive_from(self.sock) > 0
            data = b"" if is_written else self.sock.recv(_RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if self.session is None and self.tls is None and not self._first and data and data[0] == TLS_FIRST_BYTE:
            self._begin_tls(turn)
            if self.is_closed:
                return
        if self.tls is not None and data:
            data = self._decrypt(data)
            if not data:
                return
        if not data and self.duplex is not None:
            self.duplex.end_of_input()
        elif not data and not is_written:
            self.close()
        elif self.session is not None:
            self.session.receive(data, turn)
        else:
            self._begin(self._first + data, turn)

    def _begin_tls(self, turn: Turn) -> None:
        context = self.without_hurry(self.loop.tls_context, turn)  # the first one has to make a certificate
        if context is None:
            self.close()
        else:
            self.tls = TlsCodec(context)

    def _begin(self, data: bytes, turn: Turn) -> None:
        """Find out from the first bytes what is spoken; more are awaited while that is open."""
        self.session = self._open_session(self, data, turn)
        if self.session is None:
            self._first = data
        else:
            self.session.receive(data, turn)

    def _decrypt(self, wire: bytes) -> bytes:
        """What the client says; b"" while that is unknown, or when the connection had to be closed."""
        assert self.tls is not None
        clear = self.tls.decrypt(wire)
        answer = self.tls.pending()
        if answer:
            self._transmit([answer])
        if self.tls.is_over and not clear:
            self.close()
        return b"" if self.is_closed else clear

    def _encrypt(self, parts: Sequence[bytes]) -> Sequence[bytes]:
        assert self.tls is not None
        try:
            return self.tls.encrypt(parts)
        except OSError:  # the session has broken
            self.close()
            return ()

    def _transmit(self, wire: Sequence[bytes]) -> None:
        """Send what the socket takes, after what is waiting already, and keep the rest."""
        was_draining = bool(self.unsent)
        rest: Sequence[Any] = wire if was_draining else self._send_now(wire)
        if not rest or self.is_closed:
            return
        self.unsent += [memoryview(part) for part in rest if part]
        if not was_draining:
            self.deadline = time.monotonic() + self.loop.limits.idle_write_seconds
        with self._lock:
            self._rewatch()

    def _finish(self) -> None:
        """Everything has been sent, and nothing else will be."""
        if not self._lingers:
            self.close()
        elif not isinstance(self.session, Farewell):
            if self.session is not None:
                self.session.end()
            self.session = Farewell(self)

    def end_sending(self) -> None:
        """Tell the client that nothing else will come."""
        with contextlib.suppress(OSError):
            if self.tls is not None:
                self.sock.send(self.tls.close())
            self.sock.shutdown(socket.SHUT_WR)

    def _awaited_events(self) -> int:
        writes = select.POLLOUT if self.unsent or self._is_asked else 0
        if self.duplex is None:
            return writes or select.POLLIN
        return writes if self._is_paused else writes | select.POLLIN

    def _rewatch(self) -> None:
        """Tell the loop what the connection waits for now. Called with the lock held."""
        events = self._awaited_events()
        if not self.is_watched or events == self._events:
            return
        before, self._events = self._events, events
        if not events:
            self.loop.unwatch(self)  # poll would report a hang-up again and again, though nobody waits for anything
        elif not before:
            self.loop.watch(self, events)
        else:
            self.loop.rewatch(self, events)

    def _send_now(self, parts: Sequence[Any]) -> Sequence[Any]:
        """Write what the socket takes at once, or a good deal of it; the rest."""
        first = total = 0
        while first < len(parts) and total < _SENT_AT_ONCE:
            now = parts[first : first + _PARTS_AT_ONCE]
            try:
                sent = self.sock.sendmsg(now) if len(now) > 1 else self.sock.send(now[0])
            except BlockingIOError:
                break
            except OSError:
                self.close()
                return ()
            total += sent
            for part in now:
                if sent < len(part):
                    return [memoryview(part)[sent:], *parts[first + 1 :]]
                sent -= len(part)
                first += 1
        return parts[first:]

    def _flush(self) -> None:
        before = self.unsent
        self.unsent = list(self._send_now(before))
        if self.is_closed:
            return
        if self.unsent:
            if len(self.unsent) < len(before) or len(self.unsent[0]) < len(before[0]):
                self.deadline = time.monotonic() + self.loop.limits.idle_write_seconds
            return
        if self._closes_when_sent:
            self._finish()
        with self._lock:
            self._rewatch()

    def _send_whole(self, view: memoryview) -> None:
        while view:
            try:
                view = view[self.sock.send(view) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, self.loop.limits.idle_write_seconds)

    def _wait(self, event: int, timeout_seconds: float | None) -> None:
        poller = select.poll()
        poller.register(self.fd, event)
        timeout = None if timeout_seconds is None else timeout_seconds * 1000
        if not poller.poll(timeout):
            if event == select.POLLOUT:
                raise ConnectionLost
            raise TimeoutError


def _address(name: Any) -> tuple[str, int]:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)
