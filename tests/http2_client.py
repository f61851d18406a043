"""An HTTP/2 client that does what it is told, frame by frame, with the h2 library in its client's role."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from hyperframe.frame import Frame

from doors import DEADLINE_SECONDS


@dataclass
class Http2Answer:
    """What has come of one stream."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    informational: list[int] = field(default_factory=list)
    is_ended: bool = False
    reset_code: int | None = None

    @property
    def status(self) -> int:
        return int(dict(self.headers)[":status"])

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)


class Http2Client:
    """One connection. Windows are opened again as data comes, unless ``keeps_windows`` is false."""

    def __init__(self, sock: socket.socket, *, validates: bool = True, keeps_windows: bool = True) -> None:
        self.sock = sock
        self.answers: dict[int, Http2Answer] = {}
        self.goodbye: ConnectionTerminated | None = None
        self.is_closed = False
        self._keeps_windows = keeps_windows
        self.h2 = H2Connection(
            H2Configuration(
                client_side=True,
                header_encoding="latin-1",
                validate_outbound_headers=validates,
                normalize_outbound_headers=validates,
            )
        )
        self.h2.initiate_connection()

    @classmethod
    def connect(cls, port: int, **options: bool) -> Http2Client:
        """Connect in the clear, with prior knowledge, and send the preface."""
        sock = socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)
        client = cls(sock, **options)
        client.flush()
        return client

    def __enter__(self) -> Http2Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    def begin(
        self,
        path: str,
        method: str = "GET",
        *headers: tuple[str, str],
        end_stream: bool = True,
        host: str = "localhost",
    ) -> int:
        """Send a request's headers; the number of its stream."""
        stream = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "http"), (":authority", host), (":path", path)]
        self.h2.send_headers(stream, [*pseudo, *headers], end_stream=end_stream)
        self.answers[stream] = Http2Answer()
        self.flush()
        return stream

    def ask(self, path: str, method: str = "GET", *headers: tuple[str, str], body: bytes | None = None) -> Http2Answer:
        """Send a request and wait for its answer."""
        stream = self.begin(path, method, *headers, end_stream=body is None)
        if body is not None:
            self.upload(stream, body)
        return self.answer(stream)

    def upload(self, stream: int, body: bytes, *, end_stream: bool = True) -> None:
        """Send a body as the server's windows allow."""
        view = memoryview(body)
        while view:
            self.read_until(lambda: self.h2.local_flow_control_window(stream) > 0)
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            self.h2.send_data(stream, bytes(view[:size]))
            view = view[size:]
            self.flush()
        if end_stream:
            self.h2.end_stream(stream)
            self.flush()

    def answer(self, stream: int) -> Http2Answer:
        """Wait for the end of an answer, or its reset."""
        answer = self.answers[stream]
        self.read_until(lambda: answer.is_ended or answer.reset_code is not None)
        return answer

    def reset(self, stream: int) -> None:
        self.h2.reset_stream(stream, ErrorCodes.CANCEL)
        self.flush()

    def send_frames(self, *frames: Frame) -> None:
        """Send frames that h2 would not."""
        self.sock.sendall(b"".join(frame.serialize() for frame in frames))

    def flush(self) -> None:
        self.sock.sendall(self.h2.data_to_send())

    def read_until(self, condition: Callable[[], object]) -> None:
        """Read until something has come; the end of the connection before that fails."""
        while not condition():
            assert not self.is_closed, f"the connection was closed; goodbye: {self.goodbye}"
            self.read()

    def read_to_end(self) -> ConnectionTerminated | None:
        """Read until the server closes; its GOAWAY. A reset counts as an end, too."""
        while not self.is_closed:
            self.read()
        return self.goodbye

    def read(self) -> None:
        """Take what comes next."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.is_closed = True
            return
        for event in self.h2.receive_data(data):
            self._handle(event)
        if not self.goodbye:
            self.flush()

    def _handle(self, event: Event) -> None:
        answer = self.answers.get(getattr(event, "stream_id", 0) or 0, Http2Answer())
        if isinstance(event, ResponseReceived):
            answer.headers = _texts(event.headers)
        elif isinstance(event, InformationalResponseReceived):
            answer.informational.append(int(dict(_texts(event.headers))[":status"]))
        elif isinstance(event, DataReceived):
            answer.body += event.data or b""
            if self._keeps_windows:
                self.h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, StreamEnded):
            answer.is_ended = True
        elif isinstance(event, StreamReset):
            answer.reset_code = int(event.error_code or 0)
        elif isinstance(event, ConnectionTerminated):
            self.goodbye = event


def _texts(headers: Any) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers]
