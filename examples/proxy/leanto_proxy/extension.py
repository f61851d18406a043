"""A reverse proxy: routes that come and go while the platform runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from localstack.extensions.api import Extension, http
from localstack.services.internal import get_internal_apis

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class ProxyExtension(Extension):
    """Serves ``/_localstack/proxy``, and whatever is behind the hosts that were added there."""

    name = "proxy"

    def __init__(self) -> None:
        self._upstreams: dict[str, str] = {}
        self._rules: dict[str, Any] = {}
        self._lock = Lock()

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        self._router = router  # routes may be added and removed at any time
        apis = get_internal_apis()
        apis.add("/_localstack/proxy", self.list_upstreams, methods=["GET"])
        apis.add("/_localstack/proxy/<name>", self.add_upstream, methods=["PUT"])
        apis.add("/_localstack/proxy/<name>", self.remove_upstream, methods=["DELETE"])

    def list_upstreams(self, request: http.Request) -> Mapping[str, str]:
        return dict(self._upstreams)

    def add_upstream(self, request: http.Request, name: str) -> Any:
        """``PUT {"upstream": "http://127.0.0.1:8000"}`` serves it under ``<name>.localhost.localstack.cloud``."""
        upstream = (request.get_json(force=True, silent=True) or {}).get("upstream", "")
        if not NAME.fullmatch(name):
            return http.Response(f"{name} can't be a label of a host name\n", 400)
        if not isinstance(upstream, str) or urlsplit(upstream).scheme not in ("http", "https"):
            return http.Response('"upstream" has to be a URL, such as {"upstream": "http://127.0.0.1:8000"}\n', 400)
        with self._lock:
            self._remove(name)
            host, forward = f"{name}.<__host__>", http.ProxyHandler(upstream)
            self._rules[name] = [
                self._router.add("/", forward, host=host, methods=EVERY_METHOD),
                self._router.add("/<path:path>", forward, host=host, methods=EVERY_METHOD),
            ]
            self._upstreams[name] = upstream
        return {name: upstream}

    def remove_upstream(self, request: http.Request, name: str) -> None:
        with self._lock:
            self._remove(name)

    def _remove(self, name: str) -> None:
        if self._upstreams.pop(name, None) is not None:
            self._router.remove(self._rules.pop(name))
