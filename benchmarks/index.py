"""A package index on this machine that hands PyPI's files on, and remembers them.

It answers with the caching headers of PyPI: pages for ten minutes, files for ever. Proxies in front of PyPI often leave
them out; then neither uv nor pip has a warm cache, and what is measured is the way to the proxy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from benchmarks.servers import HOST

_PAGES = "https://pypi.org"
_FILES = "https://files.pythonhosted.org"
_TIMEOUT_SECONDS = 60


@contextmanager
def local_index() -> Iterator[str]:
    """Serve until the block ends; gives the index's URL, e.g. ``"http://127.0.0.1:41234/simple"``."""
    server = make_server(HOST, 0, Request.application(_Index().answer), threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True, name="package-index").start()
    try:
        yield f"http://{HOST}:{server.port}/simple"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the table of figures is what is to be read."""


class _Index:
    def __init__(self) -> None:
        self._known: dict[tuple[str, str], requests.Response] = {}

    def answer(self, request: Request) -> Response:
        is_page = request.path.startswith("/simple/")
        found = self._fetch((_PAGES if is_page else _FILES) + request.path, request.headers.get("Accept", "*/*"))
        content = found.content
        if is_page:
            content = content.replace(_FILES.encode(), request.host_url.rstrip("/").encode())
        response = Response(content, found.status_code, content_type=found.headers.get("Content-Type"))
        response.headers["Cache-Control"] = f"max-age={600 if is_page else 365_000_000}, public"
        response.vary.add("Accept")
        response.add_etag()
        if found.ok:
            response.make_conditional(request, accept_ranges=True, complete_length=len(content))
        return response

    def _fetch(self, url: str, accept: str) -> requests.Response:
        if (url, accept) not in self._known:
            self._known[url, accept] = requests.get(url, headers={"Accept": accept}, timeout=_TIMEOUT_SECONDS)
        return self._known[url, accept]
