"""WebSockets through the chain, with the ``websockets`` client and with frames that no client should send."""

from __future__ import annotations

import os
import threading
from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from rolo import Request, Response
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from doors import DEADLINE_SECONDS, Door, gateway_threads, request, wait_until

HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    door = open_door(workers=20)
    door.routes["/ws"] = send_back
    return door


def send_back(incoming: Any) -> None:
    with incoming.accept() as socket:
        for message in socket:
            socket.send(message)


def open_socket(door: Door, path: str = "/ws", **options: Any) -> AbstractContextManager[ClientConnection]:
    opened: AbstractContextManager[ClientConnection]
    opened = connect(f"ws://127.0.0.1:{door.port}{path}", max_size=None, open_timeout=DEADLINE_SECONDS, **options)
    return opened


def has_no_connections(door: Door) -> None:
    wait_until(lambda: not door.server._loop.connections, "a connection is still kept")


@pytest.mark.parametrize("message", ["text", "ünï ☃", "", b"bytes", b"", bytes(range(256)) * 1000, "x" * 20_000_000])
def test_messages_come_back_as_they_were_sent(door: Door, message: str | bytes) -> None:
    with open_socket(door) as socket:
        socket.send(message)
        assert socket.recv(DEADLINE_SECONDS) == message


def test_a_message_may_come_in_fragments_with_pings_between_them(door: Door) -> None:
    with open_socket(door) as socket:
        for parts in (["a", "bc", "", "ü"], [b"a", b"b" * 100_000, b""]):
            socket.send(iter(parts))  # type: ignore[arg-type]
            received = socket.recv(DEADLINE_SECONDS)
            assert received == type(parts[0])().join(parts)  # type: ignore[arg-type]
        raw = socket.socket
        raw.sendall(frame(0x01, b"one ", ends=False) + frame(0x89, b"ping") + frame(0x80, b"two"))
        assert socket.recv(DEADLINE_SECONDS) == "one two"


def test_a_message_that_is_too_large_ends_the_websocket_with_1009(open_door: Callable[..., Door]) -> None:
    door = open_door(websocket_message_bytes=1000)
    door.routes["/ws"] = send_back
    with open_socket(door) as socket:
        socket.send("x" * 1000)
        assert socket.recv(DEADLINE_SECONDS) == "x" * 1000
        socket.send(iter(["x" * 600, "y" * 600]))
        with pytest.raises(ConnectionClosedError) as closed:
            socket.recv(DEADLINE_SECONDS)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1009, "a message is larger than 1000 bytes")
    has_no_connections(door)


def test_a_frame_may_come_byte_by_byte(door: Door) -> None:
    with open_socket(door) as socket:
        for byte in frame(0x81, b"slow"):
            socket.socket.sendall(bytes([byte]))
        assert socket.recv(DEADLINE_SECONDS) == "slow"


def test_pings_are_answered_while_the_handler_waits(door: Door) -> None:
    with open_socket(door) as socket:
        for _ in range(5):
            assert socket.ping().wait(DEADLINE_SECONDS)


def test_a_handshake_may_say_that_it_has_no_body(door: Door) -> None:
    with open_socket(door, additional_headers={"Content-Length": "0"}) as socket:
        socket.send("x")
        assert socket.recv(DEADLINE_SECONDS) == "x"


def test_frames_that_come_with_the_handshake_are_not_lost(door: Door) -> None:
    with door.connect() as client:
        client.send(request("/ws", "GET", None, *HANDSHAKE) + frame(0x81, b"early"))
        assert client.read().status == 101
        assert client.read_bytes(7) == b"\x81\x05early"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going"), (3000, "own"), (4999, "ünï")])
def test_the_handler_sees_how_the_client_has_closed(door: Door, code: int, reason: str) -> None:
    seen: list[tuple[int, str]] = []
    ended = threading.Event()

    def note(incoming: Any) -> None:
        socket = incoming.accept()
        list(socket)
        seen.append((socket.close_code, socket.close_reason or ""))
        ended.set()

    door.routes["/note"] = note
    with open_socket(door, "/note") as socket:
        socket.close(code, reason)
        assert socket.close_code == code  # the server has sent it back
    assert ended.wait(DEADLINE_SECONDS)
    assert seen == [(code, reason)]
    has_no_connections(door)


@pytest.mark.parametrize(("code", "reason"), [(1000, None), (1001, "going"), (4000, "own reason")])
def test_the_client_sees_how_the_handler_has_closed(door: Door, code: int, reason: str | None) -> None:
    door.routes["/close"] = lambda incoming: incoming.accept().close(code, reason)
    with open_socket(door, "/close") as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(DEADLINE_SECONDS)
        assert (socket.close_code, socket.close_reason) == (code, reason or "")
    has_no_connections(door)


def test_a_handler_that_returns_without_closing_ends_the_connection_cleanly(door: Door) -> None:
    door.routes["/return"] = lambda incoming: incoming.accept().send("one")
    with open_socket(door, "/return") as socket:
        assert socket.recv(DEADLINE_SECONDS) == "one"
        with pytest.raises(ConnectionClosed):
            socket.recv(DEADLINE_SECONDS)
        assert socket.close_code == 1000


