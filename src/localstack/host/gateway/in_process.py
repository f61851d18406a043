"""Calls of the platform's own AWS clients: through the gateway's chain, over no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rolo import Request, Response
from rolo.gateway import Gateway
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse


INTERNAL_PARAMETERS_KEY = "localstack.internal_parameters"
"""Where the environ of a request of our own has what its client sent along. A header would be anybody's."""

_HEADER = "x-localstack-data"


@dataclass(frozen=True)
class InProcessTransport:
    """Answers what a botocore client is about to send, on the client's own thread."""

    gateway: Gateway

    def __call__(self, prepared: AWSPreparedRequest) -> AWSResponse:
        from botocore.awsrequest import AWSResponse

        response = Response()
        self.gateway.process(request_of(prepared), response)
        try:
            body = b"" if prepared.method == "HEAD" else b"".join(response.iter_encoded())
        finally:
            response.close()
        return AWSResponse(prepared.url, response.status_code, dict(response.headers), _Body(body))


class _Body(BytesIO):
    """What botocore reads an answer from."""

    def stream(self, amt: int = 2**16, decode_content: bool | None = None) -> Iterator[bytes]:
        """The rest in pieces of at most ``amt`` bytes."""
        while chunk := self.read(amt):
            yield chunk


def request_of(prepared: AWSPreparedRequest) -> Request:
    """What the gateway's handlers get for what a client would send."""
    url = urlsplit(prepared.url)
    headers = Headers([(name, _text(value)) for name, value in prepared.headers.items()])
    headers.setdefault("Host", url.netloc)
    request = Request(
        prepared.method,
        unquote(url.path),
        headers=headers,
        body=_bytes(prepared.body),
        scheme=url.scheme,
        query_string=url.query,
        raw_path=url.path or "/",
        server=(url.hostname, url.port),
        remote_addr="127.0.0.1",
    )
    request.environ[INTERNAL_PARAMETERS_KEY] = json.loads(headers.get(_HEADER, "{}"))
    return request


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: Any) -> bytes:
    """The body, which may be a file, or None."""
    content = body.read() if hasattr(body, "read") else body
    return content.encode() if isinstance(content, str) else bytes(content or b"")
