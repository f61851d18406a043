"""XML, as rest-xml services have it in bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from localstack.host.emulation.parsing.json_body import read_json
from localstack.host.emulation.parsing.values import ABSENT, scalar, structure_of
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import Shape


def read_xml_body(shape: Shape, wire: Wire) -> Any:
    """:raises ElementTree.ParseError: when the body is no XML"""
    return _read_xml(shape, ElementTree.fromstring(wire.body)) if wire.body.strip() else read_json(shape, {})


def _read_xml(shape: Shape, node: ElementTree.Element) -> Any:
    match shape.type_name:
        case "structure":
            return structure_of(shape, lambda name, member: _read_xml_member(name, member, node))
        case "list":
            return [_read_xml(shape.member, child) for child in node]
        case "map":
            return _read_xml_map(shape, list(node))
        case _:
            return scalar(shape, node.text or "")


def _read_xml_member(name: str, member: Shape, node: ElementTree.Element) -> Any:
    tag = member.serialization.get("name", name)
    if member.serialization.get("xmlAttribute"):
        values = [value for key, value in node.attrib.items() if _local(key) == tag.rpartition(":")[2]]
        return scalar(member, values[0]) if values else ABSENT
    children = [child for child in node if _local(child.tag) == tag]
    if not children:
        return ABSENT
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