@pytest.mark.parametrize("error", [RuntimeError("the handler is broken"), SystemExit(1), CancelledError()], ids=repr)
def test_a_handler_that_fails_ends_only_its_own_connection(door: Door, error: BaseException) -> None:
    door.logs_errors = True

    def fail(incoming: Any) -> None:
        incoming.accept()
        raise error

    door.routes |= {"/fail": fail, "/fail-before": lambda incoming: 1 / 0}
    with open_socket(door, "/fail") as socket, pytest.raises(ConnectionClosed):
        socket.recv(DEADLINE_SECONDS)
    with pytest.raises(InvalidStatus) as refused:
        open_socket(door, "/fail-before").__enter__()
    assert refused.value.response.status_code == 500
    with open_socket(door) as socket:
        socket.send("still there")
        assert socket.recv(DEADLINE_SECONDS) == "still there"


def test_a_handler_may_reject_with_a_status_and_a_body(door: Door) -> None:
    door.routes["/reject"] = lambda incoming: incoming.reject(Response("no dice", 403, {"X-Why": "because"}))
    with pytest.raises(InvalidStatus) as refused:
        open_socket(door, "/reject").__enter__()
    response = refused.value.response
    assert (response.status_code, response.body, response.headers["X-Why"]) == (403, b"no dice", "because")
    has_no_connections(door)


def test_a_path_that_nothing_answers_is_refused_with_404(door: Door) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(door, "/nothing").__enter__()
    assert refused.value.response.status_code == 404


def test_a_subprotocol_and_headers_of_the_handler(door: Door) -> None:
    from werkzeug.datastructures import Headers

    def choose(incoming: Any) -> None:
        assert incoming.headers["Sec-WebSocket-Protocol"] == "one, two"
        with incoming.accept(subprotocol="two", headers=Headers({"X-Own": "1"})) as socket:
            socket.send(incoming.query_string.decode() + incoming.path)

    door.routes["/choose"] = choose
    with open_socket(door, "/choose?q=1", subprotocols=[Subprotocol("one"), Subprotocol("two")]) as socket:
        assert socket.subprotocol == "two"
        assert socket.response is not None
        assert socket.response.headers["X-Own"] == "1"
        assert socket.recv(DEADLINE_SECONDS) == "q=1/choose"


@pytest.mark.parametrize(
    "without", ["Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key"], ids=["connection", "version", "key"]
)
def test_an_incomplete_handshake_does_not_become_a_websocket(door: Door, without: str) -> None:
    door.routes["/ws"] = lambda incoming: "plain" if incoming.method == "GET" else send_back(incoming)
    answer = door.ask("/ws", "GET", None, *(line for line in HANDSHAKE if not line.startswith(without)))
    assert answer.status == (200 if without == "Connection" else 400)
    assert door.is_answering()


@pytest.mark.parametrize(
    "extra",
    [
        ("Sec-WebSocket-Version: 12",),
        ("Content-Length: 5",),
        ("Transfer-Encoding: chunked",),
        ("Sec-WebSocket-Key: x",),
    ],
)
def test_a_strange_handshake_harms_nobody(door: Door, extra: tuple[str, ...]) -> None:
    door.routes["/ws"] = lambda incoming: "plain" if incoming.method == "GET" else send_back(incoming)
    names = {line.partition(":")[0] for line in extra}
    lines = [line for line in HANDSHAKE if line.partition(":")[0] not in names]
    with door.connect() as client:
        client.send(request("/ws", "GET", None, *lines, *extra) + b"hello" + request("/echo"))
        client.end_sending()
        assert client.read().status in (101, 200, 400, 426)
        client.read_to_end()
    assert door.is_answering()
    has_no_connections(door)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x05hello", 1002),  # not masked
        (b"\x83\x80\0\0\0\0", 1002),  # an opcode that is not known
        (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
        (b"\x80\x80\0\0\0\0", 1002),  # a continuation of nothing
        (b"\x89\xfe\x00\xff\0\0\0\0", 1002),  # a ping that is too long
        (b"\x81\x82\0\0\0\0\xff\xff", 1007),  # no UTF-8
        (b"\x88\x81\0\0\0\0x", 1002),  # half a close code
    ],
)
def test_a_client_that_breaks_the_protocol_is_told_so(door: Door, data: bytes, code: int) -> None:
    with open_socket(door) as socket:
        socket.socket.sendall(data)
        with pytest.raises(ConnectionClosedError):
            socket.recv(DEADLINE_SECONDS)
        assert socket.close_code == code
    has_no_connections(door)


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_client_that_vanishes_ends_the_handler(door: Door, is_reset: bool) -> None:
    codes: list[int] = []
    inside, ended = threading.Event(), threading.Event()

    def note(incoming: Any) -> None:
        with incoming.accept() as socket:
            inside.set()
            list(socket)
            codes.append(socket.close_code)
        ended.set()

    door.routes["/note"] = note
    client = door.connect()
    client.send(request("/note", "GET", None, *HANDSHAKE))
    assert client.read().status == 101
    assert inside.wait(DEADLINE_SECONDS)
    (client.reset if is_reset else client.close)()
    assert ended.wait(DEADLINE_SECONDS)
    assert codes == [1006]
    has_no_connections(door)


