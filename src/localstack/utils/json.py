"""JSON and YAML."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

__all__ = ["CustomEncoder", "parse_json_or_yaml"]


class CustomEncoder(json.JSONEncoder):
    """Encodes what AWS answers hold besides JSON's own types.

    ============  =====================================================================
    datetime      ``"2026-11-21T08:30:00.000Z"``: milliseconds, UTC where it has no zone
    date          ``"2026-11-21"``
    Decimal       a whole number where it is one, else a float
    bytes         the text where they are UTF-8, else base64
    set           a list, sorted where its elements can be
    ============  =====================================================================
    """

    def default(self, o: Any) -> Any:
        """:raises TypeError: for any other type"""
        match o:
            case datetime():
                return _timestamp(o)
            case date():
                return o.isoformat()
            case Decimal():
                return int(o) if o.is_finite() and o == o.to_integral_value() else float(o)
            case bytes() | bytearray():
                return _text_or_base64(bytes(o))
            case set() | frozenset():
                return _listed(o)
            case _:
                return super().default(o)


def _timestamp(moment: datetime) -> str:
    text = moment.isoformat(timespec="milliseconds")
    if moment.utcoffset() is None:
        return f"{text}Z"
    return text.replace("+00:00", "Z")


def _text_or_base64(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii")


def _listed(elements: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(elements)
    except TypeError:
        return list(elements)


def parse_json_or_yaml(markup: str) -> Any:
    """Parse text that is JSON, or else YAML.

    :raises yaml.YAMLError: when it is neither
    """
    try:
        return json.loads(markup)
    except ValueError:
        import yaml  # type: ignore[import-untyped]  # only where the text is no JSON

        return yaml.safe_load(markup)
