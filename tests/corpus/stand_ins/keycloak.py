"""Stands in for Keycloak: its health page, and of its administration what makes a realm with a client and a user."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MADE: list[str] = []


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/health/ready":
            self._answer(200, {"status": "UP"})
        elif self.path.startswith("/realms/"):
            self._answer(200 if MADE else 404, {"realm": self.path.split("/")[2], "made": MADE})
        elif self.path.endswith("/service-account-user"):
            self._answer(200, {"id": "1"})
        elif "/users?" in self.path and not any(path.endswith("/users") for path in MADE):
            self._answer(200, [])
        else:
            self._answer(200, [{"id": "1", "name": "admin"}])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/token"):
            self._answer(200, {"access_token": "token"})
        else:
            MADE.append(self.path)
            self._answer(201, {})

    def _answer(self, status: int, document: Any) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", 9000), Pages).serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", 8080), Pages).serve_forever()
