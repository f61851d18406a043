"""The baseline: the same routes and handlers on rolo's own Twisted server, with nothing else in the chain.

python -m leanto_bench.rolo_on_twisted PORT
"""

from __future__ import annotations

import sys
from typing import Any

from rolo import Request, Router
from rolo.dispatcher import handler_dispatcher
from rolo.gateway import Gateway
from rolo.gateway.handlers import RouterHandler
from rolo.serving.twisted import TwistedGateway

from .routes import HANDLERS, add_routes, pass_by

WORKERS = 1000
"""As many threads as the AWS gateways that are built on it have."""


def health(request: Request) -> dict[str, dict[str, str]]:
    return {"services": {}}


def gateway() -> Gateway:
    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/_localstack/health", health, methods=["GET"])
    add_routes(router)
    return Gateway(
        request_handlers=[RouterHandler(router, respond_not_found=True)], response_handlers=[pass_by] * HANDLERS
    )


def main(port: int) -> None:
    from twisted.internet import reactor

    server: Any = reactor  # its type is known only when it runs
    server.suggestThreadPoolSize(WORKERS)
    server.listenTCP(port, TwistedGateway(gateway()), backlog=1024, interface="127.0.0.1")
    server.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
