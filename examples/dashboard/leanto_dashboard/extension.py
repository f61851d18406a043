"""A web page, its files, and a WebSocket that it gets AWS calls from."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Thread
from time import perf_counter
from typing import Any

from localstack.extensions.api import aws, http
from localstack.extensions.patterns.webapp import WebAppExtension
from localstack.http import route
from localstack.http.websocket import WebSocket, WebSocketDisconnectedError, WebSocketRequest

Page = Queue[str | None]
"""What an open page is still to be sent; ``None`` closes it."""

WAITING_EVENTS = 1000
"""A page that is further behind than this misses some."""


class DashboardExtension(WebAppExtension):
    """Serves ``/_extension/dashboard/`` and ``dashboard.localhost.localstack.cloud``."""

    name = "dashboard"

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[Page] = []

    @route("/")  # type: ignore[untyped-decorator]  # rolo has no types
    def index(self, request: http.Request, **_: Any) -> http.Response:
        return self.render_template_response("index.html", title="AWS calls")

    @route("/events", methods=["WEBSOCKET"])  # type: ignore[untyped-decorator]
    def events(self, request: WebSocketRequest, **_: Any) -> None:
        """Sends what happens from now on, one JSON object a message, until the page is closed."""
        page = Page(WAITING_EVENTS)
        with request.accept() as socket:
            self._pages.append(page)
            _tell(page, json.dumps({"connected": True}))
            Thread(target=_send_to, args=(socket, page), daemon=True).start()
            for _message in socket:  # a page sends nothing; this ends when it is closed
                pass
            self._pages.remove(page)
            _tell(page, None)

    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:
        handlers.append(self.begin)

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler) -> None:
        handlers.append(self.show)

    def on_platform_shutdown(self) -> None:
        self._tell_all(None)

    def begin(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        context.dashboard_begin = perf_counter()  # a context takes attributes of an extension's own

    def show(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        called, begin = context.service_operation, context.get("dashboard_begin")
        if called is None or context.is_internal_call or not self._pages:
            return
        event = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": called.service,
            "operation": called.operation,
            "region": context.region,
            "status": response.status_code,
            "error": context.service_exception.code if context.service_exception else None,
            "milliseconds": round((perf_counter() - begin) * 1000, 1) if begin else None,
        }
        self._tell_all(json.dumps(event))

    def _tell_all(self, event: str | None) -> None:
        for page in self._pages.copy():
            _tell(page, event)


def _tell(page: Page, event: str | None) -> None:
    with suppress(Full):
        page.put_nowait(event)


def _send_to(socket: WebSocket, page: Page) -> None:
    with suppress(WebSocketDisconnectedError):
        while (event := page.get()) is not None:
            socket.send(event)
        socket.close()
