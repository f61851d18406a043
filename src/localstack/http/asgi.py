"""WSGI applications, such as a router, behind ASGI servers such as hypercorn and uvicorn: rolo's bridge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rolo.asgi import ASGIAdapter as RoloASGIAdapter
from rolo.asgi import ASGILifespanListener, ASGIWebSocketAdapter

__all__ = ["ASGIAdapter", "ASGILifespanListener", "ASGIWebSocketAdapter"]

_Event = dict[str, Any]
_Receive = Callable[[], Awaitable[_Event]]
_Send = Callable[[_Event], Awaitable[None]]


class ASGIAdapter(RoloASGIAdapter):  # type: ignore[misc]  # rolo is not typed strictly
    """An ASGI application made of a WSGI application; parameters are those of ``rolo.asgi.ASGIAdapter``.

    Every server that keeps to the specification can serve it
    (https://asgi.readthedocs.io/en/latest/specs/www.html); rolo's own counts on what hypercorn does beyond it.
    """

    async def handle_http(self, scope: _Event, receive: _Receive, send: _Send) -> None:
        await super().handle_http(scope, _Body(receive).receive, _Answer(send).send)


class _Body:
    """A request's body whose last event is empty: rolo drops what comes with the one that says so."""

    def __init__(self, receive: _Receive) -> None:
        self._receive = receive
        self._is_complete = False

    async def receive(self) -> _Event:
        if self._is_complete:
            return {"type": "http.request", "body": b"", "more_body": False}
        event = await self._receive()
        if event["type"] != "http.request" or event.get("more_body", False):
            return event
        self._is_complete = True
        return {"type": "http.request", "body": event.get("body", b""), "more_body": True}


class _Answer:
    """A response on its way to a client that may have left, which a server says by an error of the system."""

    def __init__(self, send: _Send) -> None:
        self._send = send
        self._is_lost = False

    @property
    def closed(self) -> bool:
        """Whether the client has left; rolo asks before each part."""
        return self._is_lost or bool(getattr(getattr(self._send, "__self__", None), "closed", False))

    async def send(self, event: _Event) -> None:
        if self._is_lost:
            return
        try:
            await self._send(event)
        except OSError as error:
            self._is_lost = True
            raise BrokenPipeError("the client has left") from error
