"""A small gateway around the emulation, served over a socket: the calls that the platform's gateway makes, no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rolo import Response
from rolo.gateway import Gateway, HandlerChain
from rolo.gateway.wsgi import WsgiGateway
from werkzeug.serving import WSGIRequestHandler, make_server

from localstack.aws.api import RequestContext
from localstack.host.emulation.emulation import Emulation
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Handler = Callable[[HandlerChain, RequestContext, Response], None]


class AwsServer:
    """The emulation behind a port. ``request_handlers`` and ``response_handlers`` are what extensions add."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.emulation = Emulation(Settings.load(environ))
        self.request_handlers: list[Handler] = []
        self.response_handlers: list[Handler] = []
        gateway = Gateway(
            request_handlers=[self._recognise, self._run_request_handlers, self._call],
            response_handlers=[self._read_answer, self._run_response_handlers, self._write_answer],
            exception_handlers=[self._serialise],
            context_class=RequestContext,
        )
        self._server = make_server("127.0.0.1", 0, WsgiGateway(gateway), threaded=True, request_handler=_Quiet)
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def client(self, service: str, **kwargs: Any) -> Any:
        """A boto3 client on this server; ``account`` is its access key."""
        import boto3
        from botocore.config import Config

        config = Config(retries={"max_attempts": 0}).merge(kwargs.pop("config", Config()))
        key = kwargs.pop("account", "test")
        defaults = {"aws_access_key_id": key, "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client(service, config=config, **({"endpoint_url": self.url} | defaults | kwargs))

    def _recognise(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if self.emulation.claims(context.request):
            self.emulation.recognise(context)
        else:
            chain.respond(404, {"error": "nothing here"})

    def _run_request_handlers(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        for handler in self.request_handlers:
            handler(chain, context, response)

    def _call(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        self.emulation.call(context, response)

    def _serialise(
        self, chain: HandlerChain, exception: Exception, context: RequestContext, response: Response
    ) -> None:
        self.emulation.serialise_exception(context, exception, response)

    def _read_answer(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        self.emulation.read_answer(context, response)

    def _run_response_handlers(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        for handler in self.response_handlers:
            handler(chain, context, response)

    def _write_answer(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        self.emulation.write_answer(context, response)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def make_environ(self) -> WSGIEnvironment:
        """Keeps the spelling of header names, as the platform's own server does."""
        environ = super().make_environ()
        environ["rolo.headers"] = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:
        return
