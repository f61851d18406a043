"""One request and its answer on an HTTP/2 connection: what the leader and a worker hand each other about it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from localstack.host.gateway.front_door.request import HeaderList
from localstack.host.gateway.front_door.upload import Upload

Fields = list[tuple[bytes, bytes]]
"""Header fields as they go on the wire: ``[(b":status", b"200"), (b"content-type", b"text/plain")]``."""

_OUTGOING_BYTES = 256 * 1024
"""How much of an answer waits for the client before its producer has to wait."""


class StreamLost(Exception):
    """The client does not want the answer any more, or can't be reached."""


class Stream:
    """The leader fills in the request, one worker answers, and the leader takes the parts as they can be sent.

    The leader alone uses ``deadline``, ``is_complete``, ``is_queued`` and ``is_refused``.

    :ivar upload: the body; ``None`` for a request that ended with its headers
    :ivar deadline: when the client must have gone on; ``None`` while it is not the client's turn
    :ivar is_complete: the whole request has come
    :ivar is_queued: waits among those that have something to send
    :ivar is_refused: the answer is there already, the rest of the request does not matter
    """

    def __init__(self, number: int, method: str, target: str, headers: HeaderList) -> None:
        self.number = number
        self.method = method
        self.target = target
        self.headers = headers
        self.upload: Upload | None = None
        self.deadline: float | None = None
        self.is_complete = False
        self.is_queued = False
        self.is_refused = False
        self._changed = threading.Condition()
        self._head: Fields | None = None
        self._has_begun = False
        self._outgoing: deque[memoryview] = deque()
        self._outgoing_bytes = 0
        self._is_finished = False
        self._has_failed = False
        self._is_lost = False

    @property
    def has_begun(self) -> bool:
        """True when there is an answer, or its beginning."""
        return self._has_begun

    @property
    def is_lost(self) -> bool:
        """True when nobody waits for the answer."""
        return self._is_lost

    @property
    def has_failed(self) -> bool:
        """True when the answer breaks off after what has been taken; the client must not take it for whole."""
        return self._has_failed and not self.has_more

    # what the worker calls

    def respond(self, head: Fields, body: Iterable[bytes] = (), *, is_whole: bool = True) -> None:
        """Begin the answer; with its whole body, or with what is there of it."""
        with self._changed:
            self._head = head
            self._has_begun = True
            for part in body:
                self._append(part)
            self._is_finished = is_whole

    def put(self, part: bytes) -> None:
        """Go on with the body; waits while the client is behind.

        :raises StreamLost: when there is no point in going on
        """
        with self._changed:
            while self._outgoing_bytes > _OUTGOING_BYTES and not self._is_lost:
                self._changed.wait()
            if self._is_lost:
                raise StreamLost
            self._append(part)

    def finish(self) -> None:
        """The body is complete."""
        with self._changed:
            self._is_finished = True

    def fail(self) -> None:
        """The body ends here, but is not complete."""
        with self._changed:
            self._has_failed = True

    # what the leader calls

    def take_head(self) -> Fields | None:
        """The answer's head, once."""
        head, self._head = self._head, None
        return head

    def take(self, size: int) -> tuple[bytes, bool]:
        """Up to ``size`` bytes of the body, and whether nothing comes after them."""
        taken: list[memoryview] = []
        with self._changed:
            while self._outgoing and size > 0:
                part = self._outgoing.popleft()
                if len(part) > size:
                    self._outgoing.appendleft(part[size:])
                    part = part[:size]
                size -= len(part)
                self._outgoing_bytes -= len(part)
                taken.append(part)
            self._changed.notify_all()
            return b"".join(taken), self._is_finished and not self._outgoing

    @property
    def has_more(self) -> bool:
        """True while something waits to be taken."""
        return bool(self._outgoing) or self._head is not None

    def lose(self) -> None:
        """The client has reset the stream or is gone: nothing else is put. May be called from any thread."""
        with self._changed:
            self._is_lost = True
            self._outgoing.clear()
            self._changed.notify_all()

    def _append(self, part: bytes) -> None:
        if part:
            self._outgoing.append(memoryview(part))
            self._outgoing_bytes += len(part)
