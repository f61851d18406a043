"""A WebSocket on a connection, as the adapter that ``rolo.websocket`` talks to. wsproto does the protocol."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable

from rolo.websocket import WebSocketDisconnectedError, WebSocketProtocolError
from rolo.websocket.adapter import BytesMessage, CreateConnection, Message, TextMessage, WebSocketAdapter
from werkzeug.datastructures import Headers
from wsproto import ConnectionType, WSConnection, events
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.request import HeaderList
from localstack.host.gateway.front_door.session import ConnectionLost

_CLOSE_SECONDS = 5.0


class WebSocketChannel(WebSocketAdapter):  # type: ignore[misc]  # rolo is not typed
    """One client. ``receive`` belongs to the thread that serves the request; ``send`` and ``close`` to any thread."""

    def __init__(self, connection: Connection, target: str, headers: HeaderList, rest: bytes) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._last_received_at = time.monotonic()
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        try:
            self._protocol.initiate_upgrade_connection(raw, target)
        except RemoteProtocolError as error:
            body = f"this is no valid WebSocket handshake: {error}\n".encode()
            head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
            connection.send_all(head + body)
            raise ConnectionLost from error
        self._early = rest  # frames that came with the handshake; wsproto takes them once it is accepted
        self._is_broken = False
        self._events = self._protocol.events()
        self._parts: list[str | bytes] = []
        self._collected = 0

    @property
    def last_received_at(self) -> float:
        return self._last_received_at

    def receive(self, timeout: float | None = None) -> CreateConnection | Message:
        """Wait for the next message.

        :raises WebSocketDisconnectedError: when the client closed it, or is gone
        :raises TimeoutError: when nothing comes within ``timeout`` seconds
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            for event in self._events:
                message = self._handle(event)
                if message is not None:
                    return message
            self._read(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def send(self, event: Message, timeout: float | None = None) -> None:
        if isinstance(event, TextMessage):
            self._send(events.TextMessage(event.data))
        elif isinstance(event, BytesMessage):
            self._send(events.BytesMessage(event.data))
        else:
            raise TypeError(f"a WebSocket can't send {type(event).__name__}")

    def accept(
        self,
        subprotocol: str | None = None,
        extensions: list[str] | None = None,
        extra_headers: Headers | None = None,
        timeout: float | None = None,
    ) -> None:
        pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in extra_headers or ()]
        self._send(events.AcceptConnection(subprotocol, extensions=[], extra_headers=pairs))
        self._protocol.receive_data(self._early)

    def reject(
        self,
        status_code: int,
        headers: Headers | None = None,
        body: Iterable[bytes] | None = None,
        timeout: float | None = None,
    ) -> None:
        content = b"".join(body or ())
        pairs = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers or () if n.lower() != "content-length"]
        pairs.append((b"content-length", str(len(content)).encode()))
        self._send(events.RejectConnection(status_code=status_code, headers=pairs, has_body=True))
        self._send(events.RejectData(content, body_finished=True))

    def close(self, code: int = 1001, reason: str | None = None, timeout: float | None = None) -> None:
        """Send a close frame, once; an upgrade that was never answered is refused."""
        with contextlib.suppress(ConnectionLost, LocalProtocolError, WebSocketDisconnectedError):
            if self._protocol.state is ConnectionState.CONNECTING:
                self.reject(500)
            elif self._protocol.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
                self._send(events.CloseConnection(code, reason))

    def finish(self) -> None:
        """Say goodbye if nobody has, and give the client a moment to answer, so that it sees a clean end."""
        if self._protocol.state is ConnectionState.OPEN:
            self.close(CloseReason.NORMAL_CLOSURE)
        deadline = time.monotonic() + _CLOSE_SECONDS
        with contextlib.suppress(ConnectionLost, TimeoutError, RemoteProtocolError, WebSocketDisconnectedError):
            if self._is_broken:  # its frames make no sense any more; closing while they come would hide ours (RST)
                self._connection.end_sending()
                while self._connection.receive_some(deadline - time.monotonic()):
                    pass
            while self._protocol.state is ConnectionState.LOCAL_CLOSING and time.monotonic() < deadline:
                self._read(deadline - time.monotonic())
                for _ in self._events:
                    pass

    def _handle(self, event: events.Event) -> CreateConnection | Message | None:
        if isinstance(event, events.Request):
            return CreateConnection()
        if isinstance(event, events.TextMessage | events.BytesMessage):
            return self._collect(event)
        if isinstance(event, events.Ping):
            self._send(event.response())
        elif isinstance(event, events.CloseConnection):
            self._is_broken = (
                self._protocol.state is ConnectionState.OPEN
            )  # no close frame: the event says what is wrong
            if self._protocol.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
                self._send(event.response())
            raise WebSocketDisconnectedError(event.code, event.reason)
        elif not isinstance(event, events.Pong):
            raise WebSocketProtocolError(f"unexpected {type(event).__name__}")
        return None

    def _collect(self, event: events.TextMessage | events.BytesMessage) -> Message | None:
        """A message may come in several frames."""
        self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
        self._collected += len(event.data)
        limit = self._connection.loop.limits.websocket_message_bytes
        if self._collected > limit:
            reason = f"a message is larger than {limit} bytes"
            self._is_broken = True
            self.close(CloseReason.MESSAGE_TOO_BIG, reason)
            raise WebSocketDisconnectedError(CloseReason.MESSAGE_TOO_BIG, reason)
        if not event.message_finished:
            return None
        parts, self._parts = self._parts, []
        self._collected = 0
        if isinstance(event, events.TextMessage):
            return TextMessage("".join(str(part) for part in parts))
        return BytesMessage(b"".join(part for part in parts if isinstance(part, bytes)))

    def _read(self, timeout: float | None) -> None:
        try:
            data = self._connection.receive_some(timeout)
        except ConnectionLost:
            data = b""
        self._last_received_at = time.monotonic()
        if not data:
            raise WebSocketDisconnectedError(1006, "the connection was lost")
        try:
            with self._lock:
                self._protocol.receive_data(data)
                self._events = self._protocol.events()
        except RemoteProtocolError as error:
            if error.event_hint is not None:
                with contextlib.suppress(LocalProtocolError):
                    self._send(error.event_hint)
            raise WebSocketDisconnectedError(1002, str(error)) from error

    def _send(self, event: events.Event) -> None:
        with self._lock:
            try:
                data = self._protocol.send(event)
            except LocalProtocolError as error:
                raise WebSocketDisconnectedError(1006, str(error)) from error
            try:
                self._connection.send_all(data)
            except ConnectionLost:
                self._connection.abort()  # perhaps in the middle of a frame: nothing can follow it
                raise WebSocketDisconnectedError(1006, "the connection was lost") from None
