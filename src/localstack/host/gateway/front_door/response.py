"""A ``werkzeug`` response as bytes for the wire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from localstack.host.gateway.front_door.remembered import Remembered, length_of_pair
from localstack.http import Response as JsonResponse

_DEFAULT_TYPE = ("Content-Type", "text/plain; charset=utf-8")
_CRLF = b"\r\n"
_HANDLED = {name: name for name in ("connection", "content-length", "date", "location", "transfer-encoding")}
_HANDLED["content-location"] = "location"
"""Headers that need a look; how a body is framed is the server's business, so ``Transfer-Encoding`` is dropped."""
_BODILESS = frozenset({204, 304})


class Head:
    """Status line and headers of one response, and how its body is framed.

    :ivar length: length in bytes that a handler has declared for a body which is iterated
    :ivar is_all: True for a status that never has a body
    """

    __slots__ = ("closes", "data", "is_all", "is_chunked", "length")

    def __init__(self, data: bytes, length: int | None, is_chunked: bool, closes: bool, is_all: bool) -> None:
        self.data = data
        self.length = length
        self.is_chunked = is_chunked
        self.closes = closes
        self.is_all = is_all


def empty_response() -> JsonResponse:
    """The response that the chain fills: 200, no body."""
    return JsonResponse.prepared([], [_DEFAULT_TYPE])


def body_of(response: Response) -> list[bytes] | None:
    """The body when it is in memory as bytes; ``None`` when it has to be iterated."""
    body = response.response
    if type(body) is list or type(body) is tuple:
        for part in body:
            if type(part) is not bytes:
                return list(response.iter_encoded())
        return body if type(body) is list else list(body)
    if isinstance(body, str):
        return [body.encode()]
    return [bytes(body)] if isinstance(body, bytes | bytearray) else None


def make_head(
    response: Response, environ: dict[str, Any], length: int | None, keeps_alive: bool, is_http10: bool
) -> Head:
    """The head of a response.

    :param length: length of the body in bytes; ``None`` when it is not known, which means chunks or, for HTTP/1.0, the
        end of the connection
    """
    status = response.status_code
    lines = [_status_line(response._status)]
    declared: int | None = None
    has_date = False
    for pair in response.headers._list:
        handled, line = _LINES[pair]
        if handled is None:
            lines.append(line)
        elif handled == "location":
            name = pair[0]
            lines.append(_LINES[name, response.get_wsgi_headers(environ)[name]][1])  # werkzeug makes it a legal URI
        elif handled == "content-length":
            # a length that a handler has set counts where we don't know better: HEAD, and bodies that are iterated
            counts = length is None or (length == 0 and environ["REQUEST_METHOD"] == "HEAD")
            value = pair[1]
            if counts and declared is None and status != 204 and value.isascii() and value.isdigit():
                declared = int(value)
                lines.append(line)
        elif handled == "connection":
            keeps_alive = keeps_alive and "close" not in pair[1].lower()
        elif handled == "date":
            has_date = True
            lines.append(line)
    if not has_date:
        lines.append(_date_line(int(time.time())))
    is_all, is_chunked = has_no_body(status), False
    if is_all or declared is not None:
        pass
    elif length is not None:
        lines.append(b"Content-Length: %d" % length)
    elif is_http10:
        keeps_alive = False  # the end of the connection is the end of the body
    else:
        is_chunked = True
        lines.append(b"Transfer-Encoding: chunked")
    if not keeps_alive:
        lines.append(b"Connection: close")
    elif is_http10:
        lines.append(b"Connection: keep-alive")
    lines += (b"", b"")
    return Head(_CRLF.join(lines), declared, is_chunked, not keeps_alive, is_all)


def chunks_of(response: Response, is_chunked: bool) -> Iterator[bytes]:
    """The body piece by piece as it is produced, framed as chunks where asked."""
    for part in response.iter_encoded():
        if part:
            yield b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part
    if is_chunked:
        yield b"0\r\n\r\n"


def has_no_body(status: int) -> bool:
    return status < 200 or status in _BODILESS


def simple(status: HTTPStatus, text: str = "", *headers: tuple[str, str]) -> bytes:
    """A complete response of the server itself; the connection closes after it."""
    body = text.encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _header_line(pair: tuple[str, str]) -> tuple[str | None, bytes]:
    """What has to be looked at in a header, and its line; without breaks, so that a value can't start another one."""
    name, value = pair
    return _HANDLED.get(name.lower()), f"{name}: {value}".encode("latin-1", "replace").translate(None, b"\r\n\0")


_LINES = Remembered(_header_line, 4096, length_of_pair)


@lru_cache(maxsize=256)
def _status_line(status: str) -> bytes:
    return b"HTTP/1.1 " + status.encode("latin-1", "replace").translate(None, b"\r\n")


@lru_cache(maxsize=2)
def _date_line(second: int) -> bytes:
    return b"Date: " + formatdate(second, usegmt=True).encode()
