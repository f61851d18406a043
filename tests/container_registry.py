"""A registry of container images on loopback, which an engine in its network pulls from without TLS.

It speaks as much of the registry's API as a pull needs (https://distribution.github.io/distribution/spec/api/).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@contextmanager
def registry(root_file_system: bytes) -> Iterator[str]:
    """A registry with an image ``public``, and one ``private`` that nobody may have; its ``host:port``."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["echo", "pulled"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(root_file_system)]},
    }
    contents = {_digest(data): data for data in (root_file_system, _encoded(config))}
    manifest = _encoded(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _encoded(config)),
            "layers": [_descriptor(_LAYER, root_file_system)],
        }
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, _, last = self.path.rpartition("/")
            if self.path == "/v2/":
                self._answer(200, b"{}")
            elif name.startswith("/v2/private"):
                self._answer(401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}')
            elif name == "/v2/public/manifests" and last in ("latest", _digest(manifest)):
                self._answer(200, manifest, _MANIFEST)
            elif name == "/v2/public/blobs" and last in contents:
                self._answer(200, contents[last])
            else:
                self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')

        do_HEAD = do_GET

        def _answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", _digest(content))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def _encoded(document: Any) -> bytes:
    return json.dumps(document).encode()
