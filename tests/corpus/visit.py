"""Calls of a running platform, written down as they are made."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from platforms import Home, Platform

PATIENCE_SECONDS = 30.0
DOMAIN = "localhost.localstack.cloud"

_IDENTIFIER = re.compile(r"(?<=/)(?:[0-9a-f-]{36}|cus_\w+|\d{4,5})(?=/|$)")
"""What an extension made up, and is another in each run."""


@dataclass
class Visit:
    """A caller of a platform. ``called`` has each call once, e.g. ``"GET /get at httpbin"`` or ``"s3.ListBuckets"``."""

    platform: Platform
    home: Home
    called: list[str] = field(default_factory=list)

    def get(self, path: str, subdomain: str | None = None, **options: Any) -> requests.Response:
        return self.request("GET", path, subdomain, **options)

    def request(self, method: str, path: str, subdomain: str | None = None, **options: Any) -> requests.Response:
        """Send one request; ``subdomain`` is put before the platform's domain, or is a host when it has dots."""
        self._note(method, path, subdomain)
        return self.platform.request(method, path, _host(subdomain), **options)

    def get_until(self, status: int, path: str, subdomain: str | None = None) -> requests.Response:
        """Ask until the answer has ``status``, for servers that come up some time after the platform."""
        self._note("GET", path, subdomain)
        return self.platform.get_until(status, path, _host(subdomain))

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client whose calls are written down."""
        client = self.platform.client(service, **options)
        client.meta.events.register("before-call", self._noting_operation(service))
        return client

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for what the platform does some time after it was asked."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, f"in vain: {what}"
            time.sleep(0.1)

    def wait_for(self, pattern: str, lines: list[str] | None = None) -> str:
        return self.platform.wait_for(pattern, lines)

    def _note(self, method: str, path: str, subdomain: str | None) -> None:
        place = f" at {subdomain}" if subdomain else ""
        self.note(f"{method} {_IDENTIFIER.sub('…', path.partition('?')[0])}{place}")

    def _noting_operation(self, service: str) -> Callable[..., None]:
        return lambda model, **_: self.note(f"{service}.{model.name}")

    def note(self, call: str) -> None:
        """Write down a call that was made some other way."""
        if call not in self.called:
            self.called.append(call)


def _host(subdomain: str | None) -> str | None:
    return f"{subdomain}.{DOMAIN}" if subdomain and "." not in subdomain else subdomain
