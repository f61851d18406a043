"""Text as XML can hold it."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

_NOT_FOR_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {'"': "&quot;", "\r": "&#13;"}  # a bare carriage return would be read as a line's end


def text(value: Any) -> str:
    """The value's text for content and attributes; what XML has no place for becomes ``?``."""
    return escape(_NOT_FOR_XML.sub("?", str(value)), _ENTITIES)


def elements(**values: Any) -> str:
    """``elements(Code="a", Message="b")`` → ``<Code>a</Code><Message>b</Message>``."""
    return "".join(f"<{tag}>{text(value)}</{tag}>" for tag, value in values.items())
