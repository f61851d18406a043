"""The same requests to both servers, our own and Twisted's: the same status, headers and bytes come back.

Left out of the comparison are headers that belong to the server, not to the answer: ``Date``, ``Server``,
``Connection``, how a body is framed (``Content-Length`` and ``Transfer-Encoding``; the body's bytes are compared) and
values that are new each time (request ids). The order of headers is compared per name only, and Twisted writes some
names in another case.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from doors import Answer, Client, chunked, request
from platforms import Home, Platform, free_port

EXTENSION = """
import json
from rolo import route
from werkzeug.exceptions import Forbidden
from localstack.extensions.api import Extension
from localstack.http import Response

class Api:
    @route("/same/echo/<path:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def echo(self, request, path):
        return {"method": request.method, "path": path, "query": request.query_string.decode(), "raw": raw(request),
                "url": request.url, "base": request.base_url, "host": request.host, "args": request.args.to_dict(False),
                "form": request.form.to_dict(False), "headers": sorted(headers(request)), "scheme": request.scheme,
                "cookies": request.cookies.to_dict(), "type": request.mimetype, "length": len(request.get_data())}

    @route("/same/text")
    def text(self, request):
        return "te\\u00dft"

    @route("/same/bytes")
    def bytes(self, request):
        return b"\\xff\\0"

    @route("/same/list")
    def list(self, request):
        return [1, {"a": None}]

    @route("/same/nothing")
    def nothing(self, request):
        return None

    @route("/same/tuple")
    def tuple(self, request):
        return Response("teapot", status=418, headers={"X-Case": "Kept", "x-lower": "kept"})

    @route("/same/cookies")
    def cookies(self, request):
        response = Response("cookies")
        response.set_cookie("a", "1", httponly=True)
        response.set_cookie("b", "2")
        return response

    @route("/same/stream")
    def stream(self, request):
        return Response((f"line {n}\\n" for n in range(100)), mimetype="text/event-stream")

    @route("/same/large")
    def large(self, request):
        return Response(b"0123456789" * 300_000, mimetype="application/octet-stream")

    @route("/same/redirect")
    def redirect(self, request):
        return Response(status=302, headers={"Location": "/same/t\\u00e9xt?a b"})

    @route("/same/empty")
    def empty(self, request):
        return Response(status=204)

    @route("/same/forbidden")
    def forbidden(self, request):
        raise Forbidden("not for you")

    @route("/same/broken")
    def broken(self, request):
        raise RuntimeError("the route is broken")

def raw(request):
    from rolo.request import get_raw_path
    return get_raw_path(request)

def headers(request):
    return [[name.lower(), value] for name, value in request.headers.items() if name.lower() != "content-length"]

class TheExtension(Extension):
    name = "same"
    def update_gateway_routes(self, router):
        router.add(Api())
"""

FORM = "Content-Type: application/x-www-form-urlencoded"
AWS = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=x, Signature=0"
S3 = AWS.format("s3")
CHUNKED_UPLOAD = b"PUT /same/echo/up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

REQUESTS: dict[str, bytes] = {
    "GET": request("/same/echo/a"),
    "POST": request("/same/echo/a", "POST", b"body"),
    "PUT of a large body": request("/same/echo/a", "PUT", b"x" * 3_000_000),
    "PUT in chunks": CHUNKED_UPLOAD + chunked([b"one", b"two" * 1000]),
    "DELETE": request("/same/echo/a", "DELETE"),
    "PATCH": request("/same/echo/a", "PATCH", b"{}", "Content-Type: application/json"),
    "HEAD": request("/same/echo/a", "HEAD"),
    "OPTIONS": request("/same/echo/a", "OPTIONS"),
    "a preflight": request("/same/echo/a", "OPTIONS", None, "Origin: http://localhost:4200"),
    "a foreign origin": request("/same/echo/a", "POST", b"", "Origin: https://evil.example"),
    "a method that the route has not": request("/same/text", "DELETE"),
    "HTTP/1.0": b"GET /same/text HTTP/1.0\r\nHost: localhost\r\n\r\n",
    "a query": request("/same/echo/a?x=1&x=2&y=%2F+%C3%A9&z"),
    "a quoted slash": request("/same/echo/a%2Fb"),
    "two slashes": request("/same/echo//a//b"),
    "plus and space": request("/same/echo/a+b%20c"),
    "UTF-8": request("/same/echo/%C3%A9%E2%82%AC"),
    "no UTF-8": request("/same/echo/%FF"),
    "dots": request("/same/echo/../a/./b"),
    "absolute form": request("http://localhost/same/echo/a?b=c"),
    "a form": request("/same/echo/a", "POST", b"a=1&a=2&b=%20", FORM),
    "cookies up": request("/same/echo/a", "GET", None, "Cookie: a=1; b=2"),
    "repeated headers": request("/same/echo/a", "GET", None, "X-Many: 1", "X-Many: 2", "X-Other: \xe9"),
    "another host": b"GET /same/echo/a HTTP/1.1\r\nHost: Example.ORG:8080\r\n\r\n",
    "text": request("/same/text"),
    "bytes": request("/same/bytes"),
    "a list": request("/same/list"),
    "nothing": request("/same/nothing"),
    "a status and headers": request("/same/tuple"),
    "cookies down": request("/same/cookies"),
    "a stream": request("/same/stream"),
    "HEAD of a stream": request("/same/stream", "HEAD"),
    "a large answer": request("/same/large"),
    "a redirect": request("/same/redirect"),
    "no content": request("/same/empty"),
    "an HTTP exception": request("/same/forbidden"),
    "an exception": request("/same/broken"),
    "no such path": request("/no/such/path"),
    "no such internal path": request("/_localstack/nothing"),
    "the status for programs": request("/"),
    "the status for browsers": request("/", "GET", None, "Accept: text/html"),
    "plugins": request("/_localstack/plugins"),
    "make a bucket": request("/same-bucket", "PUT", b"", S3),
    "put an object": request("/same-bucket/a%2Fb//c+d%20%C3%A9", "PUT", b"object", S3, "x-amz-meta-Case: Kept"),
    "get an object": request("/same-bucket/a%2Fb//c+d%20%C3%A9", "GET", None, S3),
    "get a range": request("/same-bucket/a%2Fb//c+d%20%C3%A9", "GET", None, S3, "Range: bytes=1-3"),
    "head an object": request("/same-bucket/a%2Fb//c+d%20%C3%A9", "HEAD", None, S3),
    "no such key": request("/same-bucket/nothing", "GET", None, S3),
    "a query protocol": request("/", "POST", b"Action=GetCallerIdentity&Version=2011-06-15", FORM, AWS.format("sts")),
    "a query protocol's error": request("/", "POST", b"Action=Nothing&Version=2011-06-15", FORM, AWS.format("sts")),
    "a JSON protocol": request(
        "/", "POST", b'{"QueueName": "same"}', "Content-Type: application/x-amz-json-1.0",
        "X-Amz-Target: AmazonSQS.CreateQueue", AWS.format("sqs"),
    ),
}  # fmt: skip

OF_THE_SERVER = {"date", "server", "connection", "content-length", "transfer-encoding"}
NEW_EACH_TIME = {"x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "last-modified"}
NEW_IN_BODIES = (
    re.compile(rb"(?<=<RequestId>)[^<]+"),
    re.compile(rb"(?<=<RequestID>)[^<]+"),
)


@dataclass(frozen=True)
class Seen:
    """What two servers must agree on."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


def seen(answer: Answer) -> Seen:
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        if name.lower() not in OF_THE_SERVER:
            headers.setdefault(name.lower(), []).append("" if name.lower() in NEW_EACH_TIME else value)
    body = answer.body
    for pattern in NEW_IN_BODIES:
        body = pattern.sub(b"new", body)
    return Seen(answer.status, headers, body)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Seen]]:
    """What each server answers to each request; both on the same port, one after the other."""
    port = free_port()
    return {server: ask_all(server, tmp_path_factory.mktemp(server), port) for server in ("leanto", "twisted")}


