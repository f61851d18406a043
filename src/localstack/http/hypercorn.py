"""Servers of an extension's own: for an ASGI application, for a gateway, and in front of another server."""

from __future__ import annotations

import asyncio
import logging
from asyncio import AbstractEventLoop
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from rolo.client import HttpClient
from rolo.gateway import Gateway, HandlerChain, RequestContext
from rolo.proxy import Proxy

from localstack.config import HostAndPort
from localstack.host import shared
from localstack.http.response import Response
from localstack.utils.serving import Server
from localstack.utils.threads import FuncThread

if TYPE_CHECKING:
    from hypercorn import Config

__all__ = ["GatewayServer", "HypercornServer", "ProxyServer"]

LOG = logging.getLogger(__name__)


class HypercornServer(Server):
    """Serves an ASGI application with hypercorn, which has to be installed for it.

    :param app: ASGI application, e.g. ``localstack.http.asgi.ASGIAdapter``
    :param config: hypercorn's; the server listens on its ``bind``
    :param loop: event loop to serve in, the one that ``app`` was given; one of the server's own without it
    :raises ModuleNotFoundError: when hypercorn is not installed
    """

    def __init__(self, app: Any, config: Config, loop: AbstractEventLoop | None = None) -> None:
        if find_spec("hypercorn") is None:
            raise ModuleNotFoundError(
                "HypercornServer needs the package hypercorn: name it in the dependencies of the extension, "
                "or install leanto[hypercorn]",
                name="hypercorn",
            )
        address = urlsplit(f"//{config.bind[0]}")
        super().__init__(address.port or 0, address.hostname or "localhost")
        self.app = app
        self.config = config
        self._loop = loop
        self._ended: Future[None] = Future()

    @property
    def protocol(self) -> str:
        return "https" if self.config.ssl_enabled else "http"

    def do_run(self) -> None:
        from hypercorn.asyncio import serve

        loop = self._loop or asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(serve(self.app, self.config, shutdown_trigger=self._until_ended))
        finally:
            asyncio.set_event_loop(None)
            if self._loop is None:
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()

    def do_shutdown(self) -> None:
        self._ended.set_result(None)

    async def _until_ended(self) -> None:
        # a server that fails stops waiting, and must not cancel what do_shutdown is going to set
        await asyncio.shield(asyncio.wrap_future(self._ended))


class GatewayServer(Server):
    """Serves a gateway as the platform serves its own: HTTP/1.1, HTTP/2 and WebSockets, in the clear and with TLS.

    :param gateway: what answers the requests
    :param listen: where to listen; the first of several is the server's ``url``
    :param use_ssl: the scheme of ``url``; the ports take both
    :param threads: how many requests are handled at the same time, as many as the platform's gateway without it
    """

    def __init__(
        self,
        gateway: Gateway,
        listen: HostAndPort | Sequence[HostAndPort],
        use_ssl: bool = False,
        threads: int | None = None,
    ) -> None:
        addresses = (listen,) if isinstance(listen, HostAndPort) else tuple(listen)
        super().__init__(addresses[0].port, addresses[0].host)
        self._use_ssl = use_ssl
        self._make_front_door = partial(shared.front_door, gateway, addresses, threads)

    @property
    def protocol(self) -> str:
        return "https" if self._use_ssl else "http"

    def do_start_thread(self) -> FuncThread:
        """Listen before there is a thread, so that who starts the server learns of an address that is taken."""
        self._front_door = self._make_front_door()
        try:
            self._front_door.listen()
        except Exception:
            self._front_door.stop()
            self._front_door.run()  # gives back what it has
            raise
        return super().do_start_thread()

    def do_run(self) -> None:
        self._front_door.run()

    def do_shutdown(self) -> None:
        self._front_door.stop()


class ProxyServer(GatewayServer):
    """Forwards every request to another server, with its ``Host`` and the path below that of the server's URL.

    :param forward_base_url: e.g. ``"http://localhost:8080/base"``
    :param client: sends the requests
    """

    def __init__(
        self,
        forward_base_url: str,
        listen: HostAndPort | Sequence[HostAndPort],
        use_ssl: bool = False,
        client: HttpClient | None = None,
        threads: int | None = None,
    ) -> None:
        self._proxy = Proxy(forward_base_url, client)
        super().__init__(Gateway(request_handlers=[self._forward]), listen, use_ssl, threads)

    def do_shutdown(self) -> None:
        super().do_shutdown()
        self._proxy.close()

    def _forward(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        try:
            response.update_from(self._proxy.forward(context.request))
        except requests.RequestException as error:
            target = self._proxy.forward_base_url
            LOG.warning(
                "%s %s can't be forwarded to %s: %s", context.request.method, context.request.path, target, error
            )
            response.update_from(Response(f"{target} does not answer", status=502))
        chain.stop()
