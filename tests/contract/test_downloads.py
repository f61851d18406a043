"""``localstack.utils.http``, against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from localstack.utils.http import download, uses_chunked_encoding

BODY = bytes(range(256)) * 10_000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n0\r\n\r\n")
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY[:1000])
            self.close_connection = True
        else:
            content = BODY if self.headers.get("X-Key") == "open" else b"no"
            self.send_response(200 if content is BODY else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_downloaded_whole_with_the_headers_asked_for(url: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.bin"
    download(f"{url}/file", target, timeout=30, request_headers={"X-Key": "open"})
    assert target.read_bytes() == BODY
    (tmp_path / "made").touch()
    assert target.stat().st_mode == (tmp_path / "made").stat().st_mode, "as readable as any new file"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("path", ["/cut", "/forbidden"])
def test_what_can_not_be_had_leaves_the_file_as_it_was(url: str, tmp_path: Path, path: str) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(requests.RequestException):
        download(url + path, str(target), timeout=30)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_answer_in_chunks_is_told_from_one_of_known_length(url: str) -> None:
    assert uses_chunked_encoding(requests.get(f"{url}/chunked", timeout=30))
    assert not uses_chunked_encoding(requests.get(f"{url}/file", timeout=30))
