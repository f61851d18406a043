"""The requests in the bytes of an HTTP/1 connection; nothing ambiguous is let in."""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO

import httptools

from localstack.host.gateway.front_door.loop import Limits
from localstack.host.gateway.front_door.message import Message, RepeatedHead
from localstack.host.gateway.front_door.remembered import Remembered
from localstack.host.gateway.front_door.request import IS_HOST, HeaderList, environ_of
from localstack.host.gateway.front_door.response import simple
from localstack.host.gateway.front_door.upload import Upload
from localstack.host.memory_budget import MemoryBudget

LOG = logging.getLogger(__name__)

_ONLY_ONCE = frozenset({"host", "transfer-encoding"})
_INLET_BYTES = 65536
"""From this many missing bytes on it is worth to have the socket write into the body."""


def _as_text(name: bytes) -> tuple[str, str]:
    text = name.decode("latin-1")
    return text, text.lower()


_NAMES = Remembered(_as_text, 1024)
"""Header names as text and in lower case: clients send the same few again and again."""


class MessageReader:
    """Reads requests, also several at once. httptools parses strictly; what it refuses is answered 400.

    :param spool_dir: folder for bodies that are too large for memory
    :param memory: what larger bodies may take of it together
    :ivar ready: the requests that are complete, to be taken out and answered in this order
    :ivar upgrade: the request after them, which asks for a WebSocket, and what has come behind it
    :ivar refusal: the answer to what came after them and is no request; then nothing else is read
    :ivar is_in_message: True between the first and the last byte of a request
    :ivar inlet: the rest of a body, when nothing else than it can follow and the socket may write right into it
    """

    def __init__(self, limits: Limits, spool_dir: Path, memory: MemoryBudget) -> None:
        self.ready: deque[Message] = deque()
        self.upgrade: tuple[Message, bytes] | None = None
        self.refusal: bytes | None = None
        self._limits = limits
        self._spool_dir = spool_dir
        self._memory = memory
        self._headers: HeaderList = []
        self._index: dict[str, str] = {}
        self._upload: Upload | None = None
        self.inlet: Upload | None = None
        self._head_deadline: float | None = None
        self._stalled_bytes = 0
        self._parser = httptools.HttpRequestParser(self)
        self._repeated: RepeatedHead | None = None
        self._start_message()

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after the socket has written into the inlet, none."""
        if self.inlet is not None:
            data = self._take_rest(self.inlet, data)
            if not data:
                return
        is_between = not self.is_in_message
        if is_between and self._repeated is not None:
            message = self._repeated.read(data)
            if message is not None:
                self.ready.append(message)
                return
        count = len(self.ready)
        self._parse_all(data)
        if is_between and len(self.ready) == count + 1 and not self.is_in_message and self.refusal is None:
            self._repeated = RepeatedHead.of(data, self.ready[-1])

    def _parse_all(self, data: bytes) -> None:
        self._stalled_bytes += len(data)
        if not self.is_in_message and not data.isascii():
            data = _quote_first_line(data)
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError as error:
            self._refuse_because_of(error)
        else:
            if self._stalled_bytes > 2 * self._limits.header_bytes:
                self._refuse_headers()  # one endless line of a head, a chunk or a trailer: the parser waits for its end
            elif self._upload is not None:
                self._open_inlet(self._upload)

    @property
    def waits_for_disk(self) -> bool:
        """True while a body goes into a file, so that to ``feed`` may take the time of a slow disk."""
        return self._upload is not None and self._upload.is_spooled

    @property
    def expects_continue(self) -> bool:
        """True when the client waits to be told that it may send the body."""
        return self._expects_continue and self.is_in_message and self._upload is None

    def note_continue(self) -> None:
        """The client has been told."""
        self._expects_continue = False

    def deadline(self) -> float:
        """When the client must have sent what is missing, on the clock of ``time.monotonic``."""
        limits = self._limits
        if not self.is_in_message:
            return time.monotonic() + limits.idle_seconds
        if self._headers_complete:
            return time.monotonic() + limits.idle_body_seconds
        if self._head_deadline is None:  # later bytes don't move it: a head may not trickle in for ever
            self._head_deadline = time.monotonic() + limits.header_seconds
        return self._head_deadline

    def drop_ready(self) -> None:
        """Forget the requests that will not be answered."""
        while self.ready:
            body = self.ready.popleft().body
            if body is not None:
                body.close()

    def drop(self) -> None:
        """Forget everything."""
        self.drop_ready()
        self._drop_body()

    # what the parser calls

    def on_message_begin(self) -> None:
        self._start_message()
        self.is_in_message = True

    def on_url(self, part: bytes) -> None:
        self._target += part
        self._check_size(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._limits.header_bytes:
            raise _TooLarge
        if self._headers_complete:
            return  # a trailer is not trusted to be a header
        text, lower = _NAMES[name]
        content = value.decode("latin-1").rstrip(" \t")
        self._headers.append((text, content))
        if lower not in self._index:
            self._index[lower] = content
        elif lower in _ONLY_ONCE:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"a request has one {text} header")

    def on_headers_complete(self) -> None:
        self._headers_complete = True
        version = self._version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise _Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"HTTP/{version} is not spoken here")
        if not self._target.startswith(b"/"):
            self._take_host_of_target()
        index = self._index
        if "host" not in index:
            if version == "1.1":
                raise _Refused(HTTPStatus.BAD_REQUEST, "a request has one Host header")
        elif not IS_HOST[index["host"]]:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the Host header has no valid host")
        if "transfer-encoding" in index:
            _check_coding(index["transfer-encoding"], version)
        self._expects_continue = version == "1.1" and index.get("expect", "").lower() == "100-continue"

    def on_body(self, part: bytes) -> None:
        self._stalled_bytes = 0
        if self._upload is None:
            self._upload = Upload(self._spool_dir, self._limits.memory_body_bytes, self._memory)
        self._upload.add(part)

    def on_message_complete(self) -> None:
        parser = self._parser
        body: IO[bytes] | None = None
        length = 0
        if self._upload is not None:
            body, length = self._upload.whole(), self._upload.length
            self._upload = None
        elif "content-length" in self._index or "transfer-encoding" in self._index:
            body = BytesIO()
        message = Message(
            parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            self._version,
            self._headers,
            self._index,
            environ_of(self._headers),
            body,
            length,
            parser.should_keep_alive(),
        )
        self.is_in_message = False
        self._stalled_bytes = 0
        self.ready.append(message)

    # from here on our own

    def _expected_length(self) -> int:
        return int(self._index.get("content-length", 0))

    def _open_inlet(self, upload: Upload) -> None:
        """Read the rest of a large body past the parser: there is nothing to look for, and it would copy all twice."""
        missing = self._expected_length() - upload.length
        if missing >= _INLET_BYTES and "upgrade" not in self._index and upload.expect(upload.length + missing):
            self.inlet = upload

    def _take_rest(self, inlet: Upload, data: bytes) -> bytes:
        """What of ``data`` comes after the body."""
        expected = self._expected_length()
        rest = data[expected - inlet.length :]
        inlet.add(data[: len(data) - len(rest)])
        if inlet.length == expected:
            self.inlet = None
            self.on_message_complete()
            self._parser = httptools.HttpRequestParser(self)
        return rest

    def _start_message(self) -> None:
        self._target = b""
        self._headers = []
        self._index = {}
        self._upload = None
        self._header_bytes = 0
        self._head_deadline = None
        self._headers_complete = False
        self._expects_continue = False
        self.is_in_message = False
        self.inlet = None

    def _take_host_of_target(self) -> None:
        """Of an absolute-form target the host counts, whatever ``Host`` says: RFC 9112, section 3.2.2."""
        scheme, separator, rest = self._target.decode("latin-1").partition("://")
        if separator and scheme.isalnum():
            host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
            if not host:
                raise _Refused(HTTPStatus.BAD_REQUEST, "the target has no host")
            self._index["host"] = host
            self._headers = [pair for pair in self._headers if pair[0].lower() != "host"] + [("Host", host)]

    def _check_size(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self._limits.header_bytes:
            raise _TooLarge

    def _refuse_because_of(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__  # what one of our callbacks raised
        if isinstance(cause, _TooLarge):
            self._refuse_headers()
        elif isinstance(cause, _Refused):
            self._refuse(cause.status, cause.reason)
        elif isinstance(cause, OSError):
            LOG.error("cannot keep the body of a request in %s: %s", self._spool_dir, cause.strerror)
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, "there is no room for the body")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, f"this is no valid HTTP request: {error}")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer with an error after the requests before it have been answered, and close."""
        self.refusal = simple(status, reason + "\n")
        self.is_in_message = False
        self._drop_body()

    def _refuse_headers(self) -> None:
        limit = self._limits.header_bytes
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {limit} bytes of headers")

    def _drop_body(self) -> None:
        self.inlet = None
        if self._upload is not None:
            self._upload.drop()
            self._upload = None

    def _parse(self, data: bytes) -> bytes:
        """Read requests; what has to be read once more."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._note_upgrade(data[upgrade.args[0] :])
        return b""

    def _note_upgrade(self, rest: bytes) -> bytes:
        message = self.ready[-1]
        if _is_websocket(message):
            self.ready.pop()
            self.upgrade = (message, rest)
            return b""
        self._parser = httptools.HttpRequestParser(self)
        if message.method == "CONNECT":
            message.keeps_alive = False  # what follows is for the other host
            return b""
        # An upgrade that is not offered, which Java's client tries with every request (h2c): the plain request that it
        # also is. httptools has passed over its body, so it reads that again, without the header.
        self.ready.pop()
        lines = [f"{message.method} {message.target} HTTP/{message.version}"]
        lines += [f"{name}: {value}" for name, value in message.headers if name.lower() != "upgrade"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + rest


class _TooLarge(Exception):
    """The headers are larger than allowed."""


class _Refused(Exception):
    """The head of a request is well formed, but its meaning is not certain."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def _is_websocket(message: Message) -> bool:
    """True for an upgrade to WebSocket as RFC 6455 §4.1 has it: a GET of HTTP/1.1, without a body."""
    if message.method != "GET" or message.version != "1.1":
        return False
    headers = {name.lower(): value.lower() for name, value in message.headers}
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return headers.get("upgrade") == "websocket" and not has_body


def _quote_first_line(data: bytes) -> bytes:
    """Quote what curl and others leave as it is in a target, and httptools refuses: UTF-8.

    >>> _quote_first_line(b"GET /\xc3\xa9 HTTP/1.1\\r\\n")
    b'GET /%C3%A9 HTTP/1.1\\r\\n'
    """
    line, end, rest = data.partition(b"\r\n")
    return re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], line) + end + rest


def _check_coding(value: str, version: str) -> None:
    """Only plain chunks are let in: who reads anything else otherwise disagrees about where the request ends.

    :raises _Refused: for another coding, and for HTTP/1.0, which has none
    """
    if version == "1.0":
        raise _Refused(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
    if value.lower() != "chunked":
        raise _Refused(HTTPStatus.NOT_IMPLEMENTED, f"the transfer coding {value!r} is not known")
