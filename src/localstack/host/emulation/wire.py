"""The parts of an HTTP request that matter to AWS protocols: raw path, form, decoded body."""

from __future__ import annotations

import gzip
import re
import zlib
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from localstack.aws.api import CommonServiceException

if TYPE_CHECKING:
    from rolo import Request
    from werkzeug.datastructures import Headers

CBOR_TYPES = ("application/cbor", "application/x-amz-cbor-1.1", "application/x-amz-cbor-1.0")
_FORM_TYPE = "application/x-www-form-urlencoded"
_UPLOAD_TYPE = "multipart/form-data"


class Wire:
    """One request as it came, read on demand and only once. The request stays readable for everybody after us."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.method: str = request.method
        self.headers: Headers = request.headers

    @cached_property
    def path(self) -> str:
        """Path as it was sent, percent-encoded, e.g. ``"/bucket/a%2Fb"``."""
        return raw_path(self.request)

    @cached_property
    def host(self) -> str:
        return str(self.headers.get("Host") or self.request.host)

    @cached_property
    def content_type(self) -> str:
        return str(self.headers.get("Content-Type") or "").split(";")[0].strip().lower()

    @cached_property
    def query_string(self) -> str:
        return str(self.request.query_string.decode("latin-1"))

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Parameters of the query string, those without value as ``""``."""
        return _grouped(self.query_string)

    @cached_property
    def body(self) -> bytes:
        """The whole body; ungzipped, unless it may be an object for S3.

        :raises CommonServiceException: when it says that it is gzip and is not
        """
        data: bytes = self.request.get_data(cache=True)
        if not self.is_gzip or not data:
            return data
        try:
            return gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise CommonServiceException("SerializationException", f"the body is no gzip: {error}") from None

    @property
    def is_gzip(self) -> bool:
        """Whether the body is compressed by the transport; an object put to S3 may be gzip for its own reasons."""
        return str(self.headers.get("Content-Encoding", "")).strip().lower() == "gzip" and self.method == "POST"

    @property
    def is_form(self) -> bool:
        return self.method == "POST" and self.content_type == _FORM_TYPE

    @property
    def is_upload(self) -> bool:
        """Whether it is a form with a file, as browsers send it."""
        return self.method == "POST" and self.content_type == _UPLOAD_TYPE

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """Parameters of a form body, whatever its content type says."""
        return _grouped(self.body.decode("utf-8", "replace"))

    def take_form_for_query(self) -> None:
        """Read the request as the GET that it was before a client made a form of its long query."""
        self.method, self.query = "GET", self.form

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Query string and form body together, as the query protocol has them."""
        both = self.query | self.form if self.body else self.query
        return {name: values[0] for name, values in both.items()}

    @property
    def is_cbor(self) -> bool:
        return self.content_type in CBOR_TYPES


def raw_path(request: Request) -> str:
    """The path as it was sent. Unlike rolo's function it keeps ``;`` and ``#`` and understands ``//`` at the start."""
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or quote(request.path)
    path = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*", "", target).split("?", 1)[0]
    return path if path.startswith("/") else f"/{path}"


def _grouped(text: str) -> dict[str, list[str]]:
    if not text:
        return {}
    grouped: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        grouped.setdefault(name, []).append(value)
    return grouped
