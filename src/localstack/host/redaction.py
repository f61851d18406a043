"""Keeps the credentials that URLs carry out of messages, logs and files."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"(?<=://)(?!git@)[^/\s](?:[^/\n]*[^/\s])?(?=@[^/\s])")


def redacted(text: str) -> str:
    """``text`` without user names, tokens and passwords of the URLs in it; ``git@``, which is no secret, stays.

    Meant for one URL or a sentence around one: when in doubt it takes away more.

    >>> redacted("git+https://me:pass@example.com/x@main and ssh://git@example.com/y")
    'git+https://***@example.com/x@main and ssh://git@example.com/y'
    """
    return _CREDENTIALS.sub("***", text)
