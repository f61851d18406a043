"""A registry of container images on loopback, which an engine in its network pulls from and pushes to without TLS.

It speaks as much of the registry's API as that needs (https://distribution.github.io/distribution/spec/api/).
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class _Registry(ThreadingHTTPServer):
    """What the registry holds.

    :ivar blobs: contents by digest
    :ivar manifests: by ``name:tag`` and ``name:digest``
    :ivar uploads: contents under way, by their names
    :ivar numbers: names for more of them
    :ivar login: the header of who may use it; anybody without one
    """

    def __init__(self, login: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.numbers = count()
        self.login = login

    def add(self, name: str, root_file_system: bytes) -> None:
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["echo", "pulled"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(root_file_system)]},
        }
        self.blobs |= {_digest(data): data for data in (root_file_system, _encoded(config))}
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _encoded(config)),
            "layers": [_descriptor(_LAYER, root_file_system)],
        }
        self.put(name, "latest", _encoded(manifest))

    def put(self, name: str, tag: str, manifest: bytes) -> None:
        self.manifests |= {f"{name}:{tag}": manifest, f"{name}:{_digest(manifest)}": manifest}


class _Handler(BaseHTTPRequestHandler):
    server: _Registry

    def do_GET(self) -> None:
        if not self._is_allowed():
            return
        name, kind, last = self._asked()
        if self.path == "/v2/":
            self._answer(200, b"{}")
        elif kind == "manifests" and f"{name}:{last}" in self.server.manifests:
            self._answer(200, self.server.manifests[f"{name}:{last}"], _MANIFEST)
        elif kind == "blobs" and last in self.server.blobs:
            self._answer(200, self.server.blobs[last])
        else:
            self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Begin to upload a blob."""
        if self._is_allowed():
            name, _, _ = self._asked()
            upload = str(next(self.server.numbers))
            self.server.uploads[upload] = b""
            self._answer(202, b"", location=f"/v2/{name}/uploads/{upload}")

    def do_PATCH(self) -> None:
        """Upload a part."""
        self.server.uploads[self._asked()[2]] += self._content()
        self._answer(202, b"", location=self.path)

    def do_PUT(self) -> None:
        """End an upload, or take a manifest."""
        name, kind, last = self._asked()
        content = self._content()
        if kind == "manifests":
            self.server.put(name, last, content)
        else:
            content = self.server.uploads.pop(last.partition("?")[0]) + content
            self.server.blobs[_digest(content)] = content
        self._answer(201, b"", digest=_digest(content))

    def _asked(self) -> tuple[str, str, str]:
        """Name of the image, kind and name of what is asked for, of ``/v2/public/blobs/sha256:…``."""
        rest, _, last = self.path.removeprefix("/v2/").rpartition("/")
        name, _, kind = rest.rpartition("/")
        return name, kind, last

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _is_allowed(self) -> bool:
        is_private = self.path.startswith("/v2/private")
        if not is_private and self.server.login in (None, self.headers.get("Authorization")):
            return True
        if self.command == "POST":  # what else is said to a push makes an engine try it again for a minute
            self._answer(403, b'{"errors": [{"code": "DENIED", "message": "access denied"}]}')
        else:
            self._answer(401, b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}')
        return False

    def _answer(
        self, status: int, content: bytes, kind: str = "application/json", location: str = "", digest: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Content-Digest", digest or _digest(content))
        if location:
            self.send_header("Location", location)
            self.send_header("Range", f"0-{len(self.server.uploads[location.rpartition('/')[2]]) - 1}")
        if status == 401 and self.server.login is not None:
            self.send_header("WWW-Authenticate", 'Basic realm="images"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def registry(root_file_system: bytes, user: str | None = None) -> Iterator[str]:
    """A registry with an image ``public``; names that begin with ``private`` nobody may have. Its ``host:port``.

    :param user: ``"name:password"``; then only who gives it may use the registry
    """
    login = None if user is None else f"Basic {b64encode(user.encode()).decode()}"
    with _Registry(login) as server:
        server.add("public", root_file_system)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _descriptor(kind: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def _encoded(document: Any) -> bytes:
    return json.dumps(document).encode()
