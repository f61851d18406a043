"""Recording: a response handler that reads what was asked and answered."""

from __future__ import annotations

from collections import deque
from typing import Any

from leanto_recorder.call import Call, script_of
from localstack.extensions.api import Extension, aws, http

KEPT_CALLS = 10_000


class RecorderExtension(Extension):
    """Serves ``/recorder/calls`` and ``/recorder/script``, and records the AWS calls that come from outside."""

    name = "recorder"

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)  # appending and copying it are atomic

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        router.add("/recorder/calls", self.list_calls, methods=["GET"])
        router.add("/recorder/calls", self.forget_calls, methods=["DELETE"])
        router.add("/recorder/script", self.write_script, methods=["GET"])

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        handlers.append(self.record)

    def record(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        """Runs when the answer is there; it reads the answer in the API's own names, whatever the protocol was."""
        called = context.service_operation
        if called is None or context.is_internal_call:
            return
        error = context.service_exception
        self._calls.append(
            Call(
                called.service,
                called.operation,
                context.region or "us-east-1",
                context.account_id or "000000000000",
                parameters={name: _kept(value) for name, value in (context.service_request or {}).items()},
                answer=dict(context.service_response or {}),
                error=error.code if error else None,
            )
        )

    def list_calls(self, request: http.Request) -> list[dict[str, Any]]:
        return [call.document() for call in self._calls.copy()]

    def forget_calls(self, request: http.Request) -> None:
        self._calls.clear()

    def write_script(self, request: http.Request) -> http.Response:
        """The calls that succeeded as a Python program; ``?service=s3`` writes those of one service."""
        wanted = request.args.get("service")
        calls = [call for call in self._calls.copy() if call.error is None and wanted in (None, call.service)]
        return http.Response(script_of(calls, request.host_url.rstrip("/")), mimetype="text/x-python")


def _kept(value: Any) -> Any:
    """A parameter to keep: the body of a streaming operation is read and put back to its beginning."""
    if not hasattr(value, "read"):
        return value
    value.seek(0)
    body = value.read()
    value.seek(0)
    return body
