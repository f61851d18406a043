"""Stands in for amazon-ecs-local-container-endpoints: tells in JSON what it is asked, and which variables it has."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = json.dumps({"path": self.path, "variables": sorted(os.environ)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["ECS_LOCAL_METADATA_PORT"])), Pages).serve_forever()
