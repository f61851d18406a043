"""What a connection asks of the gateway: an answer to a request, a partner for a WebSocket."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolo import Response
from rolo.gateway import Gateway
from rolo.websocket import WebSocketRequest

from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.request import HeaderList, ServedRequest
from localstack.host.gateway.front_door.response import empty_response
from localstack.host.gateway.front_door.session import ConnectionLost
from localstack.host.gateway.front_door.websocket import WebSocketChannel
from localstack.host.memory_budget import MemoryBudget

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """The gateway behind the connections.

    :ivar spool_dir: folder for request bodies that are too large for memory
    :ivar memory: what larger bodies may take of the memory together
    """

    gateway: Gateway
    spool_dir: Path
    memory: MemoryBudget

    def answer(self, request: ServedRequest) -> Response:
        """Take a request through the chain. Never raises: what the chain lets out is answered 500."""
        response = empty_response()
        try:
            self.gateway.process(request, response)
        except BaseException:  # the gateway's last resort; the other one is the guard around extensions
            LOG.exception("the handler chain failed for %s %s", request.method, request.path)
            response = Response("internal error", 500)
        return response

    def finish(self, response: Response) -> None:
        """Run what a response wants to have done after it. Never raises."""
        try:
            response.close()
        except BaseException:
            LOG.exception("the clean-up after an answer failed")

    def serve_websocket(
        self, connection: Connection, environ: dict[str, Any], headers: HeaderList, rest: bytes
    ) -> None:
        """Serve a WebSocket on the calling thread until it is closed."""
        try:
            channel = WebSocketChannel(connection, environ["RAW_URI"], headers, rest)
        except ConnectionLost:
            return
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        environ |= {"rolo.websocket": channel, "rolo.headers": raw}
        scheme = "wss" if environ["wsgi.url_scheme"] == "https" else "ws"
        environ["wsgi.url_scheme"] = scheme
        try:
            WebSocketRequest.listener(self.gateway.accept)(environ)
        except ConnectionLost:
            LOG.debug("the client of WebSocket %s is gone", environ["PATH_INFO"])
        except BaseException:
            LOG.exception("the handler chain failed for WebSocket %s", environ["PATH_INFO"])
        finally:
            channel.finish()

    def connection_environ(self, connection: Connection) -> dict[str, Any]:
        """What all requests of a connection have in common in their WSGI environ."""
        host, port = connection.local
        return {
            "SCRIPT_NAME": "",
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": connection.peer[0],
            "REMOTE_PORT": str(connection.peer[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if connection.tls is None else "https",
            "wsgi.errors": None,
            "wsgi.input_terminated": True,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
