"""The front door itself: listening sockets, accepted connections, an orderly end."""

from __future__ import annotations

import contextlib
import errno
import logging
import select
import socket
import threading
import time
from collections.abc import Callable

from rolo.gateway import Gateway

from localstack.host.gateway.addresses import cannot_listen, resolve
from localstack.host.gateway.certificate import ServerCertificate
from localstack.host.gateway.claims import Claims
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Crew, Turn
from localstack.host.gateway.front_door.http1 import Http1
from localstack.host.gateway.front_door.loop import Limits, Loop
from localstack.host.gateway.front_door.service import Service
from localstack.host.gateway.front_door.session import Session
from localstack.host.gateway.front_door.tunnel import ClientEnd
from localstack.host.memory_budget import MemoryBudget
from localstack.host.settings import HostAndPort, Settings

LOG = logging.getLogger(__name__)

_BACKLOG = 1024
_ACCEPTS_AT_ONCE = 64
_DRAIN_SECONDS = 0.5
_HTTP2_FIRST_LINE = b"PRI * HTTP/2.0\r\n"
_HTTP1_BEGINNINGS = (
    b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"PATCH ", b"OPTIONS ", b"CONNECT ", b"TRACE "
)  # fmt: skip
_UNDECIDED_BYTES = 4096
"""So much of a connection is shown to those that may claim it."""
_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class _Listener:
    """A listening socket in the loop."""

    deadline: float | None = None

    def __init__(
        self, sock: socket.socket, accepted: Callable[[socket.socket], None], make_room: Callable[[], bool]
    ) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self._accepted = accepted
        self._make_room = make_room

    def close(self) -> None:
        self.sock.close()

    def on_ready(self, turn: Turn) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                accepted, _ = self.sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _OUT_OF_DESCRIPTORS and not self._make_room():
                    LOG.error("cannot accept a connection: %s", error.strerror)
                    time.sleep(0.05)  # the kernel reports it again at once; don't spin while there is nothing to be had
                return
            self._accepted(accepted)


class FrontDoor:
    """Serves a gateway on the addresses of the settings. ``run`` may be called on any thread.

    :param claims: connections and streams that are forwarded instead
    """

    def __init__(
        self, gateway: Gateway, settings: Settings, limits: Limits | None = None, claims: Claims | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._claims = claims
        self._settings = settings
        self._crew = Crew(max(settings.gateway_worker_count, 1), self.limits.waiting_requests)
        self._loop = Loop(self.limits, self._crew, ServerCertificate(settings).context)
        self._loop.on_sweep(self._expire)
        self._service = Service(gateway, settings.tmp_dir, MemoryBudget(self.limits.memory_together_bytes))
        self._listeners: list[_Listener] = []
        self._stopped = threading.Event()

    def listen(self) -> None:
        """Bind and listen; clients can connect from now on and are answered once ``run`` was called.

        :raises ListenError: when an address has been taken since it was reserved
        """
        for address in self._settings.gateway_listen:
            for family, host in resolve(address):
                self._listen_on(address, family, host)

    def run(self) -> None:
        """Serve until ``stop`` is called."""
        if not self._stopped.is_set():
            for listener in self._listeners:
                self._loop.watch(listener, select.POLLIN)
            self._crew.start(self._loop.lead)
            self._stopped.wait()
        self._end()

    def stop(self) -> None:
        """Stop serving; may be called from any thread, more than once, and before ``run``."""
        self._stopped.set()

    def _end(self) -> None:
        """Refuse new connections, let the answers that are under way go out, then close everything."""
        for listener in self._listeners:
            self._loop.unwatch(listener)
            listener.close()
        for connection in self._connections():
            connection.shut_down()
        deadline = time.monotonic() + _DRAIN_SECONDS
        while any(map(self._is_busy, self._connections())) and time.monotonic() < deadline:
            time.sleep(0.01)
        closed = threading.Event()
        self._crew.stop(lambda: self._close(closed))
        self._loop.wake()
        for connection in self._connections():
            connection.abort()
        closed.wait(_DRAIN_SECONDS)  # no longer: a handler that hangs is left behind

    def _close(self, closed: threading.Event) -> None:
        """Give the rest back, when no thread uses it any more."""
        for connection in self._connections():
            connection.close()
        self._loop.close()
        closed.set()

    def _connections(self) -> list[Connection]:
        return [item for item in list(self._loop.connections.values()) if isinstance(item, Connection)]

    def _is_busy(self, connection: Connection) -> bool:
        is_answering = connection.session is not None and connection.deadline is None
        # in the order that an answer goes through, so that it can't slip by between two looks
        return is_answering or connection.is_holding or bool(connection.unsent)

    def _listen_on(self, address: HostAndPort, family: socket.AddressFamily, host: str) -> None:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind((host, address.port))
            sock.listen(_BACKLOG)
        except OSError as error:
            sock.close()
            raise cannot_listen(address, error) from None
        self._listeners.append(_Listener(sock, self._accept, self._make_room))

    def _accept(self, sock: socket.socket) -> None:
        if len(self._loop.connections) >= self.limits.connections:
            self._make_room()
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(sock, self._loop, self._open_session)
        connection.deadline = time.monotonic() + self.limits.idle_seconds
        self._loop.connections[connection.fd] = connection
        connection.watch()

    def _make_room(self) -> bool:
        """Close the connection that has been idle longest, without one that which is nearest to its time limit.

        False when all of them wait for an answer.
        """
        candidates = [c for c in self._connections() if c.is_watched and c.deadline is not None]
        if not candidates:
            return False
        min(candidates, key=lambda c: (not c.is_idle or bool(c.unsent), c.deadline or 0.0)).close()
        return True

    def _open_session(self, connection: Connection, data: bytes, turn: Turn) -> Session | None:
        """The session that ALPN has chosen, or that the first bytes are spoken in; None while they are too few."""
        is_http2 = connection.tls is not None and connection.tls.negotiated_protocol == "h2"
        if is_http2 or data.startswith(_HTTP2_FIRST_LINE):
            return connection.without_hurry(lambda: self._open_http2(connection), turn)
        if _HTTP2_FIRST_LINE.startswith(data):
            return None
        if self._claims is not None and self._claims.has_tcp and not data.startswith(_HTTP1_BEGINNINGS):
            claims, is_undecided = self._claims, any(start.startswith(data) for start in _HTTP1_BEGINNINGS)
            if not is_undecided:
                claim, is_undecided = connection.without_hurry(lambda: claims.of_connection(data), turn)
                if claim is not None:
                    return ClientEnd(connection, claim)
            if is_undecided and len(data) < _UNDECIDED_BYTES:
                return None
        return Http1(connection, self._service)

    def _open_http2(self, connection: Connection) -> Session:
        from localstack.host.gateway.front_door.http2 import Http2  # slow to import, and few clients speak it

        return Http2(connection, self._service, self._claims)

    def _expire(self, now: float) -> None:
        for connection in self._connections():
            if connection.is_watched and connection.deadline is not None and connection.deadline < now:
                if connection.session is None or connection.unsent:
                    connection.close()
                    continue
                try:
                    connection.session.expire()
                except Exception:  # a mistake of ours costs one connection, not the server
                    LOG.exception("a connection failed")
                    connection.close()
