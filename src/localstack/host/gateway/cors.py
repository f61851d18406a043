"""Which web pages may call the gateway: origins are checked, preflights answered, headers added."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rolo import Request, Response
from rolo.gateway import HandlerChain
from werkzeug.datastructures import Headers

from localstack.aws.api import RequestContext
from localstack.host.settings import LOCALHOST_HOSTNAME, Settings

LOG = logging.getLogger("localstack.aws.handlers.cors")

_METHODS = "HEAD,GET,PUT,POST,DELETE,OPTIONS,PATCH"
_REQUEST_HEADERS = (
    "authorization", "cache-control", "content-length", "content-md5", "content-type", "etag", "location",
    "x-amz-acl", "x-amz-content-sha256", "x-amz-date", "x-amz-request-id", "x-amz-security-token", "x-amz-tagging",
    "x-amz-target", "x-amz-user-agent", "x-amz-version-id", "x-amzn-requestid", "x-localstack-target",
    "amz-sdk-invocation-id", "amz-sdk-request",
)  # fmt: skip
_EXPOSED_HEADERS = ("etag", "x-amz-version-id", "x-amz-log-result", "x-amz-executed-version", "x-amz-function-error")
_PAGE_SUBDOMAINS = ("s3-website", "cloudfront")
_EXECUTE_API = re.compile(r"^/restapis/[^/]+/[^/]+/_user_request_|^/_aws/execute-api")


def default_origins(settings: Settings) -> list[str]:
    """Origins allowed from the start: pages served by this machine's gateway, and those the user names.

    ``app.localstack.cloud`` is not among them: a site of somebody else must not control the local platform unasked.
    """
    origins = ["https://localhost", f"https://{LOCALHOST_HOSTNAME}", "file://"]
    for port in dict.fromkeys(address.port for address in settings.gateway_listen):
        origins += [
            f"{scheme}://{host}:{port}"
            for host in ("localhost", LOCALHOST_HOSTNAME, "127.0.0.1", "[::1]")
            for scheme in ("http", "https")
        ]
    return [*origins, *settings.extra_cors_allowed_origins]


@dataclass(frozen=True)
class CorsPolicy:
    """The CORS rules of the gateway; ``origins`` is the live list that extensions append to."""

    settings: Settings
    origins: Sequence[str]

    def enforce(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        """Request handler: refuse foreign pages with 403, answer ``OPTIONS`` with 204."""
        request = context.request
        origin = _origin(request)
        if (origin is None and request.method != "OPTIONS") or self._is_self_managed(context):
            return
        if not self.settings.disable_cors_checks and not self._is_allowed(origin):
            LOG.info("Blocked CORS request from forbidden origin %s", origin)
            response.status_code = 403
            chain.terminate()
        elif request.method == "OPTIONS" and not self.settings.disable_preflight_processing:
            response.status_code = 204
            chain.stop()

    def add_headers(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        """Response handler: what a browser needs to hand the answer to the page."""
        request_headers = context.request.headers
        origin = request_headers.get("Origin")
        if origin is None or self.settings.disable_cors_headers or self._is_self_managed(context):
            return
        headers = response.headers
        if "Access-Control-Allow-Origin" not in headers:
            headers["Access-Control-Allow-Origin"] = "*" if self.settings.disable_cors_checks else origin
        if headers["Access-Control-Allow-Origin"] != "*":
            headers.setdefault("Access-Control-Allow-Credentials", "true")
        headers.setdefault("Access-Control-Allow-Methods", _METHODS)
        headers.setdefault("Access-Control-Allow-Headers", self._allowed_headers(request_headers))
        headers.setdefault(
            "Access-Control-Expose-Headers", ",".join((*_EXPOSED_HEADERS, *self.settings.extra_cors_expose_headers))
        )
        if request_headers.get("Access-Control-Request-Private-Network") == "true":
            headers.setdefault("Access-Control-Allow-Private-Network", "true")
        headers.add("Vary", "Origin")
        for name in [n for n, value in headers if n.lower().startswith("access-control-") and not value]:
            del headers[name]

    def _allowed_headers(self, request_headers: Headers) -> str:
        asked = [part.strip() for part in request_headers.get("Access-Control-Request-Headers", "").split(",")]
        known = (*_REQUEST_HEADERS, *self.settings.extra_cors_allowed_headers)
        return ",".join(dict.fromkeys([*known, *(name.lower() for name in asked if name)]))

    def _is_allowed(self, origin: str | None) -> bool:
        return origin is None or "*" in self.origins or origin in self.origins or self._is_local_page(origin)

    def _is_local_page(self, origin: str) -> bool:
        """Pages that the emulation itself serves: ``<id>.s3-website.<domain>``, ``<id>.cloudfront.<domain>``."""
        try:
            url = urlsplit(origin)
            port = url.port
        except ValueError:
            return False
        domains = {"localhost", LOCALHOST_HOSTNAME, self.settings.localstack_host.host}
        suffixes = tuple(f".{kind}.{domain}" for kind in _PAGE_SUBDOMAINS for domain in domains)
        known_port = port is None or any(port == address.port for address in self.settings.gateway_listen)
        return url.scheme in ("http", "https") and known_port and (url.hostname or "").endswith(suffixes)

    def _is_self_managed(self, context: RequestContext) -> bool:
        """S3 buckets and API Gateway have CORS rules of their own, once they are known to be meant."""
        if context.service is not None and context.service.service_name == "s3":
            return not self.settings.disable_custom_cors_s3
        if ".execute-api." in context.request.host or _EXECUTE_API.match(context.request.path):
            return not self.settings.disable_custom_cors_apigateway
        return False


def _origin(request: Request) -> str | None:
    """The page's origin: ``Origin``, else ``Referer`` reduced to scheme and host; ``None`` when there is neither."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return str(origin)
    referer = request.headers.get("Referer")
    if referer is None:
        return None
    url = urlsplit(referer)
    return f"{url.scheme}://{url.netloc}"
