"""What a client may take of the server: time, connections, places in the queue. Afterwards everything is as before."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rolo import Request, Response

from doors import DEADLINE_SECONDS, Client, Door, request, wait_until
from localstack.host.gateway.front_door import loop as loop_module
from localstack.host.gateway.front_door.remembered import Remembered


@pytest.fixture(autouse=True)
def _sweeps_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "_SWEEP_SECONDS", 0.02)


def has_no_connections(door: Door) -> None:
    wait_until(lambda: not door.server._loop.connections, "a connection is still kept")


@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n"])
def test_a_head_that_does_not_come_gets_408(open_door: Callable[..., Door], start: bytes) -> None:
    door = open_door(header_seconds=0.1)
    with door.connect() as client:
        client.send(start)
        assert client.read().status == 408
        assert client.read_to_end() == b""
    has_no_connections(door)


def test_a_head_that_trickles_in_gets_408(open_door: Callable[..., Door]) -> None:
    """Slow loris: each byte comes in time, the head never ends."""
    door = open_door(header_seconds=0.2)
    with door.connect() as client:
        trickle = trickle_until_answered(client, b"GET / HTTP/1.1\r\nX: ", b"x")
        assert trickle < 60_000
        assert client.read().status == 408
    assert door.is_answering()


def test_a_second_head_that_trickles_in_gets_408(open_door: Callable[..., Door]) -> None:
    door = open_door(header_seconds=0.2, idle_seconds=60)
    with door.connect() as client:
        assert client.ask("/echo").status == 200
        trickle_until_answered(client, b"GET / HTTP/1.1\r\nX: ", b"x")
        assert client.read().status == 408


def test_a_body_that_stops_gets_408(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_body_seconds=0.1)
    for head in ("Content-Length: 10", "Transfer-Encoding: chunked"):
        with door.connect() as client:
            client.send(f"POST /echo HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n3\r\nab".encode())
            assert client.read().status == 408
            assert client.read_to_end() == b""
    has_no_connections(door)


def test_a_client_that_is_told_to_continue_and_does_not_gets_408(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_body_seconds=0.1)
    with door.connect() as client:
        client.send(b"PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
        assert [client.read().status for _ in range(2)] == [100, 408]


def test_an_idle_connection_is_closed_without_a_word(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_seconds=0.1)
    with door.connect() as silent, door.connect() as used:
        assert used.ask("/echo").status == 200
        assert silent.read_to_end() == used.read_to_end() == b""
    has_no_connections(door)


def test_a_handler_may_take_longer_than_all_limits(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_seconds=0.05, header_seconds=0.05, idle_body_seconds=0.05, idle_write_seconds=0.05)
    inside, go_on = threading.Event(), threading.Event()

    def slow(incoming: Request) -> str:
        inside.set()
        assert go_on.wait(DEADLINE_SECONDS)
        return "slow"

    def stream() -> Iterator[bytes]:
        yield b"first"
        inside.set()
        assert go_on.wait(DEADLINE_SECONDS)
        yield b"second"

    door.routes |= {"/slow": slow, "/stream": lambda incoming: Response(stream())}
    for target, body in (("/slow", b"slow"), ("/stream", b"firstsecond")):
        inside.clear()
        go_on.clear()
        with door.connect() as client, door.connect() as idle:
            client.send(request(target))
            assert inside.wait(DEADLINE_SECONDS)
            idle.read_to_end()  # the sweep that closed this one has seen the other, too
            go_on.set()
            assert client.read().body == body


def test_a_reader_that_takes_nothing_is_dropped(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_write_seconds=0.1)
    ended = threading.Event()

    def stream() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    door.routes |= {
        "/large": lambda incoming: Response(b"x" * 30_000_000),
        "/stream": lambda incoming: Response(stream()),
    }
    with door.connect(receive_buffer=4096) as client:
        client.send(request("/large"))
        has_no_connections(door)
    with door.connect(receive_buffer=4096) as client:
        client.send(request("/stream"))
        assert ended.wait(DEADLINE_SECONDS)
        has_no_connections(door)
    assert door.is_answering()


def test_a_reader_that_takes_a_little_at_a_time_is_not_dropped(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_write_seconds=1)
    door.routes["/large"] = lambda incoming: Response(b"x" * 3_000_000)
    sweeps = threading.Semaphore(0)
    expire = door.server._loop._expire

    def count(now: float) -> None:
        expire(now)
        sweeps.release()

    door.server._loop.on_sweep(count)
    with door.connect(receive_buffer=4096) as client:
        client.send(request("/large"))
        assert client.read_line() == "HTTP/1.1 200 OK"
        client.read_headers()
        for _ in range(120):  # so many sweeps take more than twice the limit
            client.read_bytes(25_000)
            assert sweeps.acquire(timeout=DEADLINE_SECONDS)


def test_the_longest_idle_connection_makes_room_for_a_new_one(open_door: Callable[..., Door]) -> None:
    door = open_door(connections=5)
    gate = threading.Event()
    door.routes["/slow"] = lambda incoming: str(gate.wait(DEADLINE_SECONDS))
    uploading, answering, sending = door.connect(), door.connect(), door.connect()
    uploading.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbo")
    answering.send(request("/slow"))
    sending.send(b"GET /echo HTTP/1.1\r\nHost: ")
    idle = [door.connect() for _ in range(2)]
    for client in idle:
        assert client.ask("/echo").status == 200
    new = []
    for _ in range(10):
        new.append(door.connect())
        assert new[-1].ask("/echo").status == 200
    for client in (*idle, *new[:-2]):
        assert client.read_to_end() == b""
    for client in new[-2:]:
        assert client.ask("/echo").status == 200
    uploading.send(b"dy")
    assert uploading.read().json()["body"] == "body"
    sending.send(b"localhost\r\n\r\n")
    assert sending.read().status == 200
    gate.set()
    assert answering.read().body == b"True"
    for client in (uploading, answering, sending, *idle, *new):
        client.close()
    has_no_connections(door)


def test_long_paths_and_header_names_are_not_remembered(door: Door) -> None:
    """Thousands of them are, to answer faster; a client that sends long ones would fill the memory."""
    caches: list[Remembered[Any, Any]] = [cache for cache in gc.get_objects() if type(cache) is Remembered]
    with door.connect() as client:
        assert client.ask("/echo/short", "GET", None, "X-Short: 1").status == 200
        assert client.ask("/echo/" + "a" * 2000, "GET", None, "X-" + "b" * 2000 + ": 1").status == 200
    texts = [str(key) for cache in caches for key in cache]
    assert "/echo/short" in texts
    assert max(map(len, texts)) < 1500


def test_what_is_remembered_is_limited() -> None:
    lengths = Remembered[str, int](len, 100)
    for number in range(1000):
        assert lengths[f"text {number}"] == lengths[f"text {number}"] == len(f"text {number}")
        assert len(lengths) <= 100


def test_too_many_waiting_requests_get_503_and_the_others_their_answer(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=2, waiting_requests=3)
    inside, go_on = threading.Semaphore(0), threading.Event()

    def wait(incoming: Request) -> Response:
        inside.release()
        assert go_on.wait(DEADLINE_SECONDS)
        return Response(incoming.query_string)

    door.routes["/wait"] = wait
    busy = [door.connect() for _ in range(2)]
    for number, client in enumerate(busy):
        client.send(request(f"/wait?{number}"))
        assert inside.acquire(timeout=DEADLINE_SECONDS)
    waiting = [door.connect() for _ in range(3)]
    for number, client in enumerate(waiting):
        client.send(request(f"/wait?{number}"))
        wait_until(lambda number=number: len(door.server._crew._waiting) == number + 1)  # type: ignore[misc]
    for _ in range(10):
        answer = door.ask("/echo", "POST", b"x" * 100_000)
        assert (answer.status, answer.header("Retry-After"), answer.header("Connection")) == (503, "1", "close")
    go_on.set()
    assert [client.read().body for client in busy] == [b"0", b"1"]
    assert [client.read().body for client in waiting] == [b"0", b"1", b"2"]
    for client in (*busy, *waiting):
        assert client.ask("/echo").status == 200
        client.close()
    has_no_connections(door)


def test_a_request_that_waits_for_a_worker_does_not_run_out_of_time(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=1, idle_seconds=0.05, header_seconds=0.05, idle_body_seconds=0.05)
    inside, go_on = threading.Event(), threading.Event()

    def wait(incoming: Request) -> str:
        inside.set()
        return str(go_on.wait(DEADLINE_SECONDS))

    door.routes["/wait"] = wait
    with door.connect() as busy, door.connect() as waiting:
        busy.send(request("/wait"))
        assert inside.wait(DEADLINE_SECONDS)
        waiting.send(request("/echo?waited"))
        wait_until(lambda: len(door.server._crew._waiting) == 1)
        with door.connect() as idle:
            idle.read_to_end()
        go_on.set()
        assert busy.read().body == b"True"
        assert waiting.read().json()["query"] == "waited"


def test_a_client_that_leaves_while_it_waits_for_a_worker_does_no_harm(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=1)
    inside, go_on = threading.Event(), threading.Event()

    def wait(incoming: Request) -> str:
        inside.set()
        return str(go_on.wait(DEADLINE_SECONDS))

    door.routes["/wait"] = wait
    with door.connect() as busy:
        busy.send(request("/wait"))
        assert inside.wait(DEADLINE_SECONDS)
        leaving = [door.connect() for _ in range(5)]
        for client in leaving:
            client.send(request("/echo"))
        wait_until(lambda: len(door.server._crew._waiting) == 5)
        for client in leaving:
            client.reset()
        go_on.set()
        assert busy.read().body == b"True"
    assert door.is_answering()
    has_no_connections(door)


def test_everything_recovers_after_a_storm(open_door: Callable[..., Door]) -> None:
    """Many more clients than threads and places in the queue: each gets an answer or 503, and then all is well."""
    door = open_door(workers=2, waiting_requests=2, connections=30)
    door.routes["/some"] = lambda incoming: Response(incoming.query_string * 100)

    def ask(number: int) -> int:
        try:
            answer = door.ask(f"/some?{number}", "POST", b"x" * 1000)
        except (OSError, AssertionError):  # the connection had to make room for another
            return 0
        assert answer.status == 503 or answer.body == b"%d" % number * 100
        return answer.status

    with ThreadPoolExecutor(50) as clients:
        assert {200} <= set(clients.map(ask, range(2000))) <= {0, 200, 503}
    assert door.is_answering()
    has_no_connections(door)


SERVER_WITH_FEW_DESCRIPTORS = """
import resource, sys
from pathlib import Path
from doors import Door
from localstack.host.gateway.front_door.loop import Limits

door = Door(Path(sys.argv[1]), Limits(), workers=4)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
print(door.port, flush=True)
sys.stdin.read()
door.stop()
"""


def test_without_descriptors_the_longest_idle_connections_make_room(tmp_path: Path) -> None:
    """In a process of its own, which may open 40 files."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER_WITH_FEW_DESCRIPTORS, str(tmp_path)],
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with ExitStack() as opened:
            clients = [opened.enter_context(Client(port)) for _ in range(100)]
            assert clients[-1].ask("/echo").status == 200
            for _ in range(100):
                assert opened.enter_context(Client(port)).ask("/echo").status == 200
            assert clients[0].read_to_end() == b""
        _, errors = server.communicate()
    assert (server.returncode, errors) == (0, "")


def trickle_until_answered(client: Client, start: bytes, part: bytes) -> int:
    """Send byte after byte until the server says something; how many were sent."""
    client.send(start)
    client.sock.settimeout(0.01)
    try:
        for count in range(3000):
            try:
                if client.sock.recv(1, 2):  # MSG_PEEK
                    return count
            except TimeoutError:
                client.send(part)
    finally:
        client.sock.settimeout(DEADLINE_SECONDS)
    pytest.fail("the head may trickle in for ever")
