"""Write an answer, given in the API's own member names, in the protocol of its service: the server side of botocore.

    {"QueueUrl": "http://…"}   json         {"QueueUrl": "http://…"}
                               query        <GetQueueUrlResponse><GetQueueUrlResult><QueueUrl>http://…

Members that the model does not have are left away, as are members that are ``None``.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.http import http_date

from localstack.host.emulation import cbor
from localstack.host.emulation.xml_text import elements, text

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape, StructureShape

RPC_V2_CBOR = "smithy-rpc-v2-cbor"
JSON_IN_CBOR = "json-in-cbor"
"""What Kinesis speaks with older SDKs: the members of ``json``, written in CBOR; botocore has no name for it."""

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class Written:
    """An answer as it goes over the wire.

    :ivar body: None when the member that is the body was not given, so that another body may stay
    :ivar is_status_given: whether the status is a member's value, else it is the model's
    """

    status: int
    headers: dict[str, str]
    body: bytes | None
    is_status_given: bool = False


def serialise(parsed: dict[str, Any], operation: OperationModel, protocol: str, request_id: str) -> Written:
    """Write the answer of an operation.

    :param protocol: one of botocore's, or ``JSON_IN_CBOR``
    :raises ValueError: for values that are not of the type that the model says; also TypeError and AttributeError
    """
    shape = operation.output_shape
    if protocol in ("rest-json", "rest-xml"):
        return _rest(parsed, operation, protocol)
    if protocol in ("query", "ec2"):
        body = _query(parsed, operation, protocol == "ec2", request_id)
        return Written(200, {"Content-Type": "text/xml"}, body.encode())
    tree = {} if shape is None else _tree(shape, parsed, in_cbor=protocol != "json")
    version = operation.service_model.metadata.get("jsonVersion", "1.0")
    if protocol == "json":
        return Written(200, {"Content-Type": f"application/x-amz-json-{version}"}, _dump(tree))
    if protocol == JSON_IN_CBOR:
        content_type = f"application/x-amz-cbor-{version}"
        return Written(200, {"Content-Type": content_type}, cbor.encode(tree, in_milliseconds=True))
    headers = {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    return Written(200, headers, cbor.encode(tree))


# JSON and CBOR: the same tree; CBOR takes blobs, times and odd numbers as they are


def _dump(tree: Any) -> bytes:
    return json.dumps(tree, separators=(",", ":")).encode()


def _tree(shape: Shape, value: Any, *, in_cbor: bool = False) -> Any:
    match shape.type_name:
        case "structure" if not shape.is_document_type:
            return {
                member.serialization.get("name", name): _tree(member, item, in_cbor=in_cbor)
                for name, member, item in _members(shape, value)
            }
        case "list":
            return [_tree(shape.member, item, in_cbor=in_cbor) for item in value]
        case "map":
            return {str(key): _tree(shape.value, item, in_cbor=in_cbor) for key, item in value.items()}
        case "blob":
            return _bytes(value) if in_cbor else _base64(value)
        case "timestamp":
            return _datetime(value) if in_cbor else _time(shape, value, "unixtimestamp")
        case "float" | "double":
            return float(value) if in_cbor or math.isfinite(float(value)) else _number(value)
        case "integer" | "long":
            return int(value)
        case "boolean":
            return bool(value)
        case "string" if not shape.serialization.get("jsonvalue"):
            return str(value)
        case _:
            return value


def _members(shape: StructureShape, values: Any) -> Iterator[tuple[str, Shape, Any]]:
    """Name, shape and value of the members that are there."""
    for name, member in shape.members.items():
        value = values.get(name)
        if value is not None:
            yield name, member, value


# REST: members stand in the status, headers and the body


def _rest(parsed: dict[str, Any], operation: OperationModel, protocol: str) -> Written:
    status, headers = int(operation.http.get("responseCode", 200)), dict[str, str]()
    is_status_given = False
    shape = operation.output_shape
    if shape is None:
        return Written(status, headers, b"")
    for name, member, value in _members(shape, parsed):
        location = member.serialization.get("location")
        if location == "statusCode":
            status, is_status_given = int(value), True
        elif location == "header":
            headers[member.serialization.get("name", name)] = _header(member, value)
        elif location == "headers":
            headers.update({f"{member.serialization.get('name', '')}{key}": str(item) for key, item in value.items()})
    content_type, body = _rest_body(shape, parsed, operation, protocol)
    if content_type:
        headers.setdefault("Content-Type", content_type)
    return Written(status, headers, body, is_status_given)


def _rest_body(
    shape: StructureShape, parsed: dict[str, Any], operation: OperationModel, protocol: str
) -> tuple[str, bytes | None]:
    """Content type and body: the payload member if there is one, else what is in no other place."""
    payload = shape.serialization.get("payload")
    if payload is not None:
        value, member = parsed.get(payload), shape.members[payload]
        if value is None:
            return "", None
        if member.type_name in ("blob", "string"):
            return "", value.read() if hasattr(value, "read") else _bytes(value)
        root = member.serialization.get("name", payload)
        return _rest_document(member, value, root, operation, protocol)
    if not any("location" not in member.serialization for member in shape.members.values()):
        return "", b""
    return _rest_document(shape, parsed, f"{operation.name}Response", operation, protocol)


def _rest_document(shape: Shape, value: Any, root: str, operation: OperationModel, protocol: str) -> tuple[str, bytes]:
    if protocol == "rest-json":
        in_body = {name: item for name, item in value.items() if _is_in_body(shape, name)}
        return "application/json", _dump(_tree(shape, in_body))
    if operation.name == "GetBucketLocation":  # the only answer whose root is itself the value
        content = text(value.get("LocationConstraint") or "")
        return "application/xml", _document("LocationConstraint", content, operation).encode()
    attributes, content = _Xml().structure(shape, value)
    return "application/xml", _document(root, content, operation, attributes).encode()


def _is_in_body(shape: Shape, name: str) -> bool:
    return shape.is_document_type or (name in shape.members and "location" not in shape.members[name].serialization)


def _header(shape: Shape, value: Any) -> str:
    match shape.type_name:
        case "timestamp":
            return str(_time(shape, value, "rfc822"))
        case "list":
            return ",".join(_header(shape.member, item) for item in value)
        case "string" if shape.serialization.get("jsonvalue"):
            return _base64(json.dumps(value))
        case "string" if isinstance(value, datetime):  # S3's ``Expires``, which moto's model calls a text
            return http_date(value)
        case _:
            return _scalar(shape, value)


# Query, EC2 and the bodies of REST in XML


def _query(parsed: dict[str, Any], operation: OperationModel, is_ec2: bool, request_id: str) -> str:
    attributes, content = "", ""
    if (shape := operation.output_shape) is not None:
        attributes, content = _Xml(is_query=True).structure(shape, parsed)
        if wrapper := shape.serialization.get("resultWrapper"):
            content = f"<{wrapper}>{content}</{wrapper}>"
    if is_ec2:
        content = elements(requestId=request_id) + content
    else:
        content += f"<ResponseMetadata>{elements(RequestId=request_id)}</ResponseMetadata>"
    return _document(f"{operation.name}Response", content, operation, attributes)


def _document(root: str, content: str, operation: OperationModel, attributes: str = "") -> str:
    namespace = operation.service_model.metadata.get("xmlNamespace")
    if isinstance(namespace, str):
        attributes += f' xmlns="{text(namespace)}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{attributes}>{content}</{root}>'


@dataclass(frozen=True)
class _Xml:
    """Writes values as XML. SQS's model is now one of JSON; its names in the query protocol stand beside."""

    is_query: bool = False

    def structure(self, shape: StructureShape, value: Any) -> tuple[str, str]:
        """Attributes (each with a blank in front) and content of the element that holds the structure."""
        attributes, content = "", ""
        for name, member, item in _members(shape, value):
            if "location" in member.serialization and not self.is_query:
                continue
            if member.serialization.get("xmlAttribute"):
                attributes += f' xmlns:xsi="{_XSI}" {member.serialization["name"]}="{text(item)}"'
            else:
                content += self._member(name, member, item)
        return attributes, content

    def _member(self, name: str, shape: Shape, value: Any) -> str:
        if shape.serialization.get("flattened") and shape.type_name == "list":
            tag = self._name(shape.member, self._name(shape, name))
            return "".join(self._element(tag, shape.member, item) for item in value)
        tag = self._name(shape, name)
        if shape.serialization.get("flattened") and shape.type_name == "map":
            return "".join(f"<{tag}>{entry}</{tag}>" for entry in self._entries(shape, value))
        return self._element(tag, shape, value)

    def _element(self, tag: str, shape: Shape, value: Any) -> str:
        attributes, content = "", ""
        match shape.type_name:
            case "structure":
                attributes, content = self.structure(shape, value)
            case "list":
                item_tag = self._name(shape.member, "member")
                content = "".join(self._element(item_tag, shape.member, item) for item in value)
            case "map":
                content = "".join(f"<entry>{entry}</entry>" for entry in self._entries(shape, value))
            case "timestamp":
                content = text(_time(shape, value, "iso8601"))
            case _:
                content = text(_scalar(shape, value))
        return f"<{tag}{attributes}>{content}</{tag}>"

    def _entries(self, shape: Shape, values: Any) -> Iterator[str]:
        key_tag, value_tag = self._name(shape.key, "key"), self._name(shape.value, "value")
        for key, value in values.items():
            yield self._element(key_tag, shape.key, key) + self._element(value_tag, shape.value, value)

    def _name(self, shape: Shape, default: str) -> str:
        names = shape.serialization
        before = names.get("locationNameForQueryCompatibility") if self.is_query else None
        return str(before or names.get("name", default))


# Values


def _scalar(shape: Shape, value: Any) -> str:
    """The text of a value in XML and in headers."""
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "integer" | "long":
            return str(int(value))
        case "float" | "double":
            return _number(value)
        case "blob":
            return _base64(value)
        case _:
            return str(value)


def _number(value: Any) -> str:
    number = float(value)
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _time(shape: Shape, value: Any, default_format: str) -> str | int | float:
    moment = _datetime(value)
    match str(shape.serialization.get("timestampFormat", default_format)).lower():
        case "iso8601":
            return moment.astimezone(UTC).isoformat(timespec="auto").replace("+00:00", "Z")
        case "rfc822":
            return http_date(moment)
        case _:
            seconds = moment.timestamp()
            return int(seconds) if seconds.is_integer() else round(seconds, 3)


def _datetime(value: Any) -> datetime:
    from botocore.utils import parse_to_aware_datetime

    moment: datetime = parse_to_aware_datetime(value)
    return moment


def _base64(value: Any) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
