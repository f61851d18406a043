"""REST: members stand in the path, the query string, headers and the body."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from localstack.host.emulation.operations import Operation
from localstack.host.emulation.parsing.values import ABSENT, scalar, timestamp
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape

_HEADER_PART = re.compile(r'\s*(?:"(?P<quoted>(?:\\"|[^"])*)"|(?P<plain>[^,]*?))\s*(?:,|$)')


@dataclass(frozen=True)
class RestReader:
    """Reads the members of one request, wherever they stand."""

    operation: Operation
    wire: Wire

    def read(self, shape: StructureShape, read_body: Callable[[Shape, Wire], Any]) -> dict[str, Any]:
        """:param read_body: reads a structure from the whole body, as JSON or XML"""
        payload = shape.serialization.get("payload")
        body = read_body(shape, self.wire) if not payload and _has_body_members(shape) else {}

        layout, members = _layout(shape), shape.members
        in_headers = {layout.headers.get(name.lower()): None for name, _ in self.wire.headers}
        found: dict[str, Any] = {}
        for name in (*layout.elsewhere, *in_headers):
            if name is None:
                continue
            member = members[name]
            if name == payload:
                value = self._payload(member, read_body)
            elif location := member.serialization.get("location"):
                value = self._located(location, member.serialization.get("name", name), member)
            else:
                value = body.get(name)
            if value is not None and value is not ABSENT:
                found[name] = value
        for name in layout.required:
            found.setdefault(name, None)
        return found

    def _payload(self, shape: Shape, read_body: Callable[[Shape, Wire], Any]) -> Any:
        if shape.type_name == "blob":
            is_sent = self.wire.body or "Content-Length" in self.wire.headers
            return BytesIO(unchunked(self.wire)) if is_sent else ABSENT
        if not self.wire.body:
            return ABSENT
        if shape.type_name == "string":
            return self.wire.body.decode()
        return read_body(shape, self.wire)

    def _located(self, location: str, name: str, shape: Shape) -> Any:
        if location == "uri":
            value = self.operation.labels.get(name)
            return ABSENT if value is None else scalar(shape, value)
        if location == "querystring":
            return self._from_query(name, shape)
        if location == "header":
            value = self.wire.headers.get(name)
            return ABSENT if value is None else _from_header(shape, value)
        prefix = name.lower()
        found = {key[len(prefix) :]: value for key, value in self.wire.headers if key.lower().startswith(prefix)}
        return found or ABSENT

    def _from_query(self, name: str, shape: Shape) -> Any:
        query = self.wire.query
        if shape.type_name == "map":
            is_list = shape.value.type_name == "list"
            own = self._names_in_query()
            found = {key: values if is_list else values[0] for key, values in query.items() if key not in own}
            return found or ABSENT
        if name not in query:
            return ABSENT
        if shape.type_name == "list":
            return [scalar(shape.member, value) for value in query[name]]
        return scalar(shape, query[name][0])

    def _names_in_query(self) -> set[str]:
        """Names in the query string that are not for a map of all the others."""
        fixed = self.operation.model.http.get("requestUri", "").partition("?")[2]
        members = self.operation.model.input_shape.members.items()
        return {name for name, _ in parse_qsl(fixed, keep_blank_values=True)} | {
            member.serialization.get("name", name)
            for name, member in members
            if member.serialization.get("location") == "querystring" and member.type_name != "map"
        }


@lru_cache(maxsize=4096)
def _has_body_members(shape: StructureShape) -> bool:
    return any("location" not in member.serialization for member in shape.members.values())


@dataclass(frozen=True)
class _Layout:
    """Where the members of a REST operation's input are.

    :ivar headers: the member of each header that is one, by its name in lower case: of dozens a request has a few
    :ivar elsewhere: all other members
    """

    headers: Mapping[str, str]
    elsewhere: tuple[str, ...]
    required: tuple[str, ...]


@lru_cache(maxsize=4096)
def _layout(shape: StructureShape) -> _Layout:
    in_headers = {
        name: str(member.serialization.get("name", name)).lower()
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header"
    }
    elsewhere = tuple(name for name in shape.members if name not in in_headers)
    return _Layout({header: name for name, header in in_headers.items()}, elsewhere, tuple(shape.required_members))


def _from_header(shape: Shape, value: str) -> Any:
    if shape.type_name == "list":
        return [scalar(shape.member, part) for part in _header_parts(value)]
    if shape.serialization.get("jsonvalue"):
        return json.loads(base64.b64decode(value))
    if shape.name == "Expires":  # S3 keeps whatever stands there, and moto's model calls it a text
        with contextlib.suppress(ValueError):
            return timestamp(value)
    return scalar(shape, value)


def _header_parts(value: str) -> list[str]:
    """Items of a list in a header; those with a comma or a quote in them stand in quotes: ``a,"b,\\"c"``."""
    parts = (match for match in _HEADER_PART.finditer(value) if match[0])
    return [part["plain"] if part["quoted"] is None else part["quoted"].replace('\\"', '"') for part in parts]


def unchunked(wire: Wire) -> bytes:
    """The body without the framing of ``Content-Encoding: aws-chunked``: ``SIZE;chunk-signature=…\\r\\nDATA\\r\\n``…

    :raises ValueError: when a chunk is cut off
    """
    encodings = wire.headers.get("Content-Encoding", "").lower()
    is_signed = wire.headers.get("X-Amz-Content-Sha256", "").startswith("STREAMING-")
    if "aws-chunked" not in encodings and not is_signed:
        return wire.body
    stream, chunks = BytesIO(wire.body), []
    while size := int(stream.readline().split(b";")[0].strip() or b"0", 16):
        chunk = stream.read(size)
        if len(chunk) < size:
            raise ValueError(f"a chunk of {size} bytes ends after {len(chunk)}")
        chunks.append(chunk)
        stream.readline()
    return b"".join(chunks)
