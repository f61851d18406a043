"""An extension with one of everything that most extensions have: a route, a host, a handler on each side of AWS."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from urllib.parse import unquote

from localstack.extensions.api import Extension, aws, http

LOG = logging.getLogger(__name__)


class HelloExtension(Extension):
    """Serves ``/hello/<name>`` and the host ``hello.localhost.localstack.cloud``, and watches AWS calls."""

    name = "hello"

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()  # handlers and routes run on many threads at once

    def on_platform_ready(self) -> None:
        LOG.info("hello is ready: try /hello/world")

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        router.add("/hello/<name>", self.greet, methods=["GET"])
        # Whatever follows the first label, port included: hello.localhost.localstack.cloud:4566, hello.localhost, …
        router.add("/", self.calls, host="hello.<__host__>", methods=["GET"])

    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:
        handlers.append(self.count)

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        handlers.append(self.sign)

    def greet(self, request: http.Request, name: str) -> dict[str, str]:
        """``GET /hello/world`` → ``{"message": "Hello, world!"}``."""
        return {"message": f"Hello, {unquote(name)}!"}  # routes see the path as it was sent, still percent-encoded

    def calls(self, request: http.Request) -> dict[str, dict[str, int]]:
        """The AWS calls so far: ``{"calls": {"sqs.CreateQueue": 1}}``."""
        with self._lock:
            return {"calls": dict(self._calls)}

    def count(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        """Runs before an AWS call is answered; a handler may also change ``context.service_request`` here."""
        if called := _operation(context):
            with self._lock:
                self._calls[called] += 1

    def sign(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        """Runs when the answer is there; it sees those of routes too, which have no operation."""
        if called := _operation(context):
            response.headers["X-Hello"] = f"you called {called}"


def _operation(context: aws.RequestContext) -> str | None:
    """E.g. ``"sqs.CreateQueue"``; ``None`` for what is no AWS call."""
    names = context.service_operation
    return f"{names.service}.{names.operation}" if names else None
