"""``GATEWAY_SERVER=twisted``: TLS on the same port, and extensions that patch Twisted's classes."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest
import requests
from websockets.sync.client import connect

from doors import DEADLINE_SECONDS
from http2_client import Http2Client
from platforms import Home, Platform
from tcp_server import serve

SECURE = """
import hashlib
from rolo import route
from rolo.websocket import WebSocketRequest
from localstack.extensions.api import Extension

class Api:
    @route("/secure/digest", methods=["GET", "POST"])
    def digest(self, request):
        return {"url": request.url, "digest": hashlib.sha256(request.get_data()).hexdigest()}

    @route("/secure/large")
    def large(self, request):
        from rolo import Response
        return Response(b"0123456789" * 500_000)

    @route("/secure/socket", methods=["WEBSOCKET"])
    def socket(self, request: WebSocketRequest):
        with request.accept() as socket:
            for message in socket:
                socket.send(message * 2)

class TheExtension(Extension):
    name = "secure"

    def update_gateway_routes(self, router):
        router.add(Api())
"""

PROXIED = """
import os

from localstack.extensions.api import Extension
from localstack_extensions.utils.h2_proxy import apply_http2_patches_for_grpc_support
from localstack_extensions.utils.tcp_protocol_router import (
    patch_gateway_for_tcp_routing, register_tcp_extension, unregister_tcp_extension
)

class TheExtension(Extension):
    name = "proxied"

    def update_gateway_routes(self, router):
        patch_gateway_for_tcp_routing()
        register_tcp_extension("proxied", is_postgres, "127.0.0.1", int(os.environ["DATABASE_PORT"]))
        apply_http2_patches_for_grpc_support("127.0.0.1", int(os.environ["GREETER_PORT"]), is_call)

    def on_platform_shutdown(self):
        unregister_tcp_extension("proxied")

def is_postgres(first):
    return first[4:8] == b"\\x00\\x03\\x00\\x00"

def is_call(headers):
    return "grpc" in headers.get("content-type", "")
"""

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "leanto-test-proxied"
version = "0.1.0"
dependencies = ["localstack-extensions-utils"]

[project.entry-points."localstack.extensions"]
proxied = "proxied_ext:TheExtension"

[tool.setuptools]
py-modules = ["proxied_ext"]
"""

BIG = bytes(range(256)) * 20_000


def test_tls_is_told_by_the_first_byte(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("secure", SECURE)
    platform = start(GATEWAY_SERVER="twisted")
    url = f"https://localhost:{platform.port}"
    ssl.get_server_certificate(("localhost", platform.port))  # the first one to ask has it made
    certificate = str(home.volume / "cache" / "server.pem")
    with requests.Session() as session:
        options: dict[str, Any] = {"verify": certificate, "timeout": DEADLINE_SECONDS}
        answer = session.post(f"{url}/secure/digest", data=BIG, **options)
        assert answer.json() == {"url": f"{url}/secure/digest", "digest": hashlib.sha256(BIG).hexdigest()}
        assert session.get(f"{url}/secure/large", **options).content == b"0123456789" * 500_000
    context = ssl.create_default_context(cafile=certificate)
    with connect(f"wss://localhost:{platform.port}/secure/socket", ssl=context) as client:
        client.send("ab")
        assert client.recv() == "abab"
    context.set_alpn_protocols(["h2"])
    sock = socket.create_connection(("127.0.0.1", platform.port), DEADLINE_SECONDS)
    with Http2Client(context.wrap_socket(sock, server_hostname="localhost")) as client2:
        client2.flush()
        assert client2.ask("/secure/large").body == b"0123456789" * 500_000
    assert platform.get("/secure/digest").json()["url"] == f"{platform.url}/secure/digest"
    sts = boto3.client(
        "sts",
        "us-east-1",
        endpoint_url=url,
        verify=certificate,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    assert sts.get_caller_identity()["Account"] == "000000000000"
    with socket.create_connection(("127.0.0.1", platform.port), DEADLINE_SECONDS) as garbage:
        garbage.sendall(b"\x16\x03\x01\x00\x05hello")
        while garbage.recv(1024):
            pass
    assert platform.signal() == 0
    assert "Traceback" not in platform.log


@pytest.fixture
def database() -> Iterator[int]:
    """Answers a start-up packet as PostgreSQL does, then sends back what comes: the patches are under test, not SQL."""

    def answer(sock: socket.socket) -> None:
        with sock:
            (length,) = struct.unpack(">I", sock.recv(4))
            sock.recv(length - 4)
            sock.sendall(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")
            while data := sock.recv(65536):
                sock.sendall(data)

    with serve(answer) as port:
        yield port


@pytest.mark.index
def test_extensions_made_for_twisted_forward_tcp_and_grpc_under_either_server(
    package_index: None, home: Home, start: Callable[..., Platform], tmp_path: Path, database: int, greeter: int
) -> None:
    project = tmp_path / "proxied"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "proxied_ext.py").write_text(PROXIED)
    installed = home.run("extensions", "install", f"file://{project}")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    ports = {"DATABASE_PORT": str(database), "GREETER_PORT": str(greeter)}
    for server in ("twisted", "leanto"):
        platform = start(GATEWAY_SERVER=server, **ports)
        assert "loaded 1 extensions" in platform.log
        with socket.create_connection(("127.0.0.1", platform.port), DEADLINE_SECONDS) as client:
            client.sendall(struct.pack(">II", 17, 0x30000) + b"user\0me\0\0")
            stream = client.makefile("rb")
            assert stream.read(15) == b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
            client.sendall(BIG)
            assert stream.read(len(BIG)) == BIG
            stream.close()
        with grpc.insecure_channel(f"127.0.0.1:{platform.port}") as channel:
            call = channel.stream_stream("/demo.Greeter/Chat")
            assert list(call(iter([b"a", b"bc"]), timeout=DEADLINE_SECONDS)) == [b"aa", b"bcbc"]
        assert platform.client("sts").get_caller_identity()["Account"] == "000000000000"
        assert "requires Twisted" not in platform.log
        if server == "leanto":
            (listed,) = platform.get("/_localstack/extensions/list").json()
            assert listed["contributions"] == [
                f"TCP claim: proxied_ext.is_postgres to 127.0.0.1:{database}",
                f"HTTP/2 claim: proxied_ext.is_call to 127.0.0.1:{greeter}",
            ]
        assert platform.signal() == 0
        assert "failed" not in platform.log
