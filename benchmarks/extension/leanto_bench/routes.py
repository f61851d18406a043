"""The routes and no-op handlers that every server gets; needs nothing but rolo.

BENCH_ROUTES    how many other routes there are besides those that are called
BENCH_HANDLERS  how many no-op handlers see every answer
"""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

from rolo import Request, Response

OTHER_ROUTES = int(os.environ.get("BENCH_ROUTES", "0"))
HANDLERS = int(os.environ.get("BENCH_HANDLERS", "0"))

SLOW_SECONDS = 1.0

_PATTERNS = (
    ("/other/{number}/static", None),
    ("/other/{number}/<item>", None),
    ("/other/{number}/<path:rest>", None),
    ("/other/{number}/posted", ["POST"]),
)
"""Rule and methods; the other routes are these in turn."""


def add_routes(router: Any) -> None:
    """Add the routes one by one, as extensions do.

    :param router: a ``rolo.Router``; untyped because every server has a subclass of its own
    """
    for number in range(OTHER_ROUTES):
        rule, methods = _PATTERNS[number % len(_PATTERNS)]
        router.add(rule.format(number=number), other, methods=methods)
    router.add("/bench/items/<item>", item_of, methods=["GET"])
    router.add("/bench/bytes/<int:size>", bytes_of, methods=["GET"])
    router.add("/bench/upload", upload, methods=["POST"])
    router.add("/bench/slow", slow, methods=["GET"])


def item_of(request: Request, item: str) -> dict[str, str]:
    return {"item": item}


def bytes_of(request: Request, size: int) -> Response:
    return Response(_body(size), content_type="application/octet-stream")


def upload(request: Request) -> dict[str, int]:
    return {"size": len(request.get_data())}


def slow(request: Request) -> dict[str, float]:
    time.sleep(SLOW_SECONDS)
    return {"slept": SLOW_SECONDS}


def other(request: Request, **arguments: str) -> dict[str, str]:
    return arguments


def pass_by(chain: Any, context: Any, response: Any) -> None:
    """The no-op handler."""


@cache
def _body(size: int) -> bytes:
    return b"x" * size
