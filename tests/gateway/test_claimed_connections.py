"""Extensions that have connections forwarded, as their users meet them: the example of the docs on a platform."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from doors import DEADLINE_SECONDS
from platforms import Home, Platform
from tcp_server import serve

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connections.md"

BROKEN = """
from localstack.extensions.api import Extension

def explode(first):
    raise ValueError("the matcher is broken")

class TheExtension(Extension):
    name = "broken"

    def update_gateway_connections(self, connections):
        connections.forward_tcp(explode, "127.0.0.1", 1)
"""


@pytest.fixture
def cache() -> Iterator[int]:
    """A server that answers every PING of Redis."""

    def pong(sock: socket.socket) -> None:
        with sock:
            while sock.recv(1024):
                sock.sendall(b"+PONG\r\n")

    with serve(pong) as port:
        yield port


def ping(platform: Platform) -> bytes:
    with socket.create_connection(("127.0.0.1", platform.port), DEADLINE_SECONDS) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        return client.recv(1024)


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


def test_the_example_of_the_docs_serves_redis_grpc_http_and_aws_on_one_port(
    home: Home, start: Callable[..., Platform], cache: int, greeter: int
) -> None:
    home.write_extension("broken", BROKEN)
    home.write_extension("cache", example())
    platform = start(CACHE_PORT=str(cache), GREETER_PORT=str(greeter))
    assert ping(platform) == b"+PONG\r\n"
    with grpc.insecure_channel(f"127.0.0.1:{platform.port}") as channel:
        call = channel.stream_stream("/demo.Greeter/Chat")
        assert list(call(iter([b"a", b"bc"]), timeout=DEADLINE_SECONDS)) == [b"aa", b"bcbc"]
    assert platform.client("sts").get_caller_identity()["Account"] == "000000000000"
    listed = {e["name"]: e for e in platform.get("/_localstack/extensions/list").json()}
    assert f"TCP claim: cache_ext.is_redis to 127.0.0.1:{cache}" in listed["cache"]["contributions"]
    assert f"HTTP/2 claim: cache_ext.is_greeter_call to 127.0.0.1:{greeter}" in listed["cache"]["contributions"]
    for _ in range(9):
        with socket.create_connection(("127.0.0.1", platform.port), DEADLINE_SECONDS) as client:
            client.sendall(b"\0nobody's\r\n\r\n")
            assert client.recv(1024).startswith(b"HTTP/1.1 400")
    platform.wait_for("extension broken is degraded: its TCP claim broken_ext.explode failed 10 times", platform.stderr)
    assert platform.log.count("the matcher is broken") == 10
    assert "broken_ext.py:5 in explode" in platform.log
    assert ping(platform) == b"+PONG\r\n"
    assert platform.signal() == 0
    assert "Traceback" not in platform.log


def test_twisted_says_that_it_forwards_nothing(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("cache", example())
    platform = start(GATEWAY_SERVER="twisted")
    platform.wait_for("extension cache claims connections, but GATEWAY_SERVER=twisted forwards none", platform.stderr)
    assert platform.get("/_localstack/health").status_code == 200
