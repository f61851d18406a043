"""Our host names lead to this machine without DNS."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from localstack.host import loopback_names

NAME = "queue.sqs.localhost.localstack.cloud"


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    loopback_names.install()
    yield
    loopback_names.uninstall()


@pytest.mark.parametrize(
    "name",
    ["localhost.localstack.cloud", NAME, "S3.LocalHost.LocalStack.Cloud", f"{NAME}.", NAME.encode()],
)
def test_each_of_our_names_is_this_machine(name: str | bytes) -> None:
    (family, kind, _, _, address) = socket.getaddrinfo(name, 4566, type=socket.SOCK_STREAM)[0]
    assert (family, kind, address) == (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 4566))


def test_a_family_can_be_asked_for() -> None:
    assert {info[4][0] for info in socket.getaddrinfo(NAME, 80, socket.AF_INET)} == {"127.0.0.1"}
    assert {info[4][0] for info in socket.getaddrinfo(NAME, "http")} == {"127.0.0.1"}
    if socket.has_ipv6:
        assert {info[4][0] for info in socket.getaddrinfo(NAME, 80, socket.AF_INET6)} == {"::1"}


def test_the_older_functions_know_the_names_too() -> None:
    assert socket.gethostbyname(NAME) == "127.0.0.1"
    assert socket.gethostbyname_ex(NAME) == (NAME, [], ["127.0.0.1"])


def test_a_socket_connects_to_our_names_by_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.socket() as client:
            client.connect((NAME, port))
            assert client.getpeername() == ("127.0.0.1", port)
        with socket.socket() as client:
            assert client.connect_ex((NAME, port)) == 0
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        client.connect("/no/such/socket")


def test_flags_keep_their_meaning() -> None:
    info = socket.getaddrinfo(NAME, 80, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    assert info[0][3] == NAME
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(NAME, 80, flags=socket.AI_NUMERICHOST)


def test_other_names_are_resolved_as_before() -> None:
    loopback_names.uninstall()
    before = [socket.getaddrinfo("localhost", 80), socket.getaddrinfo(None, 80), socket.gethostbyname("127.0.0.1")]
    loopback_names.install()
    assert before == [
        socket.getaddrinfo("localhost", 80),
        socket.getaddrinfo(host=None, port=80),
        socket.gethostbyname("127.0.0.1"),
    ]
    for name in ("evillocalhost.localstack.cloud", "localhost.localstack.cloud.example", "localstack.cloud", None, 5):
        assert not loopback_names.is_loopback_name(name)


def test_clients_reach_a_server_by_name() -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.headers["Host"].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"{NAME}:{server.server_port}"
        with urllib.request.urlopen(f"http://{address}/", timeout=10) as answer:
            assert answer.read().decode() == address
        assert asyncio.run(_status_line(server.server_port)) == b"HTTP/1.0 200 OK\r\n"
        server.shutdown()


async def _status_line(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(NAME, port)
    writer.write(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


def test_installing_twice_and_taking_it_back() -> None:
    loopback_names.install()
    loopback_names.uninstall()
    assert socket.getaddrinfo.__module__ == "socket"
    assert socket.getaddrinfo.__name__ == "getaddrinfo"
    assert isinstance(socket.gethostbyname, type(len))
    loopback_names.uninstall()
