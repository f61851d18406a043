"""A client that sends the same header fields again is read by a shorter way, and understood as if it were new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rolo import Request, Response

from doors import Door, request, wait_until
from localstack.host.gateway.front_door.loop import Limits
from localstack.host.gateway.front_door.message_reader import MessageReader
from localstack.host.memory_budget import MemoryBudget

FIELDS = {
    "no more than a host": b"Host: localhost\r\n",
    "many": b"Host: a:1\r\nAccept: */*\r\nX-Many: 1\r\nx-many: 2\r\nCookie: a=1; b=2\r\nX-Other: \xe9\r\n",
    "keep-alive": b"Host: a\r\nConnection: keep-alive\r\n",
    "no body": b"Host: a\r\nContent-Length: 0\r\n",
    "an upgrade": b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
}
LINES = [
    b"GET /a HTTP/1.1", b"HEAD /a?b=c HTTP/1.1", b"DELETE /a%2Fb//c HTTP/1.1", b"OPTIONS * HTTP/1.1",
    b"GET / HTTP/1.0", b"GET http://other/a HTTP/1.1", b"POST /a HTTP/1.1", b"CONNECT a:1 HTTP/1.1",
    b"PROPFIND /a HTTP/1.1", b"GET  /a HTTP/1.1", b"GET /a  HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /a HTTP/1.1 ",
    b"GET /a HTTP/1.2", b"GET /a HTTP/2.0", b"get /a HTTP/1.1", b"GET a HTTP/1.1", b"GET /a\tb HTTP/1.1",
    b"GET /a\0 HTTP/1.1", b"GET /a HTTP/1.1\r\nX: y", b"GET /a HTTP/1.1\nX: y", b"GET /a HTTP/1.1\r",
    b"\r\nGET /a HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1", b"GET /#a HTTP/1.1",
    b"GET /%s HTTP/1.1" % (b"a" * 70_000), b"GET /a", b"",
]  # fmt: skip


def read(folder: Path, *pieces: bytes) -> list[object]:
    """What a connection's reader makes of pieces that arrive one after the other."""
    reader = MessageReader(Limits(), folder, MemoryBudget(0))
    for piece in pieces:
        reader.ready.clear()
        reader.upgrade = None
        reader.feed(piece)
    found = [
        (
            m.method,
            m.target,
            m.version,
            m.headers,
            m.index,
            m.environ,
            m.body and m.body.read(),
            m.length,
            m.keeps_alive,
        )
        for m in reader.ready
    ]
    return [found, reader.refusal, reader.is_in_message, reader.expects_continue]


@pytest.mark.parametrize("line", LINES, ids=lambda line: repr(line[:40]))
@pytest.mark.parametrize("fields", FIELDS)
def test_a_head_is_read_the_same_after_one_with_the_same_fields(tmp_path: Path, fields: str, line: bytes) -> None:
    first = b"GET /first HTTP/1.1\r\n" + FIELDS[fields] + b"\r\n"
    again = line + b"\r\n" + FIELDS[fields] + b"\r\n"
    assert read(tmp_path, first, again) == read(tmp_path, again)


@settings(max_examples=300, deadline=None)
@given(line=st.binary(max_size=40) | st.builds(lambda t: b"GET /" + t + b" HTTP/1.1", st.binary(max_size=20)))
def test_whatever_stands_in_the_first_line(tmp_path_factory: pytest.TempPathFactory, line: bytes) -> None:
    folder, fields = tmp_path_factory.getbasetemp(), FIELDS["many"]
    again = line + b"\r\n" + fields + b"\r\n"
    assert read(folder, b"GET / HTTP/1.1\r\n" + fields + b"\r\n", again) == read(folder, again)


def test_what_a_handler_does_to_the_headers_is_not_seen_by_the_next_request(door: Door) -> None:
    def change(incoming: Request) -> Response:
        before = incoming.headers.items()
        text = json.dumps([*([name, value] for name, value in before), incoming.headers.get("X-New")])
        incoming.headers["X-New"] = "1"
        incoming.headers["x-new"] = "2"
        new = (incoming.headers.get("X-NEW"), incoming.headers.getlist("X-New"), "x-new" in incoming.headers)
        assert new == ("2", ["2"], True)
        incoming.headers["X-Mine"] = "changed"
        incoming.headers.add("X-Added", "1")
        del incoming.headers["Accept"]
        incoming.environ["HTTP_ACCEPT"] = "changed"
        return Response(text)

    door.routes["/change/"] = change
    with door.connect() as client:
        answers = [client.ask(f"/change/{number}", "GET", None, "Accept: a", "X-Mine: b").json() for number in range(4)]
        assert answers == [[["Host", "localhost"], ["Accept", "a"], ["X-Mine", "b"], None]] * 4
        assert client.ask("/echo", "GET", None, "Accept: a", "X-Mine: b").json()["path"] == "/echo"


def test_a_repeated_head_may_come_in_pieces_and_with_others(door: Door) -> None:
    with door.connect() as client:
        paths = [client.ask(f"/echo/{number}").json()["path"] for number in range(3)]
        whole = request("/echo/pieces")
        client.send(whole[:10])
        client.send(whole[10:])
        paths.append(client.read().json()["path"])
        client.send(b"".join(request(f"/echo/together{number}") for number in range(3)))
        paths += [client.read().json()["path"] for _ in range(3)]
        paths.append(client.ask("/echo/last").json()["path"])
    numbered = [f"/echo/{number}" for number in range(3)]
    together = [f"/echo/together{number}" for number in range(3)]
    assert paths == [*numbered, "/echo/pieces", *together, "/echo/last"]


def test_after_brisk_traffic_the_leader_sleeps_again(door: Door) -> None:
    """While answers are asked for at once the loop looks again and again; that must end with the traffic."""
    poller, looks = door.server._loop._poller, 0

    class Counting:
        def poll(self, timeout: float) -> list[tuple[int, int]]:
            nonlocal looks
            looks += 1
            return poller.poll(timeout)

        def __getattr__(self, name: str) -> object:
            return getattr(poller, name)

    door.server._loop._poller = Counting()  # type: ignore[assignment]
    with door.connect() as client:
        for _ in range(200):
            assert client.ask("/echo").status == 200

    assert looks >= 200
    before = -1

    def is_quiet() -> bool:
        nonlocal before
        before, latest = looks, before
        return before == latest

    wait_until(is_quiet, "the loop goes on looking though nothing happens")
