"""JSON and YAML."""

from __future__ import annotations

import base64
import json
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from localstack.utils.strings import short_uid

__all__ = ["CustomEncoder", "FileMappedDocument", "extract_jsonpath", "parse_json_or_yaml"]


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


def extract_jsonpath(value: Any, path: str) -> Any:
    """What a JSONPath finds in a document: the value when it finds one, else a list of all.

    >>> extract_jsonpath({"a": [{"b": 1}, {"b": 2}]}, "$.a[0].b")
    1

    :raises ValueError: when the path is none
    """
    from jsonpath_ng.exceptions import JSONPathError
    from jsonpath_ng.parser import parse  # only who asks for one pays for the parser

    try:
        found = [match.value for match in parse(path).find(value)]
    except JSONPathError as error:
        raise ValueError(f"{path!r} is no JSONPath: {error}") from None
    return found[0] if len(found) == 1 else found


class FileMappedDocument(dict[str, Any]):
    """A dictionary that is kept in a JSON file: ``save`` writes it, ``load`` takes the file's content over its own.

    A file that is not there is an empty one.
    """

    def __init__(self, path: str | os.PathLike[str], mode: int = 0o664) -> None:
        """
        :param mode: permissions of the file
        :raises ValueError: when the file is no JSON object
        """
        super().__init__()
        self.path = Path(path)
        self.mode = mode
        self.load()

    def load(self) -> None:
        """:raises ValueError: when the file is no JSON object; what was known stays"""
        if not self.path.exists():
            return
        content = json.loads(self.path.read_text(encoding="utf-8") or "{}")
        if not isinstance(content, dict):
            raise ValueError(f"{self.path} holds no JSON object")
        self.update(content)

    def save(self) -> None:
        """Write the file anew; folders on the way to it are made. Who reads meets the old content or the new one."""
        from localstack.utils.files import save_file  # reads the settings, which who only encodes does not need

        part = self.path.with_name(f".{self.path.name}-{short_uid()}")  # two may save at once
        try:
            save_file(part, json.dumps(self, cls=CustomEncoder), permissions=self.mode)
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)
