"""WebSockets of the gateway: routes with ``methods=["WEBSOCKET"]`` get a ``WebSocketRequest``."""

from rolo.websocket import WebSocket, WebSocketDisconnectedError, WebSocketProtocolError, WebSocketRequest

__all__ = ["WebSocket", "WebSocketDisconnectedError", "WebSocketProtocolError", "WebSocketRequest"]
