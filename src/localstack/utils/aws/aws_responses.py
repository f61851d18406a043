"""Answers in the form of the ``requests`` library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from requests import Response

from localstack.utils.json import CustomEncoder
from localstack.utils.strings import to_bytes

__all__ = ["requests_response"]


def requests_response(
    content: str | bytes | dict[str, Any] | list[Any] | None,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A ``requests.Response`` as if it had come from a server.

    :param content: the body; dictionaries and lists become JSON
    """
    response = Response()
    response.status_code = status_code
    response.headers.update(headers or {})
    if isinstance(content, dict | list):
        content = json.dumps(content, cls=CustomEncoder)
        response.headers.setdefault("Content-Type", "application/json")
    response._content = to_bytes(content or b"")
    response.encoding = "utf-8"
    return response
