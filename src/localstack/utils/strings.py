"""Text, bytes and short identifiers."""

from __future__ import annotations

import hashlib
import re
import uuid

__all__ = [
    "camel_to_snake_case",
    "long_uid",
    "md5",
    "short_uid",
    "snake_to_camel_case",
    "to_bytes",
    "to_str",
    "truncate",
]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


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


def md5(string: str | bytes) -> str:
    """The MD5 of text or bytes, in hexadecimal digits; for names and comparisons, not for secrets."""
    return hashlib.md5(to_bytes(string), usedforsecurity=False).hexdigest()


def camel_to_snake_case(string: str) -> str:
    """
    >>> camel_to_snake_case("ListVPCEndpoints")
    'list_vpc_endpoints'
    """
    return _WORD_START.sub("_", string).lower()


def snake_to_camel_case(string: str, capitalize_first: bool = True) -> str:
    """
    >>> snake_to_camel_case("list_queues"), snake_to_camel_case("queue_url", capitalize_first=False)
    ('ListQueues', 'queueUrl')
    """
    camel = "".join(part[:1].upper() + part[1:] for part in string.split("_"))
    return camel if capitalize_first else camel[:1].lower() + camel[1:]
