"""Parse the parameters of a request into the API's own member names, by botocore's models.

    SendMessage  {"QueueUrl": "http://…", "MessageBody": "hi", "MessageAttributes": {"a": {"DataType": "String", …}}}
    PutObject    {"Bucket": "b", "Key": "k", "Body": <BytesIO>, "Metadata": {"a": "b"}}

Only what was sent is in it, and ``None`` for required members that were not. Numbers, booleans, timestamps (aware
``datetime``) and blobs (``bytes``) are converted; the body of a streaming operation is a readable ``BytesIO``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from localstack.aws.api import CommonServiceException
from localstack.host.emulation import cbor
from localstack.host.emulation.operations import Operation
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape

_ABSENT = object()
_HEADER_PART = re.compile(r'\s*(?:"(?P<quoted>(?:\\"|[^"])*)"|(?P<plain>[^,]*?))\s*(?:,|$)')
_CODES = {"query": "MalformedInput", "ec2": "MalformedInput", "rest-xml": "MalformedXML"}


def parse(operation: Operation, protocol: str, wire: Wire) -> dict[str, Any]:
    """Parse the parameters of one request.

    :raises CommonServiceException: 400, when the request can't be read as its model says
    """
    shape = operation.model.input_shape
    if shape is None:
        return {}
    try:
        return _parse(shape, operation, protocol, wire)
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        OverflowError,
        binascii.Error,
        ElementTree.ParseError,
    ) as error:
        code = _CODES.get(protocol, "SerializationException")
        message = f"The parameters of {operation.model.name} can't be read: {error}"
        raise CommonServiceException(code, message, 400, sender_fault=True) from None


def _parse(shape: StructureShape, operation: Operation, protocol: str, wire: Wire) -> dict[str, Any]:
    if protocol in ("query", "ec2"):
        return _QueryReader(is_ec2=protocol == "ec2").structure(shape, _Node.of(wire.parameters))
    if protocol == "rest-json":
        return _RestReader(operation, wire).read(shape, _read_json_body)
    if protocol == "rest-xml":
        return _RestReader(operation, wire).read(shape, _read_xml_body)
    parameters: dict[str, Any] = _read_json_body(shape, wire)
    return parameters


def _structure(shape: StructureShape, read: Callable[[str, Shape], Any]) -> dict[str, Any]:
    """The members that ``read`` finds, and ``None`` for the required ones that it does not."""
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        value = read(name, member)
        if value is not _ABSENT:
            found[name] = value
        elif name in shape.required_members:
            found[name] = None
    return found


def _scalar(shape: Shape, text: str) -> Any:
    """The value of a text, as query strings, headers, labels and XML have it."""
    match shape.type_name:
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case "boolean":
            return text.strip().lower() == "true"
        case "timestamp":
            return _timestamp(text)
        case "blob":
            return _unbase64(text)
        case _:
            return text


def _unbase64(text: str) -> bytes:
    """The bytes; some clients break the text into lines, anything else that is no base 64 raises ``ValueError``."""
    return base64.b64decode("".join(text.split()), validate=True)


def _timestamp(value: Any) -> datetime:
    """An aware datetime from seconds since 1970, ISO 8601 or the format of HTTP."""
    from botocore.utils import parse_timestamp

    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)
    parsed: datetime = parse_timestamp(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


# JSON and CBOR: the same structure; CBOR's blobs, timestamps and numbers are already what they should be


def _read_json_body(shape: Shape, wire: Wire) -> Any:
    if not wire.body:
        return _read_json(shape, {})
    if not wire.is_cbor:
        return _read_json(shape, json.loads(wire.body))
    is_rpc = "Smithy-Protocol" in wire.headers
    return _read_json(shape, cbor.decode(wire.body, in_milliseconds=not is_rpc))


def _read_json(shape: Shape, value: Any) -> Any:
    match shape.type_name:
        case "string":
            return value
        case "structure" if not shape.is_document_type:
            return _read_json_structure(shape, value)
        case "list":
            return [_read_json(shape.member, item) for item in value]
        case "map":
            return {key: _read_json(shape.value, item) for key, item in value.items()}
        case "blob":
            return value if isinstance(value, bytes) else _unbase64(value)
        case "timestamp":
            return _timestamp(value)
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case _:
            return value


def _read_json_structure(shape: StructureShape, value: Any) -> dict[str, Any]:
    members, found = _json_members(shape), dict[str, Any]()
    for key, item in value.items():
        if item is not None and key in members:
            name, member = members[key]
            found[name] = _read_json(member, item)
    for name in shape.required_members:
        found.setdefault(name, None)
    return found


@lru_cache(maxsize=16_384)
def _json_members(shape: StructureShape) -> dict[str, tuple[str, Shape]]:
    """Name and shape of the members by the name that they have in JSON."""
    return {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}


# XML


def _read_xml_body(shape: Shape, wire: Wire) -> Any:
    return _read_xml(shape, ElementTree.fromstring(wire.body)) if wire.body.strip() else _read_json(shape, {})


def _read_xml(shape: Shape, node: ElementTree.Element) -> Any:
    match shape.type_name:
        case "structure":
            return _structure(shape, lambda name, member: _read_xml_member(name, member, node))
        case "list":
            return [_read_xml(shape.member, child) for child in node]
        case "map":
            return _read_xml_map(shape, list(node))
        case _:
            return _scalar(shape, node.text or "")


def _read_xml_member(name: str, member: Shape, node: ElementTree.Element) -> Any:
    tag = member.serialization.get("name", name)
    if member.serialization.get("xmlAttribute"):
        values = [value for key, value in node.attrib.items() if _local(key) == tag.rpartition(":")[2]]
        return _scalar(member, values[0]) if values else _ABSENT
    children = [child for child in node if _local(child.tag) == tag]
    if not children:
        return _ABSENT
    if not member.serialization.get("flattened"):
        return _read_xml(member, children[0])
    if member.type_name == "map":
        return _read_xml_map(member, children)
    return [_read_xml(member.member, child) for child in children]


def _read_xml_map(shape: Shape, entries: list[ElementTree.Element]) -> dict[str, Any]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    found: dict[str, Any] = {}
    for entry in entries:
        parts = {_local(child.tag): child for child in entry}
        found[parts[key_name].text or ""] = _read_xml(shape.value, parts[value_name])
    return found


def _local(tag: str) -> str:
    """``{http://s3.amazonaws.com/doc/2006-03-01/}Key`` → ``Key``."""
    return tag.rpartition("}")[2]


# Query and EC2


@dataclass
class _Node:
    """Parameters as a tree: ``Tags.member.1.Key=a`` is the value ``a`` at ``Tags`` / ``member`` / ``1`` / ``Key``."""

    value: str | None = None
    children: dict[str, _Node] = field(default_factory=dict)

    @classmethod
    def of(cls, parameters: dict[str, str]) -> _Node:
        root = cls()
        for name, value in parameters.items():
            node = root
            for part in name.split("."):
                node = node.children.setdefault(part, cls())
            node.value = value
        return root

    def numbered(self) -> list[_Node]:
        """Children ``1``, ``2``, … in the order of their numbers."""
        numbers = sorted((int(name), child) for name, child in self.children.items() if name.isdecimal())
        return [child for _, child in numbers]

    def __lt__(self, other: _Node) -> bool:
        return False  # equal numbers ("1" and "01") keep the order in which they were sent


@dataclass(frozen=True)
class _QueryReader:
    is_ec2: bool

    def structure(self, shape: StructureShape, node: _Node) -> dict[str, Any]:
        return _structure(shape, lambda name, member: self._member(name, member, node))

    def _member(self, name: str, member: Shape, node: _Node) -> Any:
        child = node.children.get(self._parameter(name, member))
        return _ABSENT if child is None else self._read(member, child)

    def _parameter(self, name: str, member: Shape) -> str:
        """Name of a member's parameter; a flattened list goes by the name of its items."""
        if not self.is_ec2 and member.type_name == "list" and member.serialization.get("flattened"):
            return self._name(member.member, self._name(member, name))
        return self._name(member, name)

    def _name(self, shape: Shape, default: str) -> str:
        names = shape.serialization
        if self.is_ec2:
            location = names.get("name", default)
            return str(names.get("queryName") or location[:1].upper() + location[1:])
        return str(names.get("locationNameForQueryCompatibility") or names.get("name", default))

    def _read(self, shape: Shape, node: _Node) -> Any:
        match shape.type_name:
            case "structure":
                return self.structure(shape, node)
            case "list":
                return [self._read(shape.member, item) for item in self._items(shape, node)]
            case "map":
                return self._map(shape, node)
            case _:
                return _scalar(shape, node.value or "")

    def _items(self, shape: Shape, node: _Node) -> list[_Node]:
        if self.is_ec2 or shape.serialization.get("flattened"):
            return node.numbered()
        return node.children.get(self._name(shape.member, "member"), _Node()).numbered()

    def _map(self, shape: Shape, node: _Node) -> dict[str, Any]:
        entries = node if shape.serialization.get("flattened") else node.children.get("entry", _Node())
        key, value = self._name(shape.key, "key"), self._name(shape.value, "value")
        return {
            entry.children[key].value or "": self._read(shape.value, entry.children.get(value, _Node("")))
            for entry in entries.numbered()
        }


# REST: members stand in the path, the query string, headers and the body


@dataclass(frozen=True)
class _RestReader:
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
            if value is not None and value is not _ABSENT:
                found[name] = value
        for name in layout.required:
            found.setdefault(name, None)
        return found

    def _payload(self, shape: Shape, read_body: Callable[[Shape, Wire], Any]) -> Any:
        if shape.type_name == "blob":
            is_sent = self.wire.body or "Content-Length" in self.wire.headers
            return BytesIO(unchunked(self.wire)) if is_sent else _ABSENT
        if not self.wire.body:
            return _ABSENT
        if shape.type_name == "string":
            return self.wire.body.decode()
        return read_body(shape, self.wire)

    def _located(self, location: str, name: str, shape: Shape) -> Any:
        if location == "uri":
            value = self.operation.labels.get(name)
            return _ABSENT if value is None else _scalar(shape, value)
        if location == "querystring":
            return self._from_query(name, shape)
        if location == "header":
            value = self.wire.headers.get(name)
            return _ABSENT if value is None else _from_header(shape, value)
        prefix = name.lower()
        found = {key[len(prefix) :]: value for key, value in self.wire.headers if key.lower().startswith(prefix)}
        return found or _ABSENT

    def _from_query(self, name: str, shape: Shape) -> Any:
        query = self.wire.query
        if shape.type_name == "map":
            is_list = shape.value.type_name == "list"
            own = self._names_in_query()
            found = {key: values if is_list else values[0] for key, values in query.items() if key not in own}
            return found or _ABSENT
        if name not in query:
            return _ABSENT
        if shape.type_name == "list":
            return [_scalar(shape.member, value) for value in query[name]]
        return _scalar(shape, query[name][0])

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
        return [_scalar(shape.member, part) for part in _header_parts(value)]
    if shape.serialization.get("jsonvalue"):
        return json.loads(base64.b64decode(value))
    if shape.name == "Expires":  # S3 keeps whatever stands there, and moto's model calls it a text
        with contextlib.suppress(ValueError):
            return _timestamp(value)
    return _scalar(shape, value)


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
