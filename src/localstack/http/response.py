"""The HTTP response that handlers and routes fill or return."""

from __future__ import annotations

import json
from typing import Any

from rolo import Response as RoloResponse
from werkzeug.datastructures import Headers

from localstack.utils.json import CustomEncoder

__all__ = ["Response"]


class Response(RoloResponse):  # type: ignore[misc]  # rolo is not typed strictly
    """A rolo response whose JSON knows the types of AWS answers: times, bytes, decimals, sets.

    >>> Response.for_json({"Sizes": {1}}, status=201).data
    b'{"Sizes": [1]}'
    """

    @classmethod
    def prepared(cls, body: list[bytes], headers: list[tuple[str, str]], status_code: int = 200) -> Response:
        """A response made of parts that need no checks, several times cheaper than the constructor.

        :param headers: pairs that become the response's own list, ``Content-Type`` among them
        """
        response = cls.__new__(cls)
        response.headers = Headers.__new__(Headers)
        response.headers._list = headers
        response._status_code = status_code
        response._status = "200 OK" if status_code == 200 else response._clean_status(status_code)[0]
        response.response = body
        response.direct_passthrough = False
        response._on_close = []
        return response

    def set_json(self, doc: Any, cls: type[json.JSONEncoder] | None = None) -> None:
        """Make ``doc`` the body, as JSON.

        :param cls: encoder, ``CustomEncoder`` without one
        """
        super().set_json(doc, cls=cls or CustomEncoder)
