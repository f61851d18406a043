"""A server of files on loopback, with ranges, that can be told to cut answers off."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FileServer:
    """Serves ``files`` by path.

    :ivar cuts: bytes after which the next answers for a path are cut off; the ones after them are whole
    :ivar requested: path and ``Range`` of every request
    :ivar hold: when set, answers begin only once it is
    :ivar packed: paths whose files are sent with ``Content-Encoding: gzip``, whatever was asked for
    :ivar encodings: what ``Content-Encoding`` says of a path's file, which is sent as it is
    :ivar shift: bytes by which ranges begin too late, as no server should let them
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    requested: list[tuple[str, str | None]] = field(default_factory=list)
    hold: threading.Event | None = None
    packed: set[str] = field(default_factory=set)
    encodings: dict[str, str] = field(default_factory=dict)
    shift: int = 0
    url: str = ""

    def sha256(self, path: str) -> str:
        return hashlib.sha256(self.files[path]).hexdigest()


@contextmanager
def serving_files() -> Iterator[FileServer]:
    server = FileServer()
    handler = type("Handler", (_Handler,), {"files": server})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield server
        http.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: FileServer

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.files.requested.append((self.path, wanted))
        if self.files.hold is not None:
            self.files.hold.wait(30)
        content = self.files.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if self.path in self.files.packed:
            content = gzip.compress(content)
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.headers["If-Range"] == tag else 0
        start += self.files.shift if start else 0
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.path in self.files.packed:
            self.send_header("Content-Encoding", "gzip")
        if self.path in self.files.encodings:
            self.send_header("Content-Encoding", self.files.encodings[self.path])
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cuts = self.files.cuts.get(self.path)
        if cuts:
            self.wfile.write(content[start : start + cuts.pop(0)])
            self.close_connection = True
        else:
            self.wfile.write(content[start:])

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""
