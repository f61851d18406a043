"""Header fields of HTTP/2: a request's as they come, an answer's as they go."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from h2.events import RequestReceived
from werkzeug.wrappers import Response

from localstack.host.gateway.front_door.remembered import Remembered, length_of_pair
from localstack.host.gateway.front_door.request import IS_HOST, HeaderList
from localstack.host.gateway.front_door.stream import Fields, Stream

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_IN_TARGET = re.compile(r"[\x00-\x20\x7f]")
_NOT_ON_HTTP2 = frozenset(
    {"connection", "http2-settings", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}
)


def read_request(event: RequestReceived) -> tuple[Stream, int]:
    """The stream that a request begins, and the size of its headers as the protocol counts it."""
    pseudo: dict[bytes, str] = {}
    headers: HeaderList = []
    size = 0
    for name, value in event.headers:
        size += len(name) + len(value) + 32
        if name.startswith(b":"):
            pseudo[name] = value.decode("latin-1")
        else:
            headers.append((name.decode("latin-1"), value.decode("latin-1")))
    if b":authority" in pseudo:  # h2 has checked that a Host beside it says the same
        headers = [("host", pseudo[b":authority"]), *(pair for pair in headers if pair[0] != "host")]
    return Stream(event.stream_id, pseudo[b":method"], pseudo.get(b":path", ""), headers), size


def is_valid(stream: Stream) -> bool:
    target = stream.target
    is_path = target.startswith("/") or (target == "*" and stream.method == "OPTIONS")
    has_valid_host = all(IS_HOST[value] for name, value in stream.headers if name == "host")
    lengths = [value for name, value in stream.headers if name == "content-length"]
    has_valid_length = not lengths or (len(lengths) == 1 and (not stream.is_complete or lengths == ["0"]))
    return (
        has_valid_host
        and has_valid_length
        and is_path
        and not _BAD_IN_TARGET.search(target)
        and bool(_TOKEN.fullmatch(stream.method))
    )


def simple_answer(status: HTTPStatus, text: str, *fields: tuple[bytes, bytes]) -> tuple[Fields, list[bytes]]:
    """Head and body of an answer of the server itself."""
    body = f"{text}\n".encode()
    head = [
        (b":status", b"%d" % status),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        *fields,
    ]
    return head, [body]


def answer_fields(response: Response, environ: dict[str, Any], length: int | None) -> Fields:
    """The head of a response as header fields of HTTP/2: lower case, and nothing about the connection.

    :param length: length of the body in bytes; ``None`` when it is not known
    """
    headers = response.headers
    if "location" in headers or "content-location" in headers:
        headers = response.get_wsgi_headers(environ)  # werkzeug makes them legal URIs
    status = response.status_code
    fields = [(b":status", b"%d" % status)]
    # a length that a handler has set counts where we don't know better: HEAD, and bodies that are iterated
    keeps_length = length is None or (length == 0 and environ["REQUEST_METHOD"] == "HEAD")
    for name, value in headers:
        field = _FIELDS[name.lower(), value]
        if field is not None and (keeps_length or field[0] != b"content-length"):
            fields.append(field)
    if length is not None and not any(name == b"content-length" for name, _ in fields) and status not in (204, 304):
        fields.append((b"content-length", b"%d" % length))
    if "date" not in headers:
        fields.append((b"date", _date(int(time.time()))))
    return fields


def _field(pair: tuple[str, str]) -> tuple[bytes, bytes] | None:
    """One header field; ``None`` for what HTTP/2 does not allow."""
    name, value = pair
    if name in _NOT_ON_HTTP2 or not _TOKEN.fullmatch(name):
        return None
    return name.encode(), value.encode("latin-1", "replace").translate(None, b"\r\n\0").strip(b" \t")


_FIELDS = Remembered(_field, 4096, length_of_pair)


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()
