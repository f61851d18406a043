"""What is in a platform: its own extension tells over HTTP, the operating system tells the rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Set
from dataclasses import dataclass

import psutil

from platforms import Home, Platform

PATIENCE_SECONDS = 10.0
"""How long what an extension had may take to be gone: processes end when they please."""

SOURCE = '''
import threading

from localstack.aws import handlers
from localstack.aws.handlers import cors
from localstack.extensions.api import Extension
from localstack.services.edge import ROUTER
from localstack.services.internal import get_internal_apis

LISTS = (
    "preprocess_request",
    "serve_custom_service_request_handlers",
    "run_custom_response_handlers",
    "serve_custom_exception_handlers",
    "run_custom_finalizers",
)


def is_hosts(thread):
    """The host has threads of its own, which come and go; so has Twisted, where it is the server."""
    call = getattr(thread, "func", None) or getattr(thread, "_target", None) or thread.run
    return (getattr(call, "__module__", None) or "").startswith(("localstack.host.", "twisted."))


class TheExtension(Extension):
    name = "inspector"

    def update_gateway_routes(self, router):
        router.add("/_inspector", self.inspect)

    def inspect(self, request):
        return {
            "route": [f"{rule.host or ''}{rule.rule}" for rule in ROUTER.url_map.iter_rules()],
            "internal resource": [rule.rule for rule in get_internal_apis().url_map.iter_rules()],
            "handler": [f"{name}: {one!r}" for name in LISTS for one in getattr(handlers, name).handlers],
            "CORS origin": list(cors.ALLOWED_CORS_ORIGINS),
            "thread": [one.name for one in threading.enumerate() if not is_hosts(one)],
        }
'''


@dataclass(frozen=True)
class Contents:
    """Everything that an extension can leave in a platform, as texts such as ``"route /get"``."""

    things: frozenset[str]

    @classmethod
    def of(cls, platform: Platform) -> Contents:
        told = platform.get("/_inspector").json()
        process = psutil.Process(platform.process.pid)
        children = process.children(recursive=True)
        family = [process, *(one for one in children if one.status() != psutil.STATUS_ZOMBIE)]
        things = {f"{kind} {_without_numbers(one)}" for kind, all_of in told.items() for one in all_of}
        things |= {f"process {' '.join(one.cmdline()[:4])}" for one in family[1:]}
        ports = {c.laddr.port for one in family for c in one.net_connections() if c.status == psutil.CONN_LISTEN}
        return cls(frozenset(things | {f"port {port}" for port in ports - {platform.port}}))

    def beyond(self, other: Contents) -> list[str]:
        """What is here and not there, sorted."""
        return sorted(self.things - other.things)


def _without_numbers(text: str) -> str:
    """Threads are numbered, and objects have addresses.

    >>> _without_numbers("Thread-12 (serve)")
    'Thread-# (serve)'
    """
    return re.sub(r"0x[0-9a-f]+|\d+", "#", text)


def prepare(home: Home) -> None:
    """Have platforms of this home tell what is in them; needs developer mode."""
    home.write_extension("inspector", SOURCE)


def leftovers(platform: Platform, bare: Contents, known: Set[str] = frozenset()) -> list[str]:
    """What is still there beyond a platform without extensions and what is ``known`` to stay, after some patience."""

    def find() -> list[str]:
        try:
            return [one for one in Contents.of(platform).beyond(bare) if one not in known]
        except psutil.NoSuchProcess:
            return ["a process that was just ending"]

    return _in_time(find)


def _in_time(find: Callable[[], list[str]]) -> list[str]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := find()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found
