"""HTTP/1.0 and 1.1 on one connection: keep-alive, pipelining, bodies kept small in memory, nothing ambiguous let in."""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from threading import get_ident
from typing import IO, Any

import httptools
from werkzeug.wrappers import Response

from localstack.host.gateway.front_door.connection import Connection, ConnectionLost
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.remembered import Remembered
from localstack.host.gateway.front_door.request import IS_HOST, HeaderList, ServedHeaders, ServedRequest, make_environ
from localstack.host.gateway.front_door.response import Head, body_of, chunks_of, has_no_body, make_head, simple
from localstack.host.gateway.front_door.service import Service
from localstack.host.gateway.front_door.upload import Upload
from localstack.host.pace import LEAVE_KEY

LOG = logging.getLogger(__name__)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_COPY_UP_TO = 16 * 1024
"""A head and a body together no larger than this are sent as one buffer; joining them costs less than a longer call."""


_ONLY_ONCE = frozenset({"host", "transfer-encoding"})


def _as_text(name: bytes) -> tuple[str, str]:
    text = name.decode("latin-1")
    return text, text.lower()


_NAMES = Remembered(_as_text, 1024)
"""Header names as text and in lower case: clients send the same few again and again."""


@dataclass(slots=True)
class _Message:
    """A complete request; ``index`` has the headers by their names in lower case."""

    method: str
    target: str
    version: str
    headers: HeaderList
    index: dict[str, str]
    body: IO[bytes] | None
    length: int
    keeps_alive: bool


