"""A stream that an extension claims: what the client's connection and the extension's server's hand each other.

Each of the two connections belongs to one thread at a time, but not always to the same one. So neither touches the
other: it leaves in a ``Lane`` what it has received, and asks the other one to look.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from h2.connection import H2Connection

from localstack.host.gateway.front_door.stream import Fields, Stream


class Lane:
    """One direction of a stream: header blocks and data in the order in which they came."""

    def __init__(self) -> None:
        self.has_begun = False
        self._lock = threading.Lock()
        self._parts: deque[Fields | memoryview] = deque()
        self._is_ended = False
        self._is_end_taken = False
        self._taken_bytes = 0

    def put(self, part: Fields | bytes, *, ends: bool) -> None:
        """Add a header block or data, or just the end."""
        with self._lock:
            self.has_begun = True
            if part:
                self._parts.append(memoryview(part) if isinstance(part, bytes) else part)
            self._is_ended = self._is_ended or ends

    @property
    def has_more(self) -> bool:
        """True while something waits to be taken."""
        return bool(self._parts) or (self._is_ended and not self._is_end_taken)

    @property
    def is_over(self) -> bool:
        """True when everything has been taken, and nothing else will come."""
        return self._is_end_taken

    @property
    def has_data(self) -> bool:
        """True when what comes next is data, which needs room in the window."""
        return bool(self._parts) and isinstance(self._parts[0], memoryview)

    def take(self, size: int) -> tuple[Fields | bytes | None, bool]:
        """The next header block or up to ``size`` bytes, ``None`` when there is nothing; and whether it is the end."""
        with self._lock:
            part = self._parts.popleft() if self._parts else None
            if isinstance(part, memoryview):
                if len(part) > size:
                    self._parts.appendleft(part[size:])
                    part = part[:size]
                self._taken_bytes += len(part)
            is_last = self._is_ended and not self._parts and not self._is_end_taken
            self._is_end_taken = self._is_end_taken or is_last
            return (bytes(part) or None if isinstance(part, memoryview) else part), is_last

    def freed(self) -> int:
        """How many bytes have been taken since the last time: so much more the sender may send."""
        with self._lock:
            freed, self._taken_bytes = self._taken_bytes, 0
            return freed


@dataclass(frozen=True)
class Failure:
    """Why a stream has no further answer.

    :ivar code: the code of the server's reset; ``None`` when the server is not there
    """

    code: int | None
    reason: str


class ForwardedStream(Stream):
    """A stream that is forwarded, in the table of the client's connection.

    :ivar request: what the client sends
    :ivar response: what the server answers
    :ivar failure: set by the server's side, after what it has put into ``response``
    :ivar upstream_number: the stream's number on the other connection; ``None`` before it has one
    :ivar response_has_ended: kept by the server's side: nothing else will come into ``response``
    """

    def __init__(self, stream: Stream, ask_upstream: Callable[[ForwardedStream], None]) -> None:
        super().__init__(stream.number, stream.method, stream.target, stream.headers)
        self.is_complete = stream.is_complete
        self.request = Lane()
        self.response = Lane()
        self.failure: Failure | None = None
        self.upstream_number: int | None = None
        self.response_has_ended = False
        self._ask_upstream = ask_upstream

    @property
    def has_more(self) -> bool:
        return super().has_more if self.is_refused else self.response.has_more

    def pass_on(self, part: Fields | bytes, *, ends: bool) -> None:
        """The client has sent something."""
        self.request.put(part, ends=ends)
        self._ask_upstream(self)

    def ask_upstream(self) -> None:
        """Have the server's side look at the stream soon."""
        self._ask_upstream(self)

    def lose(self) -> None:
        super().lose()
        self._ask_upstream(self)


def send_next(lane: Lane, h2: H2Connection, number: int) -> tuple[int, bool]:
    """Frame what comes next; how much that was, 0 when nothing can be sent now, and whether it was the end.

    :raises h2.exceptions.ProtocolError: when the stream does not allow it, or no longer
    """
    window = h2.local_flow_control_window(number) if lane.has_data else 0  # the first head has no stream yet
    part, is_last = lane.take(max(0, min(window, h2.max_outbound_frame_size)))  # it can be negative, too
    if isinstance(part, list):
        h2.send_headers(number, part, end_stream=is_last)
    elif part is not None or is_last:
        h2.send_data(number, part or b"", end_stream=is_last)
    else:
        return 0, False
    return len(part or ()) + 1, is_last


def open_window(h2: H2Connection, size: int, number: int | None = None) -> None:
    """Let the peer send ``size`` more bytes on a stream, or on the connection as a whole."""
    if size:
        h2.increment_flow_control_window(size, number)
