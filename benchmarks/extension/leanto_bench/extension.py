"""The routes and handlers as an extension of the platform."""

from __future__ import annotations

from localstack.extensions.api import Extension, aws, http

from .routes import HANDLERS, add_routes, pass_by


class BenchExtension(Extension):
    """Its handlers of requests see AWS calls only, those of responses all answers."""

    name = "bench"

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        add_routes(router)

    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:
        for _ in range(HANDLERS):
            handlers.append(pass_by)

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        for _ in range(HANDLERS):
            handlers.append(pass_by)
