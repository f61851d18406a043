"""HTTP/2 on one connection: many requests at once, each answered by a worker. The h2 library speaks the protocol.

Threads: h2's state, the table of streams and the connection belong to the leader alone. A request that is complete
becomes a job of the crew; its worker leaves the answer in its ``Stream``, notes the stream in ``_changed`` and asks the
connection for a call of ``proceed``, in which the leader frames and sends as much as the windows and the socket allow.
So no lock is held while bytes are sent, no worker ever waits for another, and a worker waits for the client only while
it produces an answer faster than the client takes it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from h2.connection import ConnectionState
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    PingReceived,
    PriorityUpdated,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import DenialOfServiceError, ProtocolError
from hyperframe.frame import GoAwayFrame

from localstack.extensions.api.connections import Claim
from localstack.host.gateway.claims import Claims
from localstack.host.gateway.front_door.answering import Answering
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.fields import is_valid, read_request, simple_answer
from localstack.host.gateway.front_door.forwarded import ForwardedStream
from localstack.host.gateway.front_door.forwarding import Forwarding
from localstack.host.gateway.front_door.frames import (
    MAX_STREAMS,
    PREFACE_BYTES,
    Allowance,
    FrameCutter,
    has_content,
    make_h2,
)
from localstack.host.gateway.front_door.service import Service
from localstack.host.gateway.front_door.stream import Stream
from localstack.host.gateway.front_door.upload import Upload

LOG = logging.getLogger(__name__)

_SENT_AT_ONCE = 256 * 1024
"""How much is framed before it is handed to the socket."""
_RETRY = (b"retry-after", b"1")
_FREE_FRAMES = 1000
_FREE_FRAMES_PER_SECOND = 50.0


class Http2:
    """The HTTP/2 session of a connection."""

    def __init__(self, connection: Connection, service: Service, claims: Claims | None = None) -> None:
        connection.duplex = self
        self._connection = connection
        self._service = service
        self._limits = connection.loop.limits
        self._answering = Answering(service, service.connection_environ(connection), self._announce)
        self._h2 = make_h2(self._limits.header_bytes)
        self._forwarding = Forwarding(connection, self._h2, claims, self._announce)
        self._turn = Turn()
        self._cutter = FrameCutter(PREFACE_BYTES)
        self._streams: dict[int, Stream] = {}
        self._sending: deque[Stream] = deque()
        self._changed: deque[Stream] = deque()  # any thread appends, the leader takes
        self._busy: set[Stream] = set()  # the leader adds, the worker takes out: also those whose client is gone
        self._allowance = Allowance(_FREE_FRAMES, _FREE_FRAMES_PER_SECOND)
        self._is_active = False
        self._is_leaving = False
        self._has_said_goodbye = False
        self._handlers: dict[type[Event], Callable[[Any], None]] = {
            RequestReceived: self._on_request,
            DataReceived: self._on_data,
            TrailersReceived: self._on_trailers,
            StreamEnded: self._on_stream_ended,
            StreamReset: self._on_stream_reset,
            ConnectionTerminated: self._on_goodbye,
            PingReceived: lambda event: self._count_free("pings"),
            PriorityUpdated: lambda event: self._count_free("priorities"),
            RemoteSettingsChanged: lambda event: self._count_free("settings"),
        }

    # what the connection calls

    def receive(self, data: bytes, turn: Turn) -> None:
        self._turn = turn
        try:
            for frame in self._cutter.cut(data):
                events = self._h2.receive_data(frame)
                for event in events:
                    self._handle(event)
                if not events and has_content(frame):  # part of a header block, or for a stream that is closed
                    self._count_free("frames without effect")
        except ProtocolError as error:
            LOG.debug("HTTP/2 with %s ended: %s", self._connection.peer[0], error)
            if self._h2.state_machine.state is not ConnectionState.CLOSED:
                self._h2.close_connection(error.error_code)
            self._connection.send([self._h2.data_to_send()], then_close=True, lingers=True)
        else:
            self.proceed(turn)

    def proceed(self, turn: Turn) -> None:
        self._carry_on()

    def expire(self) -> None:
        """Give up on streams whose client has not gone on in time, and on a connection without streams."""
        now = time.monotonic()
        if not self._streams:
            self._is_leaving = True
        for stream in list(self._streams.values()):
            if stream.deadline is None or stream.deadline > now:
                continue
            if stream.is_complete:
                self._reset(stream, ErrorCodes.CANCEL)
            else:
                self._refuse(stream, HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time")
        self._carry_on()

    def end_of_input(self) -> None:
        self._connection.close()

    def shut_down(self) -> None:
        """Begin nothing new, and close after the answers that are under way; may be called from any thread."""
        self._is_leaving = True
        self._connection.ask()

    def abandon(self) -> None:
        """Let the workers that wait for the client go on; may be called from any thread."""
        for stream in list(self._streams.values()):
            stream.lose()

    def end(self) -> None:
        for stream in list(self._streams.values()):
            self._lose(stream)
        self._forwarding.end()

    # what the client sends

    def _handle(self, event: Event) -> None:
        self._is_active = True
        handle = self._handlers.get(type(event))
        if handle is not None:
            handle(event)

    def _on_request(self, event: RequestReceived) -> None:
        stream, size = read_request(event)
        if self._is_leaving or len(self._busy) >= MAX_STREAMS:
            self._reset(stream, ErrorCodes.REFUSED_STREAM)  # a client may send such a request again
            self._count_free("requests that are refused")
            return
        self._streams[stream.number] = stream
        stream.is_complete = event.stream_ended is not None
        if size > self._limits.header_bytes:
            reason = f"more than {self._limits.header_bytes} bytes of headers"
            self._refuse(stream, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)
        elif stream.method == "CONNECT":
            self._refuse(stream, HTTPStatus.NOT_IMPLEMENTED, "this server is no proxy")
        elif not is_valid(stream):
            self._refuse(stream, HTTPStatus.BAD_REQUEST, "this is no valid method, path or content-length")
        elif (claim := self._forwarding.claim(stream, self._turn)) is not None:
            self._forward(stream, claim, event)
        elif not stream.is_complete:
            self._expect_body(stream)

    def _forward(self, stream: Stream, claim: Claim, event: RequestReceived) -> None:
        forwarded = self._forwarding.begin(stream, claim, event)
        if forwarded is None:
            self._refuse(stream, HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are waiting", _RETRY)
        else:
            self._streams[stream.number] = forwarded

    def _expect_body(self, stream: Stream) -> None:
        stream.upload = Upload(self._service.spool_dir, self._limits.memory_body_bytes, self._service.memory)
        stream.deadline = time.monotonic() + self._limits.idle_body_seconds
        if any(name == "expect" and value.lower() == "100-continue" for name, value in stream.headers):
            with contextlib.suppress(ProtocolError):  # the client has reset it meanwhile
                self._h2.send_headers(stream.number, [(b":status", b"100")])

    def _on_data(self, event: DataReceived) -> None:
        assert event.flow_controlled_length is not None
        stream = self._streams.get(event.stream_id)
        if isinstance(stream, ForwardedStream) and not stream.is_refused:
            self._forwarding.pass_on(stream, event)
        else:
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if not event.data and event.stream_ended is None:
            self._count_free("frames without data")
        elif stream is not None and stream.upload is not None:
            stream.deadline = time.monotonic() + self._limits.idle_body_seconds
            add = partial(stream.upload.add, event.data)
            try:
                if stream.upload.is_spooled:
                    self._connection.without_hurry(add, self._turn)  # nobody else waits for the disk
                else:
                    add()
            except OSError as error:
                LOG.error("a request's body can't be kept: %s", error)
                self._refuse(stream, HTTPStatus.INSUFFICIENT_STORAGE, "there is no room for the body")

    def _on_trailers(self, event: TrailersReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if isinstance(stream, ForwardedStream):
            stream.pass_on(list(event.headers), ends=True)

    def _on_stream_ended(self, event: StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        stream.is_complete = True
        if stream.is_refused or isinstance(stream, ForwardedStream):
            return
        stream.deadline = self._connection.deadline = None  # before the handler runs: a server that ends waits for it
        self._busy.add(stream)
        if not self._connection.loop.crew.enqueue(partial(self._answer, stream)):
            self._busy.discard(stream)
            self._refuse(stream, HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are waiting", _RETRY)

    def _on_stream_reset(self, event: StreamReset) -> None:
        stream = self._streams.pop(event.stream_id, None)
        if stream is not None:
            self._lose(stream)
        self._count_free("resets")

    def _count_free(self, kind: str) -> None:
        """Count what costs the client nothing and us some work, and an answer that it may never read."""
        if not self._allowance.spend():
            raise DenialOfServiceError(f"too many {kind}")

    def _on_goodbye(self, event: ConnectionTerminated) -> None:
        """The client begins nothing new, but waits for what it has begun; h2 takes it for the end of everything."""
        self._is_leaving = True
        self._h2.state_machine.state = ConnectionState.SERVER_OPEN

    # what a worker does

    def _answer(self, stream: Stream) -> None:
        try:
            self._answering.answer(stream)
        finally:
            self._busy.discard(stream)
            self._announce(stream)

    def _announce(self, stream: Stream) -> None:
        self._changed.append(stream)
        self._connection.ask()

    # what the leader sends

    def _carry_on(self) -> None:
        """Send what can be sent now."""
        while self._changed:
            stream = self._changed.popleft()
            if isinstance(stream, ForwardedStream) and self._is_open(stream):
                self._forwarding.make_room(stream)
            self._queue(stream)
        connection = self._connection
        has_more = True
        while has_more and not connection.unsent and not connection.is_closed:
            has_more = self._frame_some()
            self._flush()
        self._flush()  # also while the client is behind: acknowledgements, resets
        if self._is_leaving:
            self._say_goodbye()
        self._renew_deadline()

    def _frame_some(self) -> bool:
        """Make frames of the streams in turn; False when nothing more can be sent now."""
        room = _SENT_AT_ONCE
        idle = 0
        while self._sending and room > 0 and idle < len(self._sending):
            stream = self._sending.popleft()
            stream.is_queued = False
            if not self._is_open(stream):
                continue
            sent = self._frame(stream)
            room -= sent
            idle = 0 if sent else idle + 1
            if stream.has_more:
                self._queue(stream)
        return room <= 0

    def _frame(self, stream: Stream) -> int:
        """Frame the next part of a stream's answer; how many bytes of its body that were, and a few for its head."""
        if isinstance(stream, ForwardedStream) and not stream.is_refused:
            return self._frame_forwarded(stream)
        sent = 0
        try:
            head = stream.take_head()
            window = min(self._h2.local_flow_control_window(stream.number), self._h2.max_outbound_frame_size)
            data, is_last = stream.take(window)
            if head is not None:
                sent += len(head)
                self._h2.send_headers(stream.number, head, end_stream=is_last and not data)
            if data or (is_last and head is None):
                sent += len(data)
                self._h2.send_data(stream.number, data, end_stream=is_last)
        except ProtocolError as error:
            LOG.debug("stream %d was given up: %s", stream.number, error)
            self._reset(stream, ErrorCodes.INTERNAL_ERROR)
            return sent
        if is_last:
            self._close(stream)
        elif stream.has_failed:
            self._reset(stream, ErrorCodes.INTERNAL_ERROR)
        elif not stream.has_more:
            stream.deadline = None
        elif sent or stream.deadline is None:
            stream.deadline = time.monotonic() + self._limits.idle_write_seconds
        return sent

    def _frame_forwarded(self, stream: ForwardedStream) -> int:
        try:
            sent, is_last = self._forwarding.frame(stream)
        except ProtocolError as error:
            LOG.debug("stream %d was given up: %s", stream.number, error)
            self._reset(stream, ErrorCodes.INTERNAL_ERROR)
            return 0
        failure = stream.failure
        if is_last:
            self._close(stream)
        elif failure is not None and not stream.has_more:
            if failure.code is None and not stream.response.has_begun:
                self._refuse(stream, HTTPStatus.BAD_GATEWAY, failure.reason)
            else:
                self._reset(stream, ErrorCodes.INTERNAL_ERROR if failure.code is None else failure.code)
            return 1
        return sent

    def _queue(self, stream: Stream) -> None:
        if not stream.is_queued and self._is_open(stream):
            stream.is_queued = True
            self._sending.append(stream)

    def _is_open(self, stream: Stream) -> bool:
        return stream.number in self._streams

    def _flush(self) -> None:
        wire = self._h2.data_to_send()
        if wire:
            self._connection.send([wire])

    def _refuse(self, stream: Stream, status: HTTPStatus, text: str, *fields: tuple[bytes, bytes]) -> None:
        """Answer without asking the gateway, and without waiting for the rest of the request."""
        self._drop_upload(stream)
        stream.is_refused = True
        stream.deadline = time.monotonic() + self._limits.idle_write_seconds
        stream.respond(*simple_answer(status, text, *fields))
        self._queue(stream)

    def _reset(self, stream: Stream, code: int) -> None:
        with contextlib.suppress(ProtocolError):  # the client has reset it itself
            self._h2.reset_stream(stream.number, code)
        self._streams.pop(stream.number, None)
        self._lose(stream)

    def _close(self, stream: Stream) -> None:
        """The answer has been sent; a client that is still sending its request is told to stop."""
        if not stream.is_complete:
            self._reset(stream, ErrorCodes.NO_ERROR)
        else:
            self._streams.pop(stream.number, None)

    def _lose(self, stream: Stream) -> None:
        stream.lose()
        if not stream.is_complete:  # otherwise a worker has the body
            self._drop_upload(stream)

    def _drop_upload(self, stream: Stream) -> None:
        if stream.upload is not None:
            stream.upload.drop()
            stream.upload = None

    def _say_goodbye(self) -> None:
        """Tell the client not to begin anything; without anything under way, close."""
        if not self._has_said_goodbye:
            self._has_said_goodbye = True
            # not by h2, which could send nothing after it
            frame = GoAwayFrame(0, last_stream_id=self._h2.highest_inbound_stream_id)
            self._connection.send([frame.serialize()])
        if not self._streams:
            self._connection.send([], then_close=True, lingers=True)

    def _renew_deadline(self) -> None:
        connection = self._connection
        connection.is_idle = not self._streams
        if connection.unsent or connection.session is not self:
            return  # until the client takes what has been sent, the connection's own deadline counts
        if self._streams:
            deadlines = [stream.deadline for stream in self._streams.values() if stream.deadline is not None]
            connection.deadline = min(deadlines, default=None)
        elif self._is_active:  # since the last time; bytes that make no whole frame do not count
            connection.deadline = time.monotonic() + self._limits.idle_seconds
        self._is_active = bool(self._streams)
