"""Query and EC2: a form whose names are paths, ``Tags.member.1.Key=…``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localstack.host.emulation.parsing.values import ABSENT, scalar, structure_of

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape


@dataclass
class Node:
    """Parameters as a tree: ``Tags.member.1.Key=a`` is the value ``a`` at ``Tags`` / ``member`` / ``1`` / ``Key``."""

    value: str | None = None
    children: dict[str, Node] = field(default_factory=dict)

    @classmethod
    def of(cls, parameters: dict[str, str]) -> Node:
        root = cls()
        for name, value in parameters.items():
            node = root
            for part in name.split("."):
                node = node.children.setdefault(part, cls())
            node.value = value
        return root

    def numbered(self) -> list[Node]:
        """Children ``1``, ``2``, … in the order of their numbers."""
        numbers = sorted((int(name), child) for name, child in self.children.items() if name.isdecimal())
        return [child for _, child in numbers]

    def __lt__(self, other: Node) -> bool:
        return False  # equal numbers ("1" and "01") keep the order in which they were sent


@dataclass(frozen=True)
class QueryReader:
    """Reads structures out of the tree of a form."""

    is_ec2: bool

    def structure(self, shape: StructureShape, node: Node) -> dict[str, Any]:
        return structure_of(shape, lambda name, member: self._member(name, member, node))

    def _member(self, name: str, member: Shape, node: Node) -> Any:
        child = node.children.get(self._parameter(name, member))
        return ABSENT if child is None else self._read(member, child)

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

    def _read(self, shape: Shape, node: Node) -> Any:
        match shape.type_name:
            case "structure":
                return self.structure(shape, node)
            case "list":
                return [self._read(shape.member, item) for item in self._items(shape, node)]
            case "map":
                return self._map(shape, node)
            case _:
                return scalar(shape, node.value or "")

    def _items(self, shape: Shape, node: Node) -> list[Node]:
        if self.is_ec2 or shape.serialization.get("flattened"):
            return node.numbered()
        return node.children.get(self._name(shape.member, "member"), Node()).numbered()

    def _map(self, shape: Shape, node: Node) -> dict[str, Any]:
        entries = node if shape.serialization.get("flattened") else node.children.get("entry", Node())
        key, value = self._name(shape.key, "key"), self._name(shape.value, "value")
        return {
            entry.children[key].value or "": self._read(shape.value, entry.children.get(value, Node("")))
            for entry in entries.numbered()
        }
