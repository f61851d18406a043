"""Threads that take turns in leading: a slow handler stops nobody, nothing is lost in a hand-over, all of it ends."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import psutil
import pytest
from rolo import Request, Response

from doors import DEADLINE_SECONDS, Client, Door, gateway_threads, request, wait_until
from http2_client import Http2Client
from localstack.host.gateway.front_door import crew as crew_module
from localstack.host.gateway.front_door.loop import Loop
from localstack.host.gateway.front_door.request import make_environ


class Gate:
    """Requests to ``/wait`` come in and stay until the gate is opened."""

    def __init__(self, door: Door) -> None:
        self.inside = threading.Semaphore(0)
        self.opened = threading.Event()
        door.routes["/wait"] = self._wait

    def wait_for(self, count: int) -> None:
        """Return when ``count`` more requests have come in."""
        for _ in range(count):
            assert self.inside.acquire(timeout=DEADLINE_SECONDS), "a request did not reach its handler"

    def _wait(self, incoming: Request) -> Response:
        self.inside.release()
        assert self.opened.wait(DEADLINE_SECONDS), "the gate was never opened"
        return Response(incoming.query_string)


def test_twenty_handlers_that_block_do_not_stop_the_others(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=20)
    gate = Gate(door)
    with ThreadPoolExecutor(20) as clients:
        blocked = [clients.submit(door.ask, f"/wait?{number}") for number in range(19)]
        gate.wait_for(19)
        with door.connect() as client:
            for number in range(200):
                assert client.ask(f"/echo?{number}").json()["query"] == str(number)
        gate.opened.set()
        assert [answer.result().body for answer in blocked] == [b"%d" % number for number in range(19)]


def test_a_worker_in_the_second_request_of_a_connection_does_not_take_the_turn_from_the_leader(door: Door) -> None:
    """It does not lead, so it must not look like a leader that is stuck: two leaders would serve connections twice."""
    crew = door.server._crew
    inside, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def wait(incoming: Request) -> str:
        inside.release()
        return str(go_on.acquire(timeout=DEADLINE_SECONDS))

    door.routes["/wait"] = wait
    with door.connect() as client:
        client.send(request("/wait") * 2)
        assert inside.acquire(timeout=DEADLINE_SECONDS)
        wait_until(lambda: not crew._awake.is_set(), "the watch finds no rest")
        turn = crew.turn
        go_on.release()
        assert inside.acquire(timeout=DEADLINE_SECONDS)
        wait_until(lambda: not crew._awake.is_set(), "the watch finds no rest")
        assert crew.turn is turn
        go_on.release()
        assert [client.read().body for _ in range(2)] == [b"True"] * 2


@pytest.mark.parametrize("leads", [True, False], ids=["leader", "worker"])
def test_a_mistake_of_ours_costs_one_connection_and_no_thread(
    open_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch, leads: bool
) -> None:
    """No request is known that makes the server itself fail, so one is made to."""
    door = open_door(workers=1)
    door.logs_errors = True
    gate = Gate(door)

    def fail(method: str, target: str, *rest: Any) -> Any:
        if target == "/fail":
            raise RuntimeError("a mistake of ours")
        return make_environ(method, target, *rest)

    monkeypatch.setattr("localstack.host.gateway.front_door.http1.make_environ", fail)
    with door.connect() as client, door.connect() as busy:
        if not leads:
            busy.send(request("/wait"))
            gate.wait_for(1)
        client.send(request("/fail"))
        if not leads:
            wait_until(lambda: door.server._crew._waiting)
            gate.opened.set()
            assert busy.read().status == 200
        assert client.read_to_end() == b""
        assert door.server._crew._serving is None  # or the watch would take a leader for stuck that only waits
    assert door.is_answering()
    wait_until(lambda: not door.server._loop.connections)


def test_a_handler_may_call_its_own_gateway_five_deep(door: Door) -> None:
    def deeper(incoming: Request) -> str:
        depth = int(incoming.query_string)
        return f"{depth} " + (door.ask(f"/deeper?{depth - 1}").body.decode() if depth else "")

    door.routes["/deeper"] = deeper
    with ThreadPoolExecutor(3) as clients:
        answers = clients.map(lambda _: door.ask("/deeper?5").body, range(3))
        assert list(answers) == [b"5 4 3 2 1 0 "] * 3


def test_no_answer_is_lost_or_doubled_in_hundreds_of_hand_overs(open_door: Callable[..., Door]) -> None:
    """Handlers that take about as long as the watch waits before it takes the turn away."""
    door = open_door(workers=50)
    served = Counter[str]()
    lock = threading.Lock()

    def sometimes_slow(incoming: Request) -> Response:
        query = incoming.query_string.decode()
        with lock:
            served[query] += 1
        time.sleep(random.Random(query).choice([0, 0, 0, 0.5, 0.9, 1, 1.1, 2]) * crew_module.HAND_OVER_SECONDS)
        return Response(query.encode() * 50)

    door.routes["/some"] = sometimes_slow

    def run(client_number: int) -> None:
        numbers = random.Random(client_number)
        with door.connect() as client:
            count = 0
            while count < 150:
                queries = [f"{client_number}-{count + n}." for n in range(numbers.randrange(1, 6))]
                client.send(b"".join(request(f"/some?{query}") for query in queries))
                for query in queries:
                    assert client.read().body == query.encode() * 50
                count += len(queries)

    with ThreadPoolExecutor(16) as clients:
        list(clients.map(run, range(16)))
    assert set(served.values()) == {1}
    assert len(served) >= 16 * 150


def test_the_number_of_threads_is_bounded_and_everybody_is_served_in_the_end(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=3)
    gate = Gate(door)
    with ThreadPoolExecutor(20) as clients:
        answers = [clients.submit(door.ask, f"/wait?{number}") for number in range(20)]
        gate.wait_for(3)
        assert len(gateway_threads()) <= 3 + 1 + 1  # the workers, the leader, the watch
        assert not gate.inside.acquire(blocking=False)
        gate.opened.set()
        assert {answer.result().body for answer in answers} == {b"%d" % number for number in range(20)}
    assert len(gateway_threads()) <= 3 + 1 + 1


def test_without_a_further_thread_the_leader_goes_on_by_itself(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door.logs_errors = True
    is_refused = threading.Event()

    def refuse(thread: threading.Thread) -> None:
        is_refused.set()
        raise RuntimeError("can't start new thread")

    def wait(incoming: Request) -> str:
        assert is_refused.wait(DEADLINE_SECONDS)
        return "done"

    door.routes["/wait"] = wait
    door.routes["/quick"] = lambda incoming: "quick"
    with door.connect() as client, door.connect() as other:
        assert other.ask("/quick").body == b"quick"
        monkeypatch.setattr("localstack.host.gateway.front_door.crew.threading.Thread.start", refuse)
        client.send(request("/wait"))
        other.send(request("/quick"))
        assert client.read().body == b"done"
        assert other.read().body == b"quick"
        monkeypatch.undo()
        assert client.ask("/quick").body == b"quick"
    refusals = [record.getMessage() for record in caplog.records if "thread" in record.getMessage()]
    assert refusals == ["no further thread can be started: can't start new thread"]


def test_threads_that_are_idle_for_long_end(open_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_IDLE_THREAD_SECONDS", 0.05)
    door = open_door(workers=40)
    for _ in range(3):
        gate = Gate(door)
        with ThreadPoolExecutor(30) as clients:
            answers = [clients.submit(door.ask, f"/wait?{number}") for number in range(30)]
            gate.wait_for(30)
            assert len(gateway_threads()) >= 30
            gate.opened.set()
            assert all(answer.result().status == 200 for answer in answers)
        spare = crew_module._SPARE_THREADS
        wait_until(lambda limit=spare: len(gateway_threads()) <= limit + 2, "idle threads stay for ever")  # type: ignore[misc]
        assert door.is_answering()


def test_streams_and_slow_readers_do_not_keep_the_leader(door: Door) -> None:
    go_on = threading.Event()

    def stream() -> Iterator[bytes]:
        yield b"first"
        assert go_on.wait(DEADLINE_SECONDS)
        yield b"second"

    door.routes |= {
        "/stream": lambda incoming: Response(stream()),
        "/large": lambda incoming: Response(iter([b"x" * 20_000_000])),
    }
    clients = [door.connect() for _ in range(10)]
    for client in clients[:5]:
        client.send(request("/stream"))
        assert client.read_line() == "HTTP/1.1 200 OK"
    for client in clients[5:]:
        client.send(request("/large"))
        assert client.read_line() == "HTTP/1.1 200 OK"
    assert door.is_answering()
    go_on.set()
    for client in clients:
        client.close()


class SlowFile(BytesIO):
    """A file on a disk that takes its time with what comes after the first ``FAST_BYTES``."""

    FAST_BYTES = 15_000

    def __init__(self) -> None:
        super().__init__()
        self.is_stuck, self.go_on = threading.Event(), threading.Event()

    def write(self, part: Any) -> int:
        if self.tell() >= self.FAST_BYTES:
            self.is_stuck.set()
            assert self.go_on.wait(DEADLINE_SECONDS)
        return super().write(part)


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_a_slow_disk_stops_only_the_upload_that_it_keeps(
    open_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    door = open_door(memory_body_bytes=10_000, memory_together_bytes=0)
    file = SlowFile()
    monkeypatch.setattr("localstack.host.gateway.front_door.upload.tempfile.TemporaryFile", lambda dir: file)
    parts = [b"a" * SlowFile.FAST_BYTES, b"b" * 15_000]
    with ExitStack() as stack:
        if protocol == "HTTP/2":
            http2 = stack.enter_context(Http2Client.connect(door.port))
            assert http2.ask("/echo").status == 200  # what takes long the first time is over
            stream = http2.begin("/echo", "PUT", end_stream=False)
            http2.h2.send_data(stream, parts[0])
            http2.h2.send_data(stream, parts[1], end_stream=True)
            http2.flush()
        else:
            http1 = stack.enter_context(door.connect())
            http1.send(request("/echo", "PUT", None, "Content-Length: 30000") + parts[0])
            wait_until(lambda: file.tell() == len(parts[0]))
            http1.send(parts[1])
        assert file.is_stuck.wait(DEADLINE_SECONDS)
        assert door.is_answering()
        file.go_on.set()
        answer = http2.answer(stream).body if protocol == "HTTP/2" else http1.read("PUT").body
        assert json.loads(answer)["sha256"] == hashlib.sha256(b"".join(parts)).hexdigest()


def test_stop_lets_answers_go_out_that_are_under_way(door: Door) -> None:
    inside = threading.Event()

    def asks_to_stop(incoming: Request) -> str:
        inside.set()
        door.server.stop()
        return "stopping"

    door.routes["/stop"] = asks_to_stop
    door.routes["/large"] = lambda incoming: Response(b"x" * 5_000_000)
    with door.connect() as client, door.connect() as reader:
        reader.send(request("/large"))
        assert reader.read_line() == "HTTP/1.1 200 OK"
        assert client.ask("/stop").body == b"stopping"
        reader.read_headers()
        assert len(reader.read_bytes(5_000_000)) == 5_000_000
    door.stop()


def test_stop_lets_answers_go_out_that_wait_for_the_end_of_a_round(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    release, crew = Loop._release_held, door.server._crew

    def release_late(loop: Loop) -> None:
        if loop.held:
            door.server.stop()
            with pytest.raises(AssertionError, match="as it should"):
                wait_until(lambda: crew.is_ended, "it waits for the answer, as it should", seconds=0.2)
        release(loop)

    door.routes["/quick"] = lambda incoming: "quick"
    monkeypatch.setattr(Loop, "_release_held", release_late)
    with door.connect() as client:
        assert client.ask("/quick").body == b"quick"
    door.stop()


def test_stop_while_handlers_block_ends_at_once_and_nobody_complains(open_door: Callable[..., Door]) -> None:
    """What hangs is left behind; when it comes back later, its thread ends without an error."""
    door = open_door(workers=4)
    gate = Gate(door)
    blocked = [door.connect() for _ in range(8)]
    for number, client in enumerate(blocked):
        client.send(request(f"/wait?{number}"))
    gate.wait_for(4)
    idle = door.connect()
    door.stop()
    for client in [*blocked, idle]:
        assert client.read_to_end() == b""
        client.close()
    gate.opened.set()
    wait_until(lambda: not gateway_threads(), "threads are left over")


def test_stop_closes_every_descriptor(door: Door) -> None:
    before = psutil.Process().num_fds() - 4  # the listener, the poller, the two ends of the waker
    clients = [door.connect() for _ in range(20)]
    for number, client in enumerate(clients):
        if number % 3 == 0:
            assert client.ask("/echo").status == 200
        elif number % 3 == 1:
            client.send(b"GET /half HTTP/1.1\r\n")
    door.stop()
    for client in clients:
        client.read_to_end()
        client.close()
    wait_until(lambda: psutil.Process().num_fds() <= before, "descriptors are left open")


def test_stop_before_run_and_twice(open_door: Callable[..., Door]) -> None:
    for _ in range(20):
        door = open_door()
        door.stop()
        door.stop()
        with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", door.port), timeout=5):
            pass


def test_a_route_that_is_added_or_removed_under_load_is_seen_by_the_next_request(door: Door) -> None:
    ended = threading.Event()

    def load() -> None:
        with Client(door.port) as client:
            while not ended.is_set():
                assert client.ask("/echo").status == 200

    with ThreadPoolExecutor(4) as clients:
        loads = [clients.submit(load) for _ in range(4)]
        try:
            for number in range(100):
                assert door.ask("/new").status == 404
                door.routes["/new"] = lambda incoming, number=number: str(number)  # type: ignore[misc]
                assert door.ask("/new").body == b"%d" % number
                del door.routes["/new"]
        finally:
            ended.set()
        for result in loads:
            result.result()
