"""The chain that every request goes through; the lists in ``build_gateway`` are its table of contents."""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from time import perf_counter
from typing import Any, Protocol

from rolo import Request, Response
from rolo.gateway import Gateway, HandlerChain
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as WerkzeugResponse

from localstack.aws.api import RequestContext
from localstack.host.gateway.answers import ExceptionAnswers, add_platform_header, answer_no_resource, answer_not_found
from localstack.host.gateway.cors import CorsPolicy
from localstack.host.gateway.emulation import Emulation
from localstack.host.gateway.in_process import INTERNAL_PARAMETERS_KEY
from localstack.host.gateway.status_page import StatusPage
from localstack.host.pace import LEAVE_KEY, Pace

LOG = logging.getLogger(__name__)

INTERNAL_PREFIX = "/_localstack/"
_DIGITS_OF_SMALL = 5
"""A body of a length with more digits, 100 kB and above, is large."""


class Routes(Protocol):
    """A router that can say first whether it has a route."""

    def find(self, request: Request) -> Any:
        """The match for a request, ``None`` without one."""

    def call(self, match: Any, request: Request) -> WerkzeugResponse:
        """The answer of the route that was found."""

    def leads_beyond(self, prefix: str) -> bool:
        """Whether some path that does not begin with ``prefix`` could have a match."""


Handler = Callable[[HandlerChain, RequestContext, Response], None]


@dataclass(frozen=True)
class GatewayParts:
    """Everything that the chain is made of and that others own."""

    cors: CorsPolicy
    emulation: Emulation
    status_page: StatusPage
    internal_apis: Routes
    edge_router: Routes
    preprocess_request: Handler
    request_handlers: Handler
    response_handlers: Handler
    exception_handlers: Callable[[HandlerChain, Exception, RequestContext, Response], None]
    finalizers: Handler
    request_log: Handler
    was_reported: Callable[[BaseException], bool]
    is_stopping: Callable[[], bool]
    platform_header: bool


def build_gateway(parts: GatewayParts) -> Gateway:
    """The gateway with its chain, in the order in which a request meets the handlers."""
    aws = AwsHandlers(parts.emulation)
    answers = ExceptionAnswers(parts.emulation, parts.was_reported)
    return Gateway(
        request_handlers=[
            read_internal_parameters,
            RefusalWhileStopping(parts.is_stopping),
            parts.preprocess_request,
            parts.cors.enforce,
            decode_content,
            InternalResources(parts.internal_apis),
            EdgeRoutes(parts.edge_router),
            parts.status_page,
            aws.recognise,
            parts.request_handlers,
            aws.call,
            answer_not_found,
        ],
        exception_handlers=[
            answers.log,
            parts.exception_handlers,
            answers.write,
        ],
        response_handlers=[
            aws.read_answer,
            *([add_platform_header] if parts.platform_header else []),
            parts.response_handlers,
            aws.write_answer,
            parts.cors.add_headers,
            parts.request_log,
        ],
        finalizers=[
            parts.finalizers,
        ],
        context_class=RequestContext,
    )


def read_internal_parameters(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Note what an internal client of the platform sent along; nobody outside can."""
    context.internal_request_params = context.request.environ.get(INTERNAL_PARAMETERS_KEY)


@dataclass(frozen=True)
class RefusalWhileStopping:
    """While the platform stops, only internal resources and internal calls are answered; the rest gets 503."""

    is_stopping: Callable[[], bool]

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if not self.is_stopping() or context.is_internal_call or context.request.path.startswith(INTERNAL_PREFIX):
            return
        response.status_code = 503
        chain.terminate()


def decode_content(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Unpack a gzipped body; S3 stores what it gets."""
    request = context.request
    if request.headers.get("Content-Encoding", "").lower() != "gzip" or request.shallow or _is_for_s3(request):
        return
    try:
        body = gzip.decompress(request.get_data(cache=False))
    except (OSError, EOFError, zlib.error) as error:
        raise BadRequest(f"the body is no valid gzip data: {error}") from None
    request.environ["wsgi.input"] = BytesIO(body)
    request.environ["CONTENT_LENGTH"] = str(len(body))
    request.__dict__.pop("stream", None)  # werkzeug caches it
    request.headers["Content-Length"] = str(len(body))
    del request.headers["Content-Encoding"]


def _is_for_s3(request: Request) -> bool:
    credential = request.headers.get("Authorization", "") or request.args.get("X-Amz-Credential", "")
    host = request.host
    return "/s3/" in credential or host.startswith("s3.") or ".s3." in host


@dataclass(frozen=True)
class InternalResources:
    """``/_localstack/…``: the platform's own resources and those that extensions add, which may be anywhere."""

    routes: Routes

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        request = context.request
        is_internal = request.path.startswith(INTERNAL_PREFIX)
        if not is_internal and not self.routes.leads_beyond(INTERNAL_PREFIX):
            return
        match = self.routes.find(request)
        if match is None:
            if is_internal:
                LOG.warning("Unable to find resource handler for path: %s", request.path)
                answer_no_resource(chain, context)
        else:
            adopt(response, self.routes.call(match, request))
            chain.stop()


@dataclass(frozen=True)
class EdgeRoutes:
    """The routes of extensions."""

    routes: Routes

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        match = self.routes.find(context.request)
        if match is not None:
            adopt(response, self.routes.call(match, context.request))
            chain.stop()


def adopt(response: Response, answer: WerkzeugResponse) -> None:
    """Make a route's answer the response of the chain; headers that handlers have set before stay beside its own."""
    if not isinstance(answer.headers, Headers):  # a published extension assigns those of an answer of requests
        answer.headers = Headers(answer.headers)
    if len(response.headers._list) == 1 and not response.response:
        # untouched so far: what update_from copies piece by piece can be taken over as it is
        response.headers = answer.headers
        response._status = answer._status
        response._status_code = answer._status_code
        response.response = answer.response
        response._on_close.extend(answer._on_close)
    else:
        response.update_from(answer)


@dataclass(frozen=True)
class AwsHandlers:
    """The steps of an AWS request; they pass over what the emulation does not claim."""

    emulation: Emulation
    paces: dict[tuple[str, str, bool], Pace] = field(default_factory=dict)
    """How long each operation takes, apart for large bodies."""

    def recognise(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if self.emulation.claims(context.request):
            context.is_aws_request = True
            self.emulation.recognise(context)

    def call(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.service is None or context.operation is None:
            return
        environ = context.request.environ
        is_large = len(environ.get("CONTENT_LENGTH", "")) > _DIGITS_OF_SMALL
        operation = context.service.service_name, context.operation.name, is_large
        pace = self.paces.get(operation) or self.paces.setdefault(operation, Pace())
        if pace.is_slow and (leave := environ.get(LEAVE_KEY)):
            leave()
        started = perf_counter()
        try:
            self.emulation.call(context, response)
        finally:
            pace.note(perf_counter() - started)
        chain.stop()

    def read_answer(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.operation is not None:
            self.emulation.read_answer(context, response)

    def write_answer(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.operation is not None:
            self.emulation.write_answer(context, response)
