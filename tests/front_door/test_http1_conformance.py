"""HTTP/1.0 and 1.1 as clients speak it, well and oddly, over raw sockets."""

from __future__ import annotations

import gc
import hashlib
import io
import itertools
import os
import random
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rolo import Request, Response
from werkzeug.utils import send_file

from doors import Client, Door, chunked, request, wait_until

MEBIBYTE = 2**20


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# the end of a connection


def test_http11_keeps_the_connection_until_it_is_told_to_close(door: Door) -> None:
    with door.connect() as client:
        for number in range(5):
            answer = client.ask(f"/echo?{number}")
            assert (answer.version, answer.json()["query"]) == ("HTTP/1.1", str(number))
            assert answer.header("Connection") is None
        assert client.ask("/echo", "GET", None, "Connection: close").header("Connection") == "close"
        assert client.read_to_end() == b""


def test_http10_closes_unless_it_is_told_to_keep(door: Door) -> None:
    with door.connect() as client:
        client.send(b"GET /echo HTTP/1.0\r\n\r\n")
        answer = client.read()
        assert (answer.status, answer.header("Connection"), answer.is_chunked) == (200, "close", False)
        assert client.read_to_end() == b""
    with door.connect() as client:
        for _ in range(3):
            client.send(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = client.read()
            assert answer.header("Connection") == "keep-alive"
            assert answer.header("Content-Length") is not None


def test_a_client_that_has_closed_its_side_still_gets_its_answers(door: Door) -> None:
    with door.connect() as client:
        client.send(request("/echo?1") + request("/echo?2", "POST", b"body"))
        client.end_sending()
        assert [client.read().json()["query"] for _ in range(2)] == ["1", "2"]
        assert client.read_to_end() == b""


def test_a_client_that_has_closed_its_side_gets_a_slow_or_large_or_streamed_answer(door: Door) -> None:
    go_on = threading.Event()
    large = os.urandom(20 * MEBIBYTE)

    def slow(incoming: Request) -> str:
        assert go_on.wait(20)
        return "slow"

    door.routes |= {
        "/slow": slow,
        "/large": lambda incoming: Response(large),
        "/streamed": lambda incoming: Response(iter([b"a", b"b"])),
    }
    for target, expected in (("/slow", b"slow"), ("/large", large), ("/streamed", b"ab")):
        with door.connect() as client:
            client.send(request(target))
            client.end_sending()
            go_on.set()
            assert client.read().body == expected
            assert client.read_to_end() == b""


def test_a_client_that_leaves_at_any_time_harms_nobody(door: Door) -> None:
    arrived, gone = threading.Event(), threading.Event()

    def slow(incoming: Request) -> Response:
        arrived.set()
        assert gone.wait(20)
        return Response(b"x" * 100_000)

    door.routes |= {"/slow": slow, "/large": lambda incoming: Response(b"x" * 20 * MEBIBYTE)}
    for leave in (Client.close, Client.reset):
        for sent in (b"", b"GE", b"GET /echo HTTP/1.1\r\nHost:", request("/echo", "POST", b"x" * 1000)[:-1]):
            client = door.connect()
            client.send(sent)
            leave(client)
        client = door.connect()
        client.send(request("/large"))
        client.read_bytes(100_000)
        leave(client)
        client = door.connect()
        client.send(request("/slow"))
        assert arrived.wait(20)
        leave(client)
        gone.set()
        arrived.clear()
        assert door.is_answering()
        gone.clear()
    wait_until(lambda: not door.server._loop.connections, "connections of vanished clients are still kept")


# many requests on one connection


def test_a_hundred_requests_in_one_write_are_answered_in_order(door: Door) -> None:
    bodies = [None if number % 3 == 0 else os.urandom(number * 37) for number in range(100)]
    parts = []
    for number, body in enumerate(bodies):
        if body is not None and number % 3 == 1:
            head = f"PUT /echo?{number} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            parts.append(head + chunked([body[:7], body[7:]]))
        else:
            parts.append(request(f"/echo?{number}", "GET" if body is None else "POST", body))
    with door.connect() as client:
        sender = threading.Thread(target=client.send, args=(b"".join(parts),))
        sender.start()
        for number, body in enumerate(bodies):
            seen = client.read().json()
            assert (seen["query"], seen["sha256"]) == (str(number), sha256(body or b""))
        sender.join()


def test_pipelined_answers_of_every_kind_stay_in_order(door: Door) -> None:
    """Short, long, streamed and bodiless answers, slow and fast ones, behind one another on one connection."""
    ready = threading.Event()

    def slow(incoming: Request) -> str:
        assert ready.wait(20)
        return "slow"

    door.routes |= {
        "/short": lambda incoming: "short",
        "/long": lambda incoming: Response(b"l" * 3 * MEBIBYTE),
        "/streamed": lambda incoming: Response(iter([b"st", b"", b"reamed"])),
        "/empty": lambda incoming: Response(status=204),
        "/slow": slow,
    }
    order = ["/slow", "/short", "/long", "/streamed", "/empty", "/slow", "/streamed", "/long", "/short", "/none"] * 3
    expected = {"/slow": 4, "/short": 5, "/long": 3 * MEBIBYTE, "/streamed": 8, "/empty": 0, "/none": 0}
    with door.connect() as client:
        client.send(b"".join(map(request, order)))
        ready.set()
        for target in order:
            answer = client.read()
            assert answer.status == {"/none": 404, "/empty": 204}.get(target, 200)
            assert len(answer.body) == expected[target]


def test_a_request_may_be_cut_at_every_byte(door: Door) -> None:
    whole = (
        b"POST /echo/a%2Fb?q=1 HTTP/1.1\r\nHost: localhost\r\nX-Case: Value\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
    )
    with door.connect() as client:
        for position in range(1, len(whole)):
            client.send(whole[:position])
            client.send(whole[position:])
            seen = client.read().json()
            assert (seen["raw"], seen["body"]) == ("/echo/a%2Fb?q=1", "hello world")
        for byte in whole:
            client.send(bytes([byte]))
        assert client.read().json()["body"] == "hello world"


def test_empty_lines_between_requests_are_ignored(door: Door) -> None:
    with door.connect() as client:
        client.send(b"\r\n" + request("/echo?1", "POST", b"x") + b"\r\n\r\n" + request("/echo?2"))
        assert [client.read().json()["query"] for _ in range(2)] == ["1", "2"]


# what a request says


@pytest.mark.parametrize(
    ("target", "raw", "path"),
    [
        ("/echo/a%2Fb", "/echo/a%2Fb", "/echo/a/b"),
        ("/echo//a///b", "/echo//a///b", "/echo//a///b"),
        ("/echo/a+b%20c", "/echo/a+b%20c", "/echo/a+b c"),
        ("/echo/%C3%A9", "/echo/%C3%A9", "/echo/é"),
        ("/echo/\u00c3\u00a9", "/echo/%C3%A9", "/echo/é"),  # UTF-8 that nobody has quoted, as curl does
        ("/echo/%ff", "/echo/%ff", "/echo/\ufffd"),
        ("/echo/%zz%2", "/echo/%zz%2", "/echo/%zz%2"),
        ("/echo/../x/./y", "/echo/../x/./y", "/echo/../x/./y"),
        ("/echo/a;b=c", "/echo/a;b=c", "/echo/a;b=c"),
        ("/echo/?a=%2F&b=+&&c", "/echo/?a=%2F&b=+&&c", "/echo/"),
        ("http://example.org/echo/x%2Fy?z", "http://example.org/echo/x%2Fy?z", "/echo/x/y"),
        ("HTTP://example.org:80/echo", "HTTP://example.org:80/echo", "/echo"),
    ],
)
def test_path_and_target_arrive_as_they_were_sent(door: Door, target: str, raw: str, path: str) -> None:
    seen = door.ask(target).json()
    assert (seen["raw"], seen["path"]) == (raw, path)
    assert seen["query"] == target.partition("?")[2]


def test_options_for_the_whole_server(door: Door) -> None:
    def options(incoming: Request) -> str:
        return f"{incoming.method} {incoming.environ['RAW_URI']}"

    door.routes["/*"] = options
    assert door.ask("*", "OPTIONS").body == b"OPTIONS *"


@pytest.mark.parametrize(
    "method", ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT", "M-SEARCH"]
)
def test_methods_arrive(door: Door, method: str) -> None:
    assert door.ask("/echo", method).json()["method"] == method


def test_headers_keep_case_order_and_repetitions_both_ways(door: Door) -> None:
    sent = ["X-UPPER: A", "x-lower: b", "X-Many: 1", "x-MANY: 2", "X-Latin: \xe9", "X-Empty:", "X-Space:  a b\t "]
    seen = door.ask("/echo", "GET", None, *sent).json()["headers"]
    assert seen == [
        ["Host", "localhost"], ["X-UPPER", "A"], ["x-lower", "b"], ["X-Many", "1"], ["x-MANY", "2"],
        ["X-Latin", "\xe9"], ["X-Empty", ""], ["X-Space", "a b"],
    ]  # fmt: skip

    def answer(incoming: Request) -> Response:
        response = Response("x")
        for name, value in (("x-lOWER", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "\xe9")):
            response.headers.add(name, value)
        return response

    door.routes["/answer"] = answer
    headers = door.ask("/answer").headers
    wanted = {"x-lOWER", "Set-Cookie", "X-Latin"}
    assert [pair for pair in headers if pair[0] in wanted] == [
        ("x-lOWER", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "\xe9"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "host", ["", "localhost", "bucket_1.s3.localhost.localstack.cloud:4566", "127.0.0.1:80", "[::1]:4566", "a" * 255]
)
def test_a_host_is_a_name_or_an_address(door: Door, host: str) -> None:
    with door.connect() as client:
        client.send(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert ["Host", host] in client.read().json()["headers"]


def test_http10_needs_no_host(door: Door) -> None:
    with door.connect() as client:
        client.send(b"GET /echo HTTP/1.0\r\n\r\n")
        assert client.read().json()["headers"] == []


def test_headers_up_to_the_limit_are_taken(door: Door) -> None:
    assert door.ask("/echo", "GET", None, "X-Long: " + "v" * 60_000).status == 200
    assert door.ask("/echo", "GET", None, *(f"X-{n}: v" for n in range(5000))).status == 200
    assert door.ask("/echo?" + "q" * 60_000).status == 200


def test_a_question_that_is_no_upgrade_that_we_know_is_answered_plainly(door: Door) -> None:
    with door.connect() as client:
        for _ in range(2):
            client.send(
                b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 4\r\n\r\nbody" + request("/echo?after")
            )
            assert client.read().json()["body"] == "body"
            assert client.read().json()["query"] == "after"


def test_connect_is_answered_and_nothing_behind_it_is_taken_for_a_request(door: Door) -> None:
    with door.connect() as client:
        client.send(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n" + request("/echo"))
        assert client.read().status == 404
        assert client.read_to_end() == b""


# bodies up


def test_chunks_of_odd_sizes_with_extensions_and_trailers(door: Door) -> None:
    numbers = random.Random(1)
    data = os.urandom(200_000)
    pieces, position = [], 0
    while position < len(data):
        piece = data[position : position + numbers.choice([1, 2, 3, 255, 256, 4095, 70_001])]
        extension = numbers.choice([b"", b";a", b";a=b", b';a="b c"'])
        zeros = b"0" * numbers.randrange(3)
        pieces.append(zeros + b"%X" % len(piece) + extension + b"\r\n" + piece + b"\r\n")
        position += len(piece)
    with door.connect() as client:
        head = b"PUT /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n"
        client.send(head + b"".join(pieces) + b"000\r\nX-Checksum: 1\r\n\r\n")
        assert client.read().json()["sha256"] == sha256(data)
        assert client.ask("/echo").status == 200


def test_an_aws_chunked_body_arrives_as_it_was_sent(door: Door) -> None:
    body = (
        b"5;chunk-signature=" + b"a" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"b" * 64 + b"\r\n"
        b"x-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    )
    headers = ("Content-Encoding: aws-chunked", "x-amz-decoded-content-length: 5")
    assert door.ask("/echo", "PUT", body, *headers).json()["body"] == body.decode()
    with door.connect() as client:
        head = b"PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: aws-chunked\r\n"
        client.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked([body[:30], body[30:]]))
        assert client.read().json()["body"] == body.decode()


def test_a_client_that_waits_for_continue_gets_it_before_it_sends_the_body(door: Door) -> None:
    with door.connect() as client:
        for number in range(3):
            client.send(request(f"/echo?{number}", "PUT", b"body", "Expect: 100-Continue")[:-4])
            assert client.read().status == 100
            client.send(b"body")
            assert client.read().json()["body"] == "body"


def test_a_client_that_waits_for_continue_behind_another_request_gets_it_after_that_answer(door: Door) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow(incoming: Request) -> str:
        arrived.set()
        assert go_on.wait(20)
        return "slow"

    door.routes["/slow"] = slow
    door.routes["/large"] = lambda incoming: Response(b"x" * 10 * MEBIBYTE)
    for before in ("/echo", "/slow", "/large"):
        with door.connect() as client:
            client.send(request(before) + request("/echo?second", "PUT", b"body", "Expect: 100-continue")[:-4])
            go_on.set()
            assert client.read().status == 200
            assert client.read().status == 100
            client.send(b"body")
            assert client.read().json()["body"] == "body"


def test_nobody_is_told_to_continue_who_does_not_wait(door: Door) -> None:
    with door.connect() as client:
        client.send(request("/echo", "PUT", b"body", "Expect: 100-continue"))
        assert client.read().json()["body"] == "body"
        client.send(b"PUT /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        client.send(b"body")
        assert client.read().json()["body"] == "body"


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_upload_does_not_stay_in_memory(door: Door, is_chunked: bool) -> None:
    """200 MB, read by the handler piece by piece, as a 5 GB upload would be."""
    block = os.urandom(MEBIBYTE)
    count = 200

    def digest(incoming: Request) -> str:
        whole = hashlib.sha256()
        while piece := incoming.stream.read(MEBIBYTE):
            whole.update(piece)
        return whole.hexdigest()

    door.routes["/digest"] = digest
    gc.collect()
    before = peak = psutil.Process().memory_info().rss
    expected = hashlib.sha256()
    with door.connect() as client:
        head = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {count * MEBIBYTE}"
        client.send(f"PUT /digest HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode())
        for number in range(count):
            client.send(b"%x\r\n%b\r\n" % (len(block), block) if is_chunked else block)
            expected.update(block)
            if number % 10 == 0:
                peak = max(peak, psutil.Process().memory_info().rss)
        if is_chunked:
            client.send(b"0\r\n\r\n")
        assert client.read().body.decode() == expected.hexdigest()
    assert max(peak, psutil.Process().memory_info().rss) - before < 40 * MEBIBYTE
    assert list((door.folder / "volume" / "tmp").iterdir()) == []


def test_a_handler_that_ignores_the_body_leaves_the_connection_usable(door: Door) -> None:
    door.routes["/ignore"] = lambda incoming: "ignored"
    with door.connect() as client:
        for size in (0, 10, 100_000, 3 * MEBIBYTE):
            assert client.ask("/ignore", "POST", b"x" * size).body == b"ignored"
        assert client.ask("/echo").status == 200


# bodies down


def test_head_204_and_304_have_no_body(door: Door) -> None:
    door.routes |= {
        "/no-content": lambda incoming: Response("ignored", status=204),
        "/not-modified": lambda incoming: Response("ignored", status=304, headers={"ETag": '"x"'}),
        "/streamed": lambda incoming: Response(iter([b"a"])),
        "/streamed-no-content": lambda incoming: Response(iter([b"a"]), status=204, headers={"Content-Length": "1"}),
        "/declared": lambda incoming: Response(headers={"Content-Length": "12345"}),
    }
    with door.connect() as client:
        length = client.ask("/echo").header("Content-Length")
        head = client.ask("/echo", "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert length is not None
        assert head.header("Content-Length") == str(int(length) + 1)  # "HEAD" for "GET" in the echo
        assert client.ask("/streamed", "HEAD").header("Content-Length") is None
        assert client.ask("/declared", "HEAD").header("Content-Length") == "12345"
        for target in ("/no-content", "/streamed-no-content"):
            answer = client.ask(target)
            assert answer.status == 204
            assert answer.header("Content-Length") is answer.header("Transfer-Encoding") is None
        assert client.ask("/not-modified").header("ETag") == '"x"'
        assert client.ask("/echo").status == 200


def test_body_parts_may_be_text_or_bytes_of_any_kind(door: Door) -> None:
    door.routes |= {
        "/list": lambda incoming: with_body(["é", b"b", bytearray(b"c"), memoryview(b"d"), b""]),
        "/iterator": lambda incoming: with_body(iter(["é", b"b", bytearray(b"c"), memoryview(b"d"), b""])),
        "/tuple": lambda incoming: with_body((b"a", "é")),
        "/none": lambda incoming: with_body([]),
        "/text": lambda incoming: with_body("é text"),
        "/bytes": lambda incoming: with_body(b"\xff bytes"),
    }
    with door.connect() as client:
        assert client.ask("/list").body == "ébcd".encode()
        assert client.ask("/iterator").body == "ébcd".encode()
        assert client.ask("/tuple").body == "aé".encode()
        assert client.ask("/none").header("Content-Length") == "0"
        assert client.ask("/text").body == "é text".encode()
        assert client.ask("/bytes").body == b"\xff bytes"


def test_a_body_of_thousands_of_parts(door: Door) -> None:
    """More parts than one system call takes (IOV_MAX, 1024 on Linux)."""
    parts = [b"%07d\n" % number for number in range(20_000)]
    door.routes |= {
        "/list": lambda incoming: with_body(list(parts)),
        "/iterator": lambda incoming: with_body(iter(parts)),
    }
    with door.connect() as client:
        for target in ("/list", "/iterator", "/list"):
            assert client.ask(target).body == b"".join(parts)


def test_the_length_is_that_of_the_body_whatever_a_handler_says(door: Door) -> None:
    door.routes |= {
        "/list": lambda incoming: with_body([b"12345"], {"Content-Length": "99"}),
        "/chunked": lambda incoming: with_body([b"12345"], {"Transfer-Encoding": "chunked"}),
        "/exact": lambda incoming: with_body(iter([b"12", b"345"]), {"Content-Length": "5"}),
        "/none": lambda incoming: with_body(iter([b"12", b"345"]), {"Content-Length": "many"}),
    }
    with door.connect() as client:
        for target in door.routes.keys() - {"/echo", "/echo/"}:
            answer = client.ask(target)
            assert answer.body == b"12345"
            assert answer.is_chunked is (target == "/none")


def test_a_streamed_body_longer_than_declared_does_not_run_into_the_next_answer(door: Door) -> None:
    door.routes["/long"] = lambda incoming: with_body(
        iter([b"123", b"4567", b"HTTP/1.1 200 OK"]), {"Content-Length": "5"}
    )
    with door.connect() as client:
        assert client.ask("/long").body == b"12345"
        assert client.ask("/echo").json()["method"] == "GET"


def test_a_streamed_body_shorter_than_declared_ends_the_connection(door: Door) -> None:
    door.routes["/short"] = lambda incoming: with_body(iter([b"123"]), {"Content-Length": "5"})
    with door.connect() as client:
        client.send(request("/short"))
        assert client.read_to_end().endswith(b"\r\n\r\n123")


def test_a_generator_is_sent_as_it_is_produced_and_closed_in_the_end(door: Door) -> None:
    steps = [threading.Event() for _ in range(3)]
    closed = threading.Event()

    def events() -> Iterator[str]:
        try:
            for number, step in enumerate(steps):
                yield f"data: {number}\n\n"
                assert step.wait(20)
        finally:
            closed.set()

    door.routes["/events"] = lambda incoming: Response(events(), mimetype="text/event-stream")
    with door.connect() as client:
        client.send(request("/events"))
        assert client.read_line() == "HTTP/1.1 200 OK"
        assert ("Transfer-Encoding", "chunked") in client.read_headers()
        for number, step in enumerate(steps):
            assert client.read_chunk() == f"data: {number}\n\n".encode()
            step.set()
        assert client.read_chunk() == b""
        assert closed.wait(20)
        assert client.ask("/echo").status == 200


def test_a_generator_for_http10_ends_with_the_connection(door: Door) -> None:
    door.routes["/events"] = lambda incoming: Response(iter([b"one ", b"two"]))
    with door.connect() as client:
        client.send(b"GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = client.read()
        assert (answer.body, answer.is_chunked, answer.header("Connection")) == (b"one two", False, "close")


@pytest.mark.parametrize("error", [RuntimeError("the generator is broken"), SystemExit(1), CancelledError()], ids=repr)
def test_a_generator_that_fails_ends_the_connection_without_a_last_chunk(door: Door, error: BaseException) -> None:
    door.logs_errors = True

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise error

    door.routes["/broken"] = lambda incoming: Response(broken())
    for version in ("1.1", "1.0"):
        with door.connect() as client:
            client.send(f"GET /broken HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
            head, _, body = client.read_to_end().partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert body == (b"3\r\none\r\n" if version == "1.1" else b"one")
    assert door.is_answering()


@pytest.mark.parametrize(
    "bad",
    [
        lambda incoming: with_body([1, 2]),
        lambda incoming: with_body([None]),
        lambda incoming: with_body([b"x"], {}, on_close=lambda: 1 / 0),
        lambda incoming: 1 / 0,
        lambda incoming: exit(3),
        lambda incoming: cancel(),
        lambda incoming: with_body([b"x"], {}, on_close=cancel),
    ],
    ids=[
        "numbers", "None", "a broken clean-up", "an exception", "SystemExit", "CancelledError", "a cancelled clean-up"
    ],
)  # fmt: skip
def test_a_handler_that_misbehaves_costs_at_most_its_own_answer(door: Door, bad: Callable[[Request], Any]) -> None:
    door.logs_errors = True
    door.routes["/bad"] = bad
    for _ in range(5):
        with door.connect() as client:
            assert client.ask("/bad").status in (200, 500)
    assert door.is_answering()


def test_a_client_that_leaves_ends_the_generator(door: Door) -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            for _ in itertools.count():
                yield b"x" * 10_000
        finally:
            ended.set()

    door.routes["/endless"] = lambda incoming: Response(endless())
    client = door.connect()
    client.send(request("/endless"))
    client.read_bytes(100_000)
    client.reset()
    assert ended.wait(20)
    assert door.is_answering()


def test_fifty_mebibytes_to_a_slow_reader(door: Door) -> None:
    data = os.urandom(50 * MEBIBYTE)
    door.routes["/large"] = lambda incoming: Response(data)
    with door.connect(receive_buffer=4096) as client:
        client.send(request("/large") + request("/echo?after"))
        for _ in range(20):
            assert door.is_answering()  # nobody waits for the slow one
        assert sha256(client.read().body) == sha256(data)
        assert client.read().json()["query"] == "after"


def test_files_are_sent_whole_and_in_ranges(door: Door, tmp_path: Path) -> None:
    data = os.urandom(3 * MEBIBYTE)
    (tmp_path / "file.bin").write_bytes(data)

    def serve(incoming: Request) -> Any:
        return Response.force_type(send_file(tmp_path / "file.bin", incoming.environ, conditional=True))

    door.routes["/file"] = serve
    with door.connect() as client:
        whole = client.ask("/file")
        assert (whole.status, whole.body == data, whole.header("Content-Length")) == (200, True, str(len(data)))
        part = client.ask("/file", "GET", None, "Range: bytes=1000-1999")
        assert (part.status, part.body) == (206, data[1000:2000])
        assert client.ask("/file", "GET", None, f"If-None-Match: {whole.header('ETag')}").status == 304
        assert client.ask("/file", "HEAD").header("Content-Length") == str(len(data))
        assert client.ask("/echo").status == 200


def test_a_file_object_may_be_the_body(door: Door) -> None:
    door.routes["/file"] = lambda incoming: Response(io.BytesIO(b"line 1\nline 2\n"), direct_passthrough=True)
    assert door.ask("/file").body == b"line 1\nline 2\n"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/a b/é?x=ü", "/a%20b/%C3%A9?x=%C3%BC"),
        ("https://example.org/x%2Fy", "https://example.org/x%2Fy"),
        ("../up", "../up"),
    ],
)
def test_a_location_becomes_a_legal_uri(door: Door, location: str, expected: str) -> None:
    door.routes["/go"] = lambda incoming: Response(status=302, headers={"Location": location})
    answer = door.ask("/go")
    assert (answer.status, answer.header("Location")) == (302, expected)


def test_a_handler_may_close_the_connection(door: Door) -> None:
    door.routes["/last"] = lambda incoming: Response("last", headers={"Connection": "Close"})
    with door.connect() as client:
        client.send(request("/last") + request("/echo"))
        assert client.read().body == b"last"
        assert client.read_to_end() == b""


def test_every_answer_has_one_date(door: Door) -> None:
    door.routes["/dated"] = lambda incoming: Response("x", headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert door.ask("/dated").header("Date") == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert (door.ask("/echo").header("Date") or "").endswith(" GMT")


def test_status_lines_keep_the_phrase_of_the_handler(door: Door) -> None:
    def strange(incoming: Request) -> Response:
        return Response("x", status="299 Very Own Phrase")

    door.routes["/strange"] = strange
    with door.connect() as client:
        client.send(request("/strange", "GET", None, "Connection: close"))
        assert client.read_to_end().startswith(b"HTTP/1.1 299 Very Own Phrase\r\n")


def with_body(body: Any, headers: dict[str, str] | None = None, on_close: Callable[[], Any] | None = None) -> Response:
    """A response whose body is set as extensions do it, past the constructor's own conversions."""
    response = Response(headers=headers)
    response.response = body
    if on_close is not None:
        response.call_on_close(on_close)
    return response


def cancel() -> None:
    raise CancelledError  # no Exception to Python


def test_the_client_of_these_tests_reads_what_it_should(door: Door) -> None:
    """Guards the tests above: an answer that is cut short must fail them."""
    with door.connect() as client:
        client.end_sending()
        with pytest.raises(AssertionError, match="closed"):
            client.read()


@pytest.mark.parametrize("hosts", [("Host: other",), ()], ids=["another host header", "no host header"])
def test_the_host_of_an_absolute_target_counts(door: Door, hosts: tuple[str, ...]) -> None:
    with door.connect() as client:
        lines = ["GET http://user@example.org:81/echo?x HTTP/1.1", *hosts, "A: b"]
        client.send("\r\n".join([*lines, "", ""]).encode())
        seen = client.read().json()
        assert [value for name, value in seen["headers"] if name.lower() == "host"] == ["example.org:81"]
        assert ["A", "b"] in seen["headers"]
        client.send(b"GET http:///echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.read().status == 400


@pytest.mark.parametrize("value", ["a", "localhost"])
def test_two_equal_hosts_are_refused_however_short(door: Door, value: str) -> None:
    with door.connect() as client:
        client.send(f"GET /echo HTTP/1.1\r\nHost: {value}\r\nHost: {value}\r\n\r\n".encode())
        assert client.read().status == 400
