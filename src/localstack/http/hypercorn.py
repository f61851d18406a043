"""Servers of an extension's own: for an ASGI application, for a gateway, and in front of another server."""

from __future__ import annotations

import asyncio
import logging
import socket
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
    :param config: hypercorn's; the server listens on its ``bind``, which names hosts and ports
    :param loop: event loop to serve in, the one that ``app`` was given; one of the server's own without it
    :raises ModuleNotFoundError: when hypercorn is not installed
    :raises ValueError: when it would listen on something else than a port
    """

    def __init__(self, app: Any, config: Config, loop: AbstractEventLoop | None = None) -> None:
        if find_spec("hypercorn") is None:
            raise ModuleNotFoundError(
                "HypercornServer needs the package hypercorn: name it in the dependencies of the extension, "
                "or install leanto[hypercorn]",
                name="hypercorn",
            )
        if (other := next((bind for bind in config.bind if bind.startswith(("unix:", "fd:"))), None)) is not None:
            raise ValueError(f"HypercornServer can't listen on {other!r}: bind it to a port, e.g. 'localhost:8080'")
        host, port = _host_and_port(config.bind[0])
        super().__init__(port, host or "localhost")
        self.app = app
        self.config = config
        self._loop = loop
        self._ended: Future[None] = Future()

    @property
    def protocol(self) -> str:
        return "https" if self.config.ssl_enabled else "http"

    def health(self) -> bool:
        return self.is_running() and super().health()

    def do_start_thread(self) -> FuncThread:
        """See that it can listen before there is a thread, so that who starts it learns of an address that is taken."""
        for bind in self.config.bind:
            host, port = _host_and_port(bind)
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as hypercorn does
                try:
                    probe.bind((host, port))
                except OSError as error:
                    raise OSError(error.errno, f"cannot listen on {bind}: {error.strerror}") from None
        return super().do_start_thread()

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


def _host_and_port(bind: str) -> tuple[str, int]:
    """``""`` for every address; 8000 is hypercorn's choice when it is not told a port."""
    address = urlsplit(f"//{bind}")
    return address.hostname or "", 8000 if address.port is None else address.port


class GatewayServer(Server):
    """Serves a gateway as the platform serves its own: HTTP/1.1, HTTP/2 and WebSockets, in the clear and with TLS.

    ``shutdown`` gives requests that are under way half a second to be answered, and then ends their connections.

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
            target, reason = (shared.redacted(str(each)) for each in (self._proxy.forward_base_url, error))
            LOG.warning(
                "%s %s can't be forwarded to %s: %s", context.request.method, context.request.path, target, reason
            )
            response.update_from(Response(f"{target} does not answer", status=502))
        chain.stop()
