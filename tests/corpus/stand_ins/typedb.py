"""Stands in for TypeDB: a page about itself, and a call of its gRPC service."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = json.dumps({"distribution": "TypeDB"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class TypeDb(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc is not typed
    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"opened: " + request)


server = grpc.server(ThreadPoolExecutor(2), handlers=[TypeDb()])
server.add_insecure_port("127.0.0.1:1729")
server.start()
ThreadingHTTPServer(("127.0.0.1", 8000), Pages).serve_forever()
