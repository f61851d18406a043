"""``GET /``: what is served here, as a page for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rolo import Response
from rolo.gateway import HandlerChain

from localstack.aws.api import RequestContext
from localstack.host.gateway.emulation import Emulation
from localstack.host.gateway.resources import EDITION, ExtensionView
from localstack.host.version import LOCALSTACK_VERSION, leanto_version

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class StatusPage:
    """Request handler that answers ``GET /`` unless the request is one for AWS (``ListBuckets`` has the same path)."""

    emulation: Emulation
    extensions: Callable[[], Sequence[ExtensionView]]

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        request = context.request
        if request.path != "/" or request.method not in ("GET", "HEAD") or self.emulation.claims(request):
            return
        if "text/html" in request.headers.get("Accept", ""):
            chain.respond(200, self._html(), {"Content-Type": "text/html; charset=utf-8", **_HEADERS})
        else:
            names = [view.name for view in self.extensions() if view.state in ("loaded", "degraded")]
            chain.respond(
                200,
                {
                    "leanto": leanto_version(),
                    "version": LOCALSTACK_VERSION,
                    "edition": EDITION,
                    "extensions": names,
                    "health": "/_localstack/health",
                },
            )

    def _html(self) -> str:
        from jinja2 import Environment, PackageLoader  # only when somebody looks: keeps the start lean

        environment = Environment(loader=PackageLoader("localstack.host.gateway", "pages"), autoescape=True)
        services: dict[str, list[str]] = {"running": []}  # first: few among many
        for name, state in sorted(self.emulation.service_states().items()):
            services.setdefault(state, []).append(name)
        return environment.get_template("status.html").render(
            version=LOCALSTACK_VERSION, leanto=leanto_version(), extensions=self.extensions(), services=services
        )