class Http1:
    """The HTTP/1 session of a connection. httptools parses strictly; what it refuses is answered 400 and closed."""

    def __init__(self, connection: Connection, service: Service) -> None:
        self._connection = connection
        self._service = service
        self._limits = connection.loop.limits
        self._ready: deque[_Message] = deque()
        self._refusal: bytes | None = None
        self._upgrade: tuple[_Message, bytes] | None = None
        self._is_answering = False
        self._has_begun = False
        self._expects_continue = False
        self._headers: HeaderList = []
        self._index: dict[str, str] = {}
        self._upload: Upload | None = None
        self._stalled_bytes = 0
        self._turn: Turn | None = None
        self._thread = 0
        self._shared = service.connection_environ(connection) | {LEAVE_KEY: self._leave}
        self._parser = httptools.HttpRequestParser(self)
        self._start_message()

    # what the connection calls

    def receive(self, data: bytes, turn: Turn) -> None:
        if self._upload is not None and self._upload.is_spooled:
            self._connection.without_hurry(lambda: self._feed(data), turn)  # nobody else waits for the disk
        else:
            self._feed(data)
        if not self._is_answering:
            self.proceed(turn)

    def proceed(self, turn: Turn) -> None:
        """Answer the requests that are complete, one after the other, as long as the client takes the answers."""
        connection = self._connection
        crew = connection.loop.crew
        while self._ready and not connection.is_draining and not connection.is_closed:
            message = self._ready.popleft()
            if crew.is_saturated and not turn.lost:
                self._let_a_worker_answer(message)
                return
            self._answer(message, turn)
        if self._upgrade is None and self._refusal is None and not self._expects_continue:
            return
        connection.release()
        if connection.is_draining or connection.is_closed:
            return
        if self._upgrade is not None:
            self._become_websocket(turn)
        elif self._refusal is not None:
            connection.send([self._refusal], then_close=True, lingers=True)
        elif self._is_in_message and self._expects_continue and self._upload is None:
            self._expects_continue = False
            connection.send([_CONTINUE])

    def expire(self) -> None:
        if self._is_answering:
            return
        if self._is_in_message:
            late = simple(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time\n")
            self._connection.send([late], then_close=True, lingers=True)
        else:
            self._connection.close()

    def end(self) -> None:
        self._drop_ready()
        self._drop_body()

    # what the parser calls

    def on_message_begin(self) -> None:
        self._start_message()
        self._is_in_message = True
        self._connection.is_idle = False

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
        if self._index.setdefault(lower, content) is not content and lower in _ONLY_ONCE:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"a request has one {text} header")

    def on_headers_complete(self) -> None:
        self._headers_complete = True
        version = self._version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise _Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"HTTP/{version} is not spoken here")
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
            self._upload = Upload(self._service.spool_dir, self._limits.memory_body_bytes)
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
        message = _Message(
            parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            self._version,
            self._headers,
            self._index,
            body,
            length,
            parser.should_keep_alive(),
        )
        self._is_in_message = False
        self._stalled_bytes = 0
        self._ready.append(message)

    # from here on our own

    def _start_message(self) -> None:
        self._target = b""
        self._headers = []
        self._index = {}
        self._upload = None
        self._header_bytes = 0
        self._head_deadline: float | None = None
        self._headers_complete = False
        self._expects_continue = False
        self._is_in_message = False

    def _feed(self, data: bytes) -> None:
        self._stalled_bytes += len(data)
        if not self._is_in_message and not data.isascii():
            data = _quote_first_line(data)
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError as error:
            self._refuse_because_of(error)
        else:
            if self._stalled_bytes > 2 * self._limits.header_bytes:
                self._refuse_headers()  # one endless line of a head, a chunk or a trailer: the parser waits for its end
            if not self._ready:
                self._renew_deadline()

    def _renew_deadline(self) -> None:
        limits = self._limits
        if not self._is_in_message:
            self._connection.deadline = time.monotonic() + limits.idle_seconds
        elif self._headers_complete:
            self._connection.deadline = time.monotonic() + limits.idle_body_seconds
        else:
            if self._head_deadline is None:  # later bytes don't move it: a head may not trickle in for ever
                self._head_deadline = time.monotonic() + limits.header_seconds
            self._connection.deadline = self._head_deadline

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
            LOG.error("cannot keep the body of a request in %s: %s", self._service.spool_dir, cause.strerror)
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, "there is no room for the body")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, f"this is no valid HTTP request: {error}")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        """Answer with an error after the requests before it have been answered, and close."""
        self._refusal = simple(status, reason + "\n")
        self._is_in_message = False
        self._drop_body()

    def _refuse_headers(self) -> None:
        limit = self._limits.header_bytes
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"more than {limit} bytes of headers")

    def _drop_ready(self) -> None:
        """Forget the requests that will not be answered."""
        while self._ready:
            body = self._ready.popleft().body
            if body is not None:
                body.close()

    def _drop_body(self) -> None:
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
        message = self._ready[-1]
        if _is_websocket(message):
            self._ready.pop()
            self._upgrade = (message, rest)
            return b""
        self._parser = httptools.HttpRequestParser(self)
        if message.method == "CONNECT":
            message.keeps_alive = False  # what follows is for the other host
            return b""
        # An upgrade that is not offered, which Java's client tries with every request (h2c): the plain request that it
        # also is. httptools has passed over its body, so it reads that again, without the header.
        self._ready.pop()
        lines = [f"{message.method} {message.target} HTTP/{message.version}"]
        lines += [f"{name}: {value}" for name, value in message.headers if name.lower() != "upgrade"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + rest

    def _answer(self, message: _Message, turn: Turn) -> None:
        connection = self._connection
        crew = connection.loop.crew
        crew.begin(turn, connection)
        self._turn, self._thread = turn, get_ident()
        self._is_answering = True
        connection.deadline = None
        environ, path = make_environ(
            message.method,
            message.target,
            f"HTTP/{message.version}",
            message.headers,
            message.body,
            message.length,
            self._shared,
        )
        response = self._service.answer(
            ServedRequest(environ, ServedHeaders.around(message.headers, message.index), path)
        )
        self._has_begun = False
        held = b""
        try:
            held = self._write(message, environ, response, turn)
        except ConnectionLost:
            connection.close()
        except BaseException:  # a body that is iterated runs the code of an extension
            LOG.exception("the answer to %s %s failed", message.method, path)
            self._break_off()
        finally:
            self._service.finish(response)
            if message.body is not None:
                message.body.close()
            self._is_answering = False
            self._turn = None
        still_leads = crew.end(turn)
        if held:
            if still_leads and not self._ready:
                connection.hold(held)
            else:
                connection.send([held])
        if not connection.is_draining and not self._ready:
            connection.is_idle = not self._is_in_message
            self._renew_deadline()

    def _leave(self) -> None:
        """Called in a handler before something slow; without effect in another thread, or when the answer is there."""
        if self._turn is not None and self._thread == get_ident():
            self._connection.loop.crew.leave(self._turn, self._connection)

    def _break_off(self) -> None:
        """Say that the answer failed; once it has begun, only its missing end can say so."""
        if self._has_begun:
            self._connection.close()
        else:
            error = simple(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error\n")
            self._connection.send([error], then_close=True, lingers=True)

    def _write(self, message: _Message, environ: dict[str, Any], response: Response, turn: Turn) -> bytes:
        """Send the answer; a small one after which the connection stays open is returned instead."""
        connection = self._connection
        body = body_of(response)
        length = None if body is None else sum(map(len, body))
        head = make_head(response, environ, length, message.keeps_alive, message.version == "1.0")
        self._has_begun = True
        if head.closes:
            self._drop_ready()
        if has_no_body(response.status_code, message.method):
            body, length = [], 0
        if body is None or length is None:
            connection.loop.crew.leave(turn, connection)
            self._stream(head, response)
            return b""
        if length > _COPY_UP_TO:
            connection.send([head.data, *body], then_close=head.closes)
            return b""
        whole = b"".join((head.data, *body))
        if head.closes:
            connection.send([whole], then_close=True)
            return b""
        return whole

    def _stream(self, head: Head, response: Response) -> None:
        """Send a body piece by piece as it is produced, and no more of it than its head has promised."""
        connection = self._connection
        connection.send_all(head.data)
        missing = head.length
        for chunk in chunks_of(response, head.is_chunked):
            if missing is None:
                connection.send_all(chunk)
            else:
                connection.send_all(chunk[:missing])
                missing = max(0, missing - len(chunk))
        if head.closes or missing:
            connection.close()

    def _let_a_worker_answer(self, message: _Message) -> None:
        """All threads are busy: queue the request, or refuse it when too many wait already."""
        connection = self._connection
        connection.detach()
        connection.deadline = None
        self._ready.appendleft(message)
        if not connection.loop.crew.enqueue(self._answer_as_worker):
            self._drop_ready()
            connection.watch()
            busy = simple(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests are waiting\n", ("Retry-After", "1"))
            connection.send([busy], then_close=True, lingers=True)

    def _answer_as_worker(self) -> None:
        turn = Turn()
        turn.lost = True
        try:
            self.proceed(turn)
        except Exception:  # a mistake of ours costs one connection, not a thread
            LOG.exception("a connection failed")
            self._connection.close()
        self._connection.watch()

    def _become_websocket(self, turn: Turn) -> None:
        assert self._upgrade is not None
        message, rest = self._upgrade
        self._upgrade = None
        connection = self._connection
        connection.deadline = None
        crew = connection.loop.crew
        crew.leave(turn, connection)
        connection.detach()
        environ, _ = make_environ("WEBSOCKET", message.target, "HTTP/1.1", message.headers, None, 0, self._shared)
        with crew.apart():
            self._service.serve_websocket(connection, environ, message.headers, rest)
        connection.close()


class _TooLarge(Exception):
    """The headers are larger than allowed."""


class _Refused(Exception):
    """The head of a request is well formed, but its meaning is not certain."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def _is_websocket(message: _Message) -> bool:
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
