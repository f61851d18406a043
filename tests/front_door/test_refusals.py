"""Malformed, ambiguous and endless input: each is refused or cut off, and the server goes on."""

from __future__ import annotations

import random
import select
import socket
from collections.abc import Callable

import pytest
from rolo import Request, Response

from doors import Client, Door, request, wait_until

HOST = b"Host: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

MALFORMED = {
    "garbage": b"\x00\x01\x02\x03garbage\r\n\r\n",
    "words": b"hello world\r\n\r\n",
    "a lower-case method": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown method": b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is too long": b"A" * 70_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method with a NUL": b"GE\0T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "no target": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with a space": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with a control character": b"GET /a\x01b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a version that is none": b"GET / HTTP/x.y\r\n" + HOST + b"\r\n",
    "version 3.0": b"GET / HTTP/3.0\r\n" + HOST + b"\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\n" + HOST + b"\r\n",
    "version 1.10": b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    "another protocol": b"GET / FTP/1.1\r\n" + HOST + b"\r\n",
    "a bare LF after the request line": b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    "a bare LF after a header": b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "bare LFs only": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare CR in a header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n",
    "a bare CR after the request line": b"GET / HTTP/1.1\r" + HOST + b"\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "a folded first header": b"GET / HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    "a space in a header name": b"GET / HTTP/1.1\r\n" + HOST + b"X Y: a\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"nothing\r\n\r\n",
    "a NUL in a header name": b"GET / HTTP/1.1\r\n" + HOST + b"X\0: a\r\n\r\n",
    "a NUL in a header value": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a non-ASCII header name": b"GET / HTTP/1.1\r\n" + HOST + b"X\xe9: a\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n",
    "a Host with a space": b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "a Host with a path": b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a Host with a user": b"GET / HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
    "a Host with a port that is none": b"GET / HTTP/1.1\r\nHost: localhost:http\r\n\r\n",
    "a Host longer than any name": b"GET / HTTP/1.1\r\nHost: " + b"a" * 256 + b"\r\n\r\n",
    "a Host in HTTP/1.0 that is none": b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc",
    "a hexadecimal length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x3\r\n\r\nabc",
    "an empty length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: \r\n\r\n",
    "a length with a space": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1 0\r\n\r\n0123456789",
    "a length of 80 bits": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1208925819614629174706176\r\n\r\n",
    "a chunk size that is none": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"xyz\r\n",
    "an empty chunk size": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n",
    "a negative chunk size": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"-1\r\n\r\n",
    "a chunk size with 0x": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk size of 80 bits": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"f" * 20 + b"\r\n",
    "a chunk without CRLF": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"3\r\nabcX\r\n0\r\n\r\n",
    "a chunk with bare LFs": b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"3\nabc\n0\n\n",
}  # fmt: skip

AMBIGUOUS = {
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 41\r\n\r\n",
    "two equal lengths": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"Content-Length: 0, 41\r\n\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding with a tab": b"Transfer-Encoding:\tchunked\tx\r\n\r\n0\r\n\r\n",
    "a quoted coding": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "identity": b"Transfer-Encoding: identity\r\n\r\n",
    "an empty coding": b"Transfer-Encoding: \r\n\r\n",
    "chunked is not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked twice in a list": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked and then identity": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "identity and then chunked": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip inside chunks": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon of the length": b"Content-Length : 41\r\n\r\n",
    "a space before the colon of the coding": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a coding after a bare LF": b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding after a bare CR": b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding with a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk that hides a request": CHUNKED + b"0\r\nX: y\r\n\r\r\n",
    "a bare LF ends the last chunk": CHUNKED + b"0\n\r\n",
    "a bare LF ends a chunk extension": CHUNKED + b"2;x\nxx\r\n0\r\n\r\n",
}  # fmt: skip


@pytest.fixture
def seen(door: Door) -> list[str]:
    """What reached a handler."""
    paths: list[str] = []

    def note(incoming: Request) -> Response:
        paths.append(incoming.path)
        return Response("seen")

    door.routes |= {"/": note, "/smuggled": note}
    return paths


def refusal(client: Client) -> int | None:
    """The status of the only answer on the connection; ``None`` when it was closed without one."""
    data = client.read_to_end()
    if not data:
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    assert b"Connection: close" in headers
    assert b"Content-Length: %d" % len(body) in headers, data  # one answer, and nothing after it
    return int(status.split(b" ")[1])


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_input_is_refused(door: Door, seen: list[str], what: str) -> None:
    with door.connect() as client:
        client.send(MALFORMED[what])
        assert refusal(client) in (400, 431, 501, 505)
    assert seen == []
    assert door.is_answering()


