"""JSON and CBOR: the same structure; CBOR's blobs, timestamps and numbers are already what they should be."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from localstack.host.emulation import cbor
from localstack.host.emulation.parsing.values import timestamp, unbase64
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape


def read_json_body(shape: Shape, wire: Wire) -> Any:
    if not wire.body:
        return read_json(shape, {})
    if not wire.is_cbor:
        return read_json(shape, json.loads(wire.body))
    is_rpc = "Smithy-Protocol" in wire.headers
    return read_json(shape, cbor.decode(wire.body, in_milliseconds=not is_rpc))


def read_json(shape: Shape, value: Any) -> Any:
    """The value that ``shape`` makes of what ``json`` or ``cbor`` has read."""
    match shape.type_name:
        case "string":
            return value
        case "structure" if not shape.is_document_type:
            return _read_json_structure(shape, value)
        case "list":
            return [read_json(shape.member, item) for item in value]
        case "map":
            return {key: read_json(shape.value, item) for key, item in value.items()}
        case "blob":
            return value if isinstance(value, bytes) else unbase64(value)
        case "timestamp":
            return timestamp(value)
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
            found[name] = read_json(member, item)
    for name in shape.required_members:
        found.setdefault(name, None)
    return found


@lru_cache(maxsize=16_384)
def _json_members(shape: StructureShape) -> dict[str, tuple[str, Shape]]:
    """Name and shape of the members by the name that they have in JSON."""
    return {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
