"""Stands in for WireMock: its health page, and stubs for one method and path each."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STUBS: dict[tuple[str, str], tuple[int, str]] = {}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/__admin/health":
            self._answer(200, json.dumps({"status": "healthy"}))
        else:
            self._answer(*STUBS.get(("GET", self.path), (404, "no stub")))

    def do_POST(self) -> None:
        stub = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request, response = stub["request"], stub["response"]
        STUBS[(request["method"], request["urlPath"])] = (response["status"], response["body"])
        self._answer(201, json.dumps({"id": "1"}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


ThreadingHTTPServer(("127.0.0.1", 8080), Pages).serve_forever()
