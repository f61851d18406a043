"""What the tags and the value of a secret mean for its rotation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta


def rotation_interval(tags: Iterable[Mapping[str, str]]) -> timedelta | None:
    """How long a secret stays as it is, by its tag ``rotate-every-seconds``; ``None`` without a number there."""
    for tag in tags:
        if tag["Key"] == "rotate-every-seconds" and tag["Value"].isdigit():
            return timedelta(seconds=int(tag["Value"]))
    return None


def new_value(current: str, password: str) -> str:
    """The value with a new password: that of a JSON object's member ``password``, or all of any other text."""
    try:
        document = json.loads(current)
    except ValueError:
        return password
    if not isinstance(document, dict):
        return password
    return json.dumps(document | {"password": password})
