"""rolo's bridge from ASGI servers to WSGI applications, as LocalStack's users of hypercorn have it."""

from rolo.asgi import ASGIAdapter, ASGILifespanListener, ASGIWebSocketAdapter

__all__ = ["ASGIAdapter", "ASGILifespanListener", "ASGIWebSocketAdapter"]
