"""Text, bytes and short identifiers."""

from __future__ import annotations

import uuid

__all__ = ["long_uid", "short_uid", "to_bytes", "to_str", "truncate"]


def to_str(obj: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> str:
    """``obj`` decoded when it is bytes, else ``obj`` itself."""
    return obj.decode(encoding, errors) if isinstance(obj, bytes) else obj


def to_bytes(obj: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    """``obj`` encoded when it is text, else ``obj`` itself."""
    return obj.encode(encoding, errors) if isinstance(obj, str) else obj


def truncate(data: object, max_length: int = 100) -> str:
    """The text of ``data``, cut to ``max_length`` characters and marked when it is longer.

    >>> truncate("abcdef", max_length=3)
    'abc...'
    """
    text = to_str(data, errors="replace") if isinstance(data, bytes) else str(data or "")
    return f"{text[:max_length]}..." if len(text) > max_length else text


def short_uid() -> str:
    """Eight random hexadecimal digits, for names that need not be unique for ever."""
    return uuid.uuid4().hex[:8]


def long_uid() -> str:
    """A random UUID as text."""
    return str(uuid.uuid4())
