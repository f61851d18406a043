"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
UPSTREAMS = f"{URL}/_localstack/proxy"


class Echo(BaseHTTPRequestHandler):
    """Sends back what it was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = f"{self.path} {self.headers['X-Forwarded-For']} ".encode() + body
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(path: str, name: str = "echo") -> requests.Response:
    return requests.post(URL + path, headers={"Host": f"{name}.localhost.localstack.cloud"}, data="hello", timeout=10)


def test_a_server_is_reached_under_its_host_until_it_is_removed(upstream: str) -> None:
    before = ask("/").status_code
    assert requests.put(f"{UPSTREAMS}/echo", json={"upstream": upstream}, timeout=10).json() == {"echo": upstream}
    assert requests.get(UPSTREAMS, timeout=10).json() == {"echo": upstream}
    answer = ask("/a%2Fb/c?d=e")
    assert (answer.status_code, answer.text) == (201, "/a%2Fb/c?d=e 127.0.0.1 hello")
    requests.put(f"{UPSTREAMS}/echo", json={"upstream": f"{upstream}/below"}, timeout=10)
    assert ask("/x").text == "/below/x 127.0.0.1 hello"
    requests.delete(f"{UPSTREAMS}/echo", timeout=10)
    assert ask("/").status_code == before != 201
    assert requests.get(UPSTREAMS, timeout=10).json() == {}


@pytest.mark.parametrize(("name", "upstream"), [("a.b", "http://127.0.0.1:1"), ("files", "ftp://x"), ("files", 7)])
def test_what_can_not_be_served_is_refused(name: str, upstream: object) -> None:
    assert requests.put(f"{UPSTREAMS}/{name}", json={"upstream": upstream}, timeout=10).status_code == 400
    assert requests.get(UPSTREAMS, timeout=10).json() == {}
