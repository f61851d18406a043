"""How the endpoint of a route is called, and what it may return."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rolo.routing.handler import Handler, HandlerDispatcher, ResultValue
from rolo.routing.handler import handler_dispatcher as rolo_handler_dispatcher

from localstack.http.response import Response
from localstack.utils.json import CustomEncoder

if TYPE_CHECKING:
    from rolo import Request
    from rolo.routing.router import Dispatcher, RequestArguments

_TEXT = "text/plain; charset=utf-8"

__all__ = ["Handler", "ResultValue", "handler_dispatcher"]


def handler_dispatcher(json_encoder: type[json.JSONEncoder] | None = None) -> Dispatcher[Handler]:
    """Dispatcher for endpoints of the form ``endpoint(request, **arguments of the URL)``.

    An endpoint returns a response, text, bytes, a dict or list (becomes JSON), or ``None`` for an empty 200.

    :param json_encoder: encoder for dicts and lists, ``CustomEncoder`` without one
    """
    return _QuickDispatcher(json_encoder or CustomEncoder)


class _QuickDispatcher(HandlerDispatcher):  # type: ignore[misc]  # rolo is not typed
    """rolo's dispatcher with a shorter way for the results that most endpoints return; the bytes are the same.

    As long as nobody has imported pydantic no endpoint can have a model in its signature or return one, so rolo's
    dispatcher for those is made, and pydantic loaded for it, only after that.
    """

    def __init__(self, json_encoder: type[json.JSONEncoder]) -> None:
        super().__init__(json_encoder)
        self._encode = json_encoder().encode

    def invoke_endpoint(self, request: Request, endpoint: Callable[..., Any], request_args: RequestArguments) -> Any:
        if "pydantic" in sys.modules:
            return self._with_models.invoke_endpoint(request, endpoint, request_args)
        return endpoint(request, **request_args)

    def to_response(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return _made(self._encode(value).encode(), "application/json")
        if kind is str:
            return _made(value.encode(), _TEXT)
        if kind is bytes:
            return _made(value, _TEXT)
        return self._with_models.to_response(value) if "pydantic" in sys.modules else super().to_response(value)

    @cached_property
    def _with_models(self) -> HandlerDispatcher:
        return rolo_handler_dispatcher(self.json_encoder)


def _made(body: bytes, content_type: str) -> Response:
    return Response.prepared([body], [("Content-Type", content_type), ("Content-Length", str(len(body)))])