@pytest.mark.parametrize("what", AMBIGUOUS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_ambiguous_request_is_refused_and_what_follows_it_is_not_answered(
    door: Door, seen: list[str], what: str, version: str
) -> None:
    with door.connect() as client:
        client.send(
            f"POST / HTTP/{version}\r\n".encode() + HOST + b"Connection: keep-alive\r\n" + AMBIGUOUS[what] + SMUGGLED
        )
        assert refusal(client) in (400, 501)
    assert seen == []
    assert door.is_answering()


def test_chunks_in_http10_are_refused_because_an_older_proxy_would_not_understand_them(
    door: Door, seen: list[str]
) -> None:
    with door.connect() as client:
        client.send(
            b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED
        )
        assert refusal(client) == 400
    assert seen == []


def test_requests_before_the_malformed_one_are_answered_first(door: Door) -> None:
    with door.connect() as client:
        client.send(request("/echo") * 3 + b"garbage\r\n\r\n")
        assert [client.read().status for _ in range(4)] == [200, 200, 200, 400]
        assert client.read_to_end() == b""


def test_nothing_after_connection_close_is_answered(door: Door, seen: list[str]) -> None:
    with door.connect() as client:
        client.send(request("/", "GET", None, "Connection: close") + SMUGGLED)
        assert client.read().status == 200
        assert client.read_to_end() == b""
    assert seen == ["/"]


def test_headers_that_are_too_large_together_get_431(door: Door, seen: list[str]) -> None:
    with door.connect() as client:
        client.send(request("/", "GET", None, *(f"X-{number}: {'v' * 100}" for number in range(2000))))
        assert refusal(client) == 431
    assert seen == []
    assert door.is_answering()


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nX", b"GET /", b"GET /?x="])
def test_one_endless_line_gets_431(door: Door, start: bytes) -> None:
    with door.connect() as client:
        client.send(start)
        send_without_end(client, b"x" * 65536)
        assert refusal(client) == 431
    assert door.is_answering()


@pytest.mark.parametrize(
    "start",
    [b"0\r\nX: ", b"0\r\nX", b"1;", b"1;a=", b'1;a="'],
    ids=["value", "name", "extension", "its value", "quoted"],
)
def test_an_endless_trailer_or_chunk_extension_is_cut_off(door: Door, seen: list[str], start: bytes) -> None:
    with door.connect() as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + start)
        send_without_end(client, b"x" * 65536)
        assert refusal(client) in (400, 431)
    assert seen == []
    assert door.is_answering()


def test_endless_empty_lines_before_a_request_are_cut_off(door: Door) -> None:
    with door.connect() as client:
        send_without_end(client, b"\r\n" * 32768)
        assert refusal(client) in (400, 431)
    assert door.is_answering()


def test_trailers_do_not_become_headers(door: Door) -> None:
    body = b"1\r\na\r\n0\r\nX-Admin: yes\r\nHost: other\r\n\r\n"
    with door.connect() as client:
        client.send(b"POST /echo HTTP/1.1\r\n" + HOST + CHUNKED + body)
        answer = client.read().json()
    assert answer["body"] == "a"
    assert answer["headers"] == [["Host", "localhost"], ["Transfer-Encoding", "chunked"]]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: yes", "a\nX-Evil: yes", "a\rX-Evil: yes", "a\r\n\r\nHTTP/1.1 200 OK"])
def test_a_header_value_of_a_handler_cannot_start_another_header(door: Door, value: str) -> None:
    def answer(incoming: Request) -> Response:
        response = Response("body")
        response.headers._list.append(("X-Value", value))
        response.headers._list.append((f"X-Name{value}", "v"))
        response._status = f"200 {value}"
        return response

    door.routes["/split"] = answer
    with door.connect() as client:
        first = client.ask("/split")
        assert first.header("X-Evil") is None
        assert first.body == b"body"
        assert client.ask("/echo").status == 200


def test_a_thousand_random_mutations_of_good_requests_harm_nobody(door: Door) -> None:
    numbers = random.Random(4566)
    good = [
        request("/echo?a=b", "POST", b"x" * 50, "X-Some: header", "Connection: keep-alive"),
        b"POST /echo HTTP/1.1\r\n" + HOST + CHUNKED + b"5;e=1\r\nhello\r\n0\r\nT: v\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\0\0\0\0hello",
        b"GET /echo HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + request("/echo"),
        request("/echo", "PUT", b"y" * 10, "Expect: 100-continue"),
    ]
    for _ in range(1000):
        data = bytearray(numbers.choice(good))
        for _ in range(numbers.randrange(1, 6)):
            position = numbers.randrange(len(data))
            if numbers.random() < 0.5:
                data[position] = numbers.choice(b"\0\r\n :;,\x7f\xff0aZ/")
            else:
                del data[position : position + numbers.randrange(4)]
        with door.connect() as client:
            client.send(bytes(data))
            client.end_sending()
            client.read_to_end()
    assert door.is_answering()


def test_the_preface_of_http2_and_a_tls_hello_do_no_harm(door: Door) -> None:
    for data in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(200)):
        with door.connect() as client:
            client.send(data)
            client.end_sending()
            client.read_to_end()
    assert door.is_answering()


def test_the_refusal_arrives_although_the_client_is_still_sending(door: Door) -> None:
    """A close with unread input makes a reset of the connection, and the client's kernel then forgets the answer."""
    for _ in range(20):
        with door.connect() as client:
            client.send(b"BAD REQUEST\r\n\r\n" + b"x" * 200_000)
            assert refusal(client) == 400


def test_a_body_that_cannot_be_kept_is_answered_507(open_door: Callable[..., Door]) -> None:
    door = open_door(memory_body_bytes=1000, memory_together_bytes=0)
    door.logs_errors = True
    (door.folder / "volume" / "tmp").rmdir()
    assert door.ask("/echo", "POST", b"x" * 5000).status == 507
    assert door.ask("/echo", "POST", b"x" * 500).status == 200


def test_a_peer_that_closes_before_it_is_accepted_does_no_harm(door: Door) -> None:
    for _ in range(50):
        sock = socket.create_connection(("127.0.0.1", door.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
    assert door.is_answering()
    wait_until(lambda: len(door.server._loop.connections) == 0, "connections of vanished clients are still kept")


def send_without_end(client: Client, data: bytes) -> None:
    """Send until the server says something; a server that takes 50 MiB without a word has no limit."""
    for _ in range(50 * 2**20 // len(data)):
        if select.select([client.sock], [], [], 0)[0]:
            return
        client.send(data)
    pytest.fail("50 MiB were taken without a refusal")