def ask_all(server: str, folder: Path, port: int) -> dict[str, Seen]:
    home = Home(folder)
    home.write_extension("same", EXTENSION)
    environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}", EXTENSION_DEV_MODE="1", GATEWAY_SERVER=server)
    with subprocess.Popen(
        [sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner"],
        env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        platform = Platform(process, port, folder, os.environ)
        try:
            platform.wait_for(r"^Ready\.$", platform.stdout)
            return {name: ask(port, data) for name, data in REQUESTS.items()}
        finally:
            platform.signal()


def ask(port: int, data: bytes) -> Seen:
    with Client(port) as client:
        client.send(data)
        return seen(client.read(data.split(b" ", 1)[0].decode()))


@pytest.mark.parametrize("name", REQUESTS)
def test_both_servers_give_the_same_answer(answers: dict[str, dict[str, Seen]], name: str) -> None:
    assert answers["leanto"][name] == answers["twisted"][name]


def test_the_answers_are_those_that_were_meant(answers: dict[str, dict[str, Seen]]) -> None:
    """Two servers that fail alike would pass the comparison."""
    statuses = {name: answer.status for name, answer in answers["leanto"].items() if answer.status != 200}
    assert statuses == {
        "OPTIONS": 204,
        "a preflight": 403,
        "a foreign origin": 403,
        "two slashes": 308,
        "a status and headers": 418,
        "a redirect": 302,
        "no content": 204,
        "an HTTP exception": 403,
        "an exception": 500,
        "no such path": 404,
        "no such internal path": 404,
        "get a range": 206,
        "no such key": 404,
        "a query protocol's error": 400,
    }
