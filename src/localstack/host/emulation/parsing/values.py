"""Structures and single values, as all protocols have them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape, StructureShape

ABSENT = object()
"""What was not sent."""


def structure_of(shape: StructureShape, read: Callable[[str, Shape], Any]) -> dict[str, Any]:
    """The members that ``read`` finds, and ``None`` for the required ones that it does not."""
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        value = read(name, member)
        if value is not ABSENT:
            found[name] = value
        elif name in shape.required_members:
            found[name] = None
    return found


def scalar(shape: Shape, text: str) -> Any:
    """The value of a text, as query strings, headers, labels and XML have it."""
    match shape.type_name:
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case "boolean":
            return text.strip().lower() == "true"
        case "timestamp":
            return timestamp(text)
        case "blob":
            return unbase64(text)
        case _:
            return text


def unbase64(text: str) -> bytes:
    """The bytes; some clients break the text into lines, anything else that is no base 64 raises ``ValueError``."""
    return base64.b64decode("".join(text.split()), validate=True)


def timestamp(value: Any) -> datetime:
    """An aware datetime from seconds since 1970, ISO 8601 or the format of HTTP."""
    from botocore.utils import parse_timestamp

    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)
    parsed: datetime = parse_timestamp(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