def test_a_client_that_takes_nothing_is_dropped(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_write_seconds=0.1)
    ended = threading.Event()

    def flood(incoming: Any) -> None:
        try:
            with incoming.accept() as socket:
                while True:
                    socket.send(b"x" * 100_000)
        finally:
            ended.set()

    door.routes["/flood"] = flood
    door.logs_errors = True
    with door.connect(receive_buffer=4096) as client:
        client.send(request("/flood", "GET", None, *HANDSHAKE))
        assert ended.wait(DEADLINE_SECONDS)
        has_no_connections(door)


def send_all(socket: Any, word: str) -> None:
    for number in range(1000):
        socket.send(f"{word} {number}")


def test_another_thread_may_send_while_the_handler_receives(door: Door) -> None:
    def talk(incoming: Any) -> None:
        with incoming.accept() as socket:
            speaker = threading.Thread(target=send_all, args=(socket, "spoken"))
            speaker.start()
            for message in socket:
                socket.send(message)
            speaker.join()

    door.routes["/talk"] = talk
    with open_socket(door, "/talk") as socket:
        sender = threading.Thread(target=send_all, args=(socket, "echo"))
        sender.start()
        received = [str(socket.recv(DEADLINE_SECONDS)) for _ in range(2000)]
        sender.join()
    assert [m for m in received if m.startswith("echo")] == [f"echo {n}" for n in range(1000)]
    assert [m for m in received if m.startswith("spoken")] == [f"spoken {n}" for n in range(1000)]


def test_many_websockets_at_once_leave_room_for_requests(open_door: Callable[..., Door]) -> None:
    """More of them than workers: each has a thread of its own."""
    door = open_door(workers=3)
    door.routes["/ws"] = send_back
    with ThreadPoolExecutor(40) as clients, ExitStack() as opened:
        sockets = [opened.enter_context(open_socket(door)) for _ in range(40)]
        assert door.is_answering()
        for number, socket in enumerate(sockets):
            data = os.urandom(number * 1000)
            socket.send(data)
            assert socket.recv(DEADLINE_SECONDS) == data
        assert door.is_answering()
        list(clients.map(lambda socket: socket.close(), sockets))
    assert door.is_answering()
    has_no_connections(door)
    assert door.server._crew._size == 3


def test_a_websocket_may_follow_requests_on_its_connection(door: Door) -> None:
    door.routes["/large"] = lambda incoming: Response(b"x" * 5_000_000)
    with door.connect() as client:
        assert client.ask("/echo").status == 200
        client.send(request("/echo") + request("/large") + request("/ws", "GET", None, *HANDSHAKE))
        assert client.read().status == 200
        assert len(client.read().body) == 5_000_000
        assert client.read().status == 101
        client.send(frame(0x81, b"after"))
        assert client.read_bytes(7) == b"\x81\x05after"


def test_stop_ends_open_websockets(door: Door) -> None:
    with ExitStack() as opened:
        sockets = [opened.enter_context(open_socket(door)) for _ in range(5)]
        door.stop()
        for socket in sockets:
            with pytest.raises(ConnectionClosed):
                socket.recv(DEADLINE_SECONDS)
    wait_until(lambda: not gateway_threads(), "threads are left over")


def test_a_plain_request_to_the_same_path_is_served_plainly(door: Door) -> None:
    def either(incoming: Request) -> Any:
        return "plain" if incoming.method == "GET" else send_back(incoming)

    door.routes["/ws"] = either
    assert door.ask("/ws").body == b"plain"
    with open_socket(door) as socket:
        socket.send("x")
        assert socket.recv(DEADLINE_SECONDS) == "x"


def frame(first: int, payload: bytes, *, ends: bool = True) -> bytes:
    """A frame as a client sends it, masked with zeros. Without ``ends`` more of the message follows."""
    return bytes([first if ends else first & 0x7F, 0x80 | len(payload)]) + bytes(4) + payload


def test_an_upgrade_in_http10_is_a_plain_request(door: Door) -> None:
    door.routes["/ws"] = lambda incoming: incoming.method
    with door.connect() as client:
        client.send("\r\n".join(["GET /ws HTTP/1.0", *HANDSHAKE, "", ""]).encode())
        assert client.read().body == b"GET"


def test_hundreds_of_upgrades_that_are_not_offered_in_one_write(door: Door) -> None:
    with door.connect() as client:
        client.send(request("/echo", "GET", None, "Connection: Upgrade", "Upgrade: h2c") * 700)
        assert {client.read().status for _ in range(700)} == {200}
