"""What the gateway itself answers: errors, and that nothing was found."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from rolo import Response
from rolo.gateway import HandlerChain
from werkzeug.exceptions import HTTPException

from localstack.aws.api import RequestContext, ServiceException
from localstack.host.errors import named, said_by
from localstack.host.gateway.emulation import Emulation

LOG = logging.getLogger(__name__)

_PLATFORM_HEADER = ("x-localstack", "true")


def answer_not_found(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Request handler, the last one: nothing in the platform answers this."""
    where = f"on host {context.request.host}"
    _answer_not_found(chain, context, f"{where}: no extension's route matches, and it is no AWS request")


def answer_no_resource(chain: HandlerChain, context: RequestContext) -> None:
    """Nothing below ``/_localstack/`` answers this."""
    _answer_not_found(chain, context, "here: it is no resource of this platform, and no extension has added it")


def _answer_not_found(chain: HandlerChain, context: RequestContext, reason: str) -> None:
    request = context.request
    message = f"nothing answers {request.method} {request.path} {reason}. GET / lists what is served."
    chain.respond(404, {"error": "Not Found", "message": message})


def add_platform_header(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Response handler: let clients see who answered."""
    pairs = response.headers._list  # every answer comes by here, and Headers.set takes ten times as long
    if _PLATFORM_HEADER not in pairs:
        pairs.append(_PLATFORM_HEADER)


@dataclass(frozen=True)
class ExceptionAnswers:
    """Exception handlers: what was raised in the chain becomes one log line and one answer."""

    emulation: Emulation
    was_reported: Callable[[BaseException], bool]

    def log(self, chain: HandlerChain, exception: Exception, context: RequestContext, response: Response) -> None:
        if isinstance(exception, HTTPException | ServiceException) or self.was_reported(exception):
            return
        LOG.error(
            "exception during call chain: %s",
            named(exception),
            exc_info=exception if LOG.isEnabledFor(logging.DEBUG) else None,
        )

    def write(self, chain: HandlerChain, exception: Exception, context: RequestContext, response: Response) -> None:
        if context.get("is_aws_request"):
            self.emulation.serialise_exception(context, exception, response)
        elif isinstance(exception, HTTPException):
            self._write_http_exception(chain, exception)
        elif not response.data:
            name, message = type(exception).__name__, said_by(exception)
            chain.respond(500, {"error": "Unexpected exception", "message": message, "type": name})

    def _write_http_exception(self, chain: HandlerChain, exception: HTTPException) -> None:
        headers = [(name, value) for name, value in exception.get_headers() if name.lower() != "content-type"]
        if exception.response is not None:
            chain.response.update_from(exception.response)
            return
        chain.respond(exception.code or 500, {"error": exception.name, "message": exception.description})
        chain.response.headers.extend(headers)
