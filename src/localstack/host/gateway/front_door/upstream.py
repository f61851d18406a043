"""The client's side of an HTTP/2 connection to an extension's server, for the streams that one client has forwarded.

The leader alone uses h2 and the table of streams. Any thread may ``ask`` it to look at a stream; a worker dials.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from localstack.extensions.api.connections import Claim
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.dialling import dial
from localstack.host.gateway.front_door.forwarded import Failure, ForwardedStream, open_window, send_next
from localstack.host.gateway.front_door.frames import FrameCutter
from localstack.host.gateway.front_door.loop import Loop

LOG = logging.getLogger(__name__)

_STREAM_WINDOW = 1024 * 1024
_CONNECTION_WINDOW = 4 * 1024 * 1024


class Upstream:
    """The session of a connection to a server.

    :param announce: tells the client's side, in any thread, that something has come for a stream
    :ivar is_leaving: True when new streams need another connection
    """

    def __init__(self, claim: Claim, loop: Loop, announce: Callable[[ForwardedStream], None]) -> None:
        self.is_leaving = False
        self._claim = claim
        self._loop = loop
        self._announce = announce
        self._where = f"the server of extension {claim.extension} on {claim.host}:{claim.port}"
        self._connection: Connection | None = None
        self._changed: deque[ForwardedStream] = deque()  # any thread appends, the leader takes
        self._waiting: deque[ForwardedStream] = deque()  # for the server to allow more streams at once
        self._streams: dict[int, ForwardedStream] = {}
        self._sending: deque[ForwardedStream] = deque()
        self._has_ended = False
        self._h2 = _make_h2()
        self._cutter = FrameCutter()
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            ConnectionTerminated: self._on_goodbye,
            DataReceived: self._on_data,
            InformationalResponseReceived: self._on_head,
            RemoteSettingsChanged: lambda event: self._sending.extend(self._streams.values()),
            ResponseReceived: self._on_head,
            StreamEnded: self._on_stream_ended,
            StreamReset: self._on_stream_reset,
            TrailersReceived: self._on_head,
            WindowUpdated: self._on_window,
        }

    # what the client's side calls, in any thread

    def connect(self) -> bool:
        """Begin to dial; False when too many requests are waiting."""
        return self._loop.crew.enqueue(self._dial)

    def ask(self, stream: ForwardedStream) -> None:
        """Look at a stream soon: it is new, has something to send or is lost."""
        self._changed.append(stream)
        self._wake()

    def close(self) -> None:
        """Close when the streams that there are have ended."""
        self.is_leaving = True
        self._wake()

    # what the connection calls

    def receive(self, data: bytes, turn: Turn) -> None:
        assert self._connection is not None
        try:
            for frame in self._cutter.cut(data):
                for event in self._h2.receive_data(frame):
                    self._handlers.get(type(event), _ignore)(event)
        except ProtocolError as error:
            LOG.error("%s does not speak HTTP/2 as it should: %s", self._where, error)
            self._connection.send([self._h2.data_to_send()], then_close=True)
        else:
            self.proceed(turn)

    def proceed(self, turn: Turn) -> None:
        """Send what can be sent now."""
        connection = self._connection
        assert connection is not None
        self._take_changed()
        while self._sending and not connection.unsent and not connection.is_closed:
            self._frame(self._sending.popleft())
            self._flush(connection)
        self._flush(connection)
        if connection.is_closed or connection.unsent:
            return
        if self._streams or self._waiting:
            connection.deadline = None
        elif self.is_leaving:
            connection.send([], then_close=True)
        elif connection.deadline is None:
            connection.deadline = time.monotonic() + connection.loop.limits.idle_seconds

    def expire(self) -> None:
        assert self._connection is not None
        self._connection.close()

    def end_of_input(self) -> None:
        assert self._connection is not None
        self._connection.close()

    def end(self) -> None:
        self._fail_all(f"{self._where} has closed its connection")

    def shut_down(self) -> None: ...

    def abandon(self) -> None: ...

    # what a worker does

    def _dial(self) -> None:
        connection = dial(self._claim, self._loop)
        if connection is None:
            self._fail_all(f"{self._where} can't be reached")
            return
        connection.session = connection.duplex = self
        self._connection = connection
        connection.ask()
        connection.watch()

    # what the leader does

    def _wake(self) -> None:
        if self._has_ended:
            self._fail_all(f"{self._where} has closed its connection")
        elif self._connection is not None:
            self._connection.ask()

    def _take_changed(self) -> None:
        while self._changed:
            stream = self._changed.popleft()
            if stream.is_lost:
                self._cancel(stream)
                continue
            if stream.upstream_number is not None and stream.upstream_number in self._streams:
                open_window(self._h2, stream.response.freed(), stream.upstream_number)
                self._sending.append(stream)
            elif stream.upstream_number is None and stream not in self._waiting:
                self._waiting.append(stream)
        while self._waiting and self._h2.open_outbound_streams < self._h2.remote_settings.max_concurrent_streams:
            stream = self._waiting.popleft()
            stream.upstream_number = self._h2.get_next_available_stream_id()
            self._streams[stream.upstream_number] = stream
            self._frame(stream)  # the head takes the number, and it can always be sent

    def _frame(self, stream: ForwardedStream) -> None:
        number = stream.upstream_number
        if number is None or number not in self._streams:
            return
        try:
            sent, _ = send_next(stream.request, self._h2, number)
        except ProtocolError as error:
            LOG.debug("stream %d to %s was given up: %s", number, self._where, error)
            self._fail(stream, Failure(ErrorCodes.INTERNAL_ERROR, str(error)))
            return
        if sent:
            self._announce(stream)  # so that the client may send more
            if stream.request.has_more:
                self._sending.append(stream)
        self._drop_if_over(stream)

    def _flush(self, connection: Connection) -> None:
        wire = self._h2.data_to_send()
        if wire:
            connection.send([wire])

    def _cancel(self, stream: ForwardedStream) -> None:
        """The client does not want the answer any more."""
        with contextlib.suppress(ValueError):
            self._waiting.remove(stream)
        if stream.upstream_number is not None and self._streams.pop(stream.upstream_number, None) is not None:
            with contextlib.suppress(ProtocolError):
                self._h2.reset_stream(stream.upstream_number, ErrorCodes.CANCEL)

    def _fail(self, stream: ForwardedStream, failure: Failure) -> None:
        if stream.upstream_number is not None:
            self._streams.pop(stream.upstream_number, None)
        stream.failure = failure
        self._announce(stream)

    def _fail_all(self, reason: str) -> None:
        """Nothing can be sent any more, or ever could. In any thread: streams come until everybody has seen it."""
        self.is_leaving = self._has_ended = True
        for stream in list(self._streams.values()):
            self._fail(stream, Failure(None, reason))
        for streams in (self._waiting, self._changed):
            with contextlib.suppress(IndexError):
                while True:
                    self._fail(streams.popleft(), Failure(None, reason))

    def _drop_if_over(self, stream: ForwardedStream) -> None:
        if stream.request.is_over and stream.response_has_ended and stream.upstream_number is not None:
            self._streams.pop(stream.upstream_number, None)

    # what the server sends

    def _on_head(self, event: ResponseReceived | InformationalResponseReceived | TrailersReceived) -> None:
        ends = not isinstance(event, InformationalResponseReceived) and event.stream_ended is not None
        self._put(event.stream_id, list(event.headers), ends=ends)

    def _on_data(self, event: DataReceived) -> None:
        assert event.flow_controlled_length is not None
        # the connection's window is opened at once: a client that does not read stops its own stream only
        open_window(self._h2, event.flow_controlled_length)
        padding = event.flow_controlled_length - len(event.data)
        if event.stream_ended is None:
            open_window(self._h2, padding, event.stream_id)
        self._put(event.stream_id, event.data, ends=event.stream_ended is not None)

    def _put(self, number: int | None, part: Any, *, ends: bool) -> None:
        stream = self._streams.get(number or 0)
        if stream is not None:
            stream.response.put(part, ends=ends)
            self._announce(stream)

    def _on_stream_ended(self, event: StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            stream.response_has_ended = True
            self._drop_if_over(stream)

    def _on_stream_reset(self, event: StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._fail(stream, Failure(int(event.error_code or 0), f"{self._where} has reset the stream"))

    def _on_window(self, event: WindowUpdated) -> None:
        if event.stream_id:
            self._sending.extend(s for s in (self._streams.get(event.stream_id),) if s is not None)
        else:
            self._sending.extend(self._streams.values())

    def _on_goodbye(self, event: ConnectionTerminated) -> None:
        """The server takes no new streams; h2 takes it for the end of everything."""
        self.is_leaving = True
        self._h2.state_machine.state = ConnectionState.CLIENT_OPEN
        last = event.last_stream_id or 0
        for number, stream in list(self._streams.items()):
            if number > last:  # it says that it has not begun them, so a client may send them again
                self._fail(stream, Failure(ErrorCodes.REFUSED_STREAM, f"{self._where} is about to close"))
        while self._waiting:
            self._fail(self._waiting.popleft(), Failure(ErrorCodes.REFUSED_STREAM, f"{self._where} is about to close"))


def _ignore(event: Event) -> None: ...


def _make_h2() -> H2Connection:
    """A client's side whose first frames are ready to be sent. What it sends has been checked when it came in."""
    configuration = H2Configuration(
        client_side=True, header_encoding=None, normalize_outbound_headers=False, validate_outbound_headers=False
    )
    h2 = H2Connection(configuration)
    initial = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW}
    h2.local_settings = Settings(client=True, initial_values=initial)
    h2.initiate_connection()
    h2.increment_flow_control_window(_CONNECTION_WINDOW - 65535)
    return h2
