"""HTTP/2 streams that extensions claim by their headers: gRPC with its own client and server, and single frames."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, SettingsAcknowledged, StreamEnded, TrailersReceived
from h2.settings import SettingCodes

from doors import DEADLINE_SECONDS, Door, wait_until
from http2_client import Http2Client
from localstack.extensions.api.connections import Http2Request
from localstack.host.extension.claims import OwnedConnections
from localstack.host.extension.guard import Guard
from localstack.host.extension.ownership import Ledger, acting
from localstack.host.extension.registry import Registry
from platforms import free_port

SERVICE = "/leanto.Test/"
BIG = b"0123456789abcdef" * 200_000  # 3.2 MB, more than any window


class Service(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc is not typed
    """Methods on plain bytes, so that no generated code is needed."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.is_cancelled = threading.Event()
        self.may_read = threading.Event()

    def service(self, details: Any) -> Any:
        name = details.method.removeprefix(SERVICE)
        kind = {
            "Count": grpc.unary_stream_rpc_method_handler,
            "Collect": grpc.stream_unary_rpc_method_handler,
            "Chat": grpc.stream_stream_rpc_method_handler,
            "Stall": grpc.stream_unary_rpc_method_handler,
        }.get(name, grpc.unary_unary_rpc_method_handler)
        return kind(getattr(self, name.lower()))

    def reverse(self, request: bytes, context: Any) -> bytes:
        sent = dict(context.invocation_metadata())
        context.send_initial_metadata([("x-saw", sent.get("x-asked", ""))])
        context.set_trailing_metadata([("x-after", "all"), ("x-raw-bin", b"\0\xff")])
        return request[::-1]

    def fail(self, request: bytes, context: Any) -> bytes:
        context.set_trailing_metadata([("x-why", "because")])
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: ä")
        raise AssertionError("abort raises")

    def wait(self, request: bytes, context: Any) -> bytes:
        context.add_callback(self.is_cancelled.set)
        self.is_asked.set()
        assert self.is_cancelled.wait(DEADLINE_SECONDS)
        return b""

    def count(self, request: bytes, context: Any) -> Iterator[bytes]:
        for number in range(int(request)):
            yield b"%d" % number
        if request == b"3":
            context.set_code(grpc.StatusCode.OUT_OF_RANGE)
            context.set_details("three is the end")

    def collect(self, requests: Iterator[bytes], context: Any) -> bytes:
        return b"%d" % sum(map(len, requests))

    def chat(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for message in requests:
            yield b"you said " + message

    def stall(self, requests: Iterator[bytes], context: Any) -> bytes:
        assert self.may_read.wait(DEADLINE_SECONDS)
        return b"%d" % sum(map(len, requests))


class Claimed:
    """A front door that forwards the calls of ``SERVICE`` to a gRPC server."""

    def __init__(self, door: Door, connections: OwnedConnections) -> None:
        self.door = door
        self.connections = connections
        self.service = Service()
        self.server = grpc.server(
            ThreadPoolExecutor(16), handlers=[self.service], options=[("grpc.max_receive_message_length", -1)]
        )
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.claim = self.forward(is_call, self.port)

    def forward(self, matches: Callable[[Http2Request], bool], port: int) -> Any:
        with acting("greeter"):
            return self.connections.forward_http2(matches, "127.0.0.1", port)

    def channel(self) -> Any:
        # not one for all tests: channels to the same address share their connections
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        return grpc.insecure_channel(f"127.0.0.1:{self.door.port}", options=options)


def is_call(request: Http2Request) -> bool:
    content_type: str = request.headers.get("Content-Type", "")
    return content_type.startswith("application/grpc") and request.path.startswith(SERVICE)


@pytest.fixture
def claimed(open_door: Callable[..., Door]) -> Iterator[Claimed]:
    connections = OwnedConnections(Ledger(), Guard(Registry()))
    claimed = Claimed(open_door(claims=connections), connections)
    yield claimed
    claimed.service.may_read.set()
    claimed.server.stop(None).wait(DEADLINE_SECONDS)


# gRPC


def test_a_call_and_its_metadata_go_both_ways(claimed: Claimed) -> None:
    with claimed.channel() as channel:
        answer, call = channel.unary_unary(SERVICE + "Reverse").with_call(
            b"abc", metadata=[("x-asked", "this")], timeout=DEADLINE_SECONDS
        )
        assert answer == b"cba"
        assert ("x-saw", "this") in call.initial_metadata()
        assert {("x-after", "all"), ("x-raw-bin", b"\0\xff")} <= set(call.trailing_metadata())
        assert call.code() is grpc.StatusCode.OK


def test_a_status_comes_with_its_message_and_trailers(claimed: Claimed) -> None:
    with claimed.channel() as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(SERVICE + "Fail")(b"", timeout=DEADLINE_SECONDS)
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert raised.value.details() == "not today: ä"
    assert ("x-why", "because") in raised.value.trailing_metadata()


def test_streams_of_messages_go_both_ways(claimed: Claimed) -> None:
    with claimed.channel() as channel:
        count = channel.unary_stream(SERVICE + "Count")
        assert list(count(b"2000", timeout=DEADLINE_SECONDS)) == [b"%d" % number for number in range(2000)]
        messages = count(b"3", timeout=DEADLINE_SECONDS)
        assert [next(messages) for _ in range(3)] == [b"0", b"1", b"2"]
        with pytest.raises(grpc.RpcError) as raised:
            next(messages)
        assert raised.value.code() is grpc.StatusCode.OUT_OF_RANGE
        collect = channel.stream_unary(SERVICE + "Collect")
        assert collect((b"x" * 1000 for _ in range(500)), timeout=DEADLINE_SECONDS) == b"500000"


def test_each_side_answers_the_other_in_turn(claimed: Claimed) -> None:
    words = ["one", "two", "three"]
    said = threading.Semaphore(0)

    def speak() -> Iterator[bytes]:
        for word in words:
            yield word.encode()
            assert said.acquire(timeout=DEADLINE_SECONDS)  # the next one only after the answer

    with claimed.channel() as channel:
        heard = []
        for answer in channel.stream_stream(SERVICE + "Chat")(speak(), timeout=DEADLINE_SECONDS):
            heard.append(answer)
            said.release()
    assert heard == [b"you said " + word.encode() for word in words]


def test_messages_larger_than_any_window_arrive(claimed: Claimed) -> None:
    with claimed.channel() as channel, ThreadPoolExecutor(4) as pool:
        reverse = channel.unary_unary(SERVICE + "Reverse")
        answers = [pool.submit(reverse, BIG, timeout=DEADLINE_SECONDS) for _ in range(4)]
        assert [answer.result() == BIG[::-1] for answer in answers] == [True] * 4


@pytest.mark.parametrize("ends", ["deadline", "cancel"])
def test_a_call_that_the_client_gives_up_ends_on_the_server(claimed: Claimed, ends: str) -> None:
    with claimed.channel() as channel:
        wait = channel.unary_unary(SERVICE + "Wait")
        if ends == "deadline":
            with pytest.raises(grpc.RpcError) as raised:
                wait(b"", timeout=0.2)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        else:
            call = wait.future(b"")
            assert claimed.service.is_asked.wait(DEADLINE_SECONDS)
            call.cancel()
        assert claimed.service.is_cancelled.wait(DEADLINE_SECONDS)
        assert channel.unary_unary(SERVICE + "Reverse")(b"ab", timeout=DEADLINE_SECONDS) == b"ba"


def test_calls_that_nobody_claims_go_through_the_chain(claimed: Claimed) -> None:
    with claimed.channel() as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary("/other.Service/Method")(b"", timeout=DEADLINE_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED  # what gRPC makes of the 404


def test_a_server_that_is_not_there_is_unavailable(claimed: Claimed, caplog: pytest.LogCaptureFixture) -> None:
    claimed.door.logs_errors = True
    claimed.connections.remove(claimed.claim)
    port = free_port()
    claimed.forward(is_call, port)
    with claimed.channel() as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(SERVICE + "Reverse")(b"", timeout=DEADLINE_SECONDS)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert f"extension greeter claims a connection, but its server on 127.0.0.1:{port} can't be reached" in caplog.text


def test_a_server_that_comes_back_is_found_again(claimed: Claimed) -> None:
    claimed.door.logs_errors = True
    with claimed.channel() as channel:
        reverse = channel.unary_unary(SERVICE + "Reverse")
        assert reverse(b"ab", timeout=DEADLINE_SECONDS) == b"ba"
        claimed.server.stop(None).wait(DEADLINE_SECONDS)
        with pytest.raises(grpc.RpcError):
            reverse(b"ab", timeout=DEADLINE_SECONDS)
        claimed.server = grpc.server(ThreadPoolExecutor(2), handlers=[claimed.service])
        assert claimed.server.add_insecure_port(f"127.0.0.1:{claimed.port}") == claimed.port
        claimed.server.start()
        assert reverse(b"ab", timeout=DEADLINE_SECONDS) == b"ba"


def test_calls_inside_tls(claimed: Claimed) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    sock = socket.create_connection(("127.0.0.1", claimed.door.port), DEADLINE_SECONDS)
    with Http2Client(context.wrap_socket(sock, server_hostname="localhost")) as client:
        client.flush()
        answer = client.ask(SERVICE + "Reverse", "POST", *GRPC_HEADERS, body=b"\0\0\0\0\2ab")
        assert answer.status == 200
        assert answer.body == b"\0\0\0\0\2ba"


# single frames

GRPC_HEADERS = (("content-type", "application/grpc"), ("te", "trailers"))


def test_streams_of_one_connection_go_different_ways(claimed: Claimed) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        call = client.begin(SERVICE + "Reverse", "POST", *GRPC_HEADERS, end_stream=False)
        assert client.ask("/echo", "POST", body=b"page").status == 200
        client.upload(call, b"\0\0\0\0\2ab")
        assert client.answer(call).body == b"\0\0\0\0\2ba"
        assert client.ask("/echo").status == 200


def test_a_stream_that_its_server_does_not_read_stops_no_other(claimed: Claimed) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        stalled = [client.begin(SERVICE + "Stall", "POST", *GRPC_HEADERS, end_stream=False) for _ in range(6)]
        size = 300_000
        message = b"\0" + size.to_bytes(4, "big") + b"x" * size
        for stream in stalled:  # nearly as much as its window takes, together more than the connection's
            client.upload(stream, message * 3, end_stream=False)
        assert json.loads(client.ask("/echo", "POST", body=BIG).body)["length"] == len(BIG)
        claimed.service.may_read.set()
        for stream in stalled:
            client.h2.end_stream(stream)
            client.flush()
            assert client.answer(stream).body[5:] == b"%d" % (3 * size)


def test_a_matcher_sees_how_the_stream_begins(claimed: Claimed) -> None:
    seen: list[Http2Request] = []

    def look(request: Http2Request) -> bool:
        seen.append(request)
        return False

    claimed.forward(look, free_port())
    with Http2Client.connect(claimed.door.port) as client:
        assert client.ask("/echo?a=%20b", "PUT", ("x-thing", "1"), body=b"").status == 200
    (request,) = seen
    assert (request.method, request.authority, request.path) == ("PUT", "localhost", "/echo?a=%20b")
    assert request.headers["X-Thing"] == "1"


@pytest.fixture
def scripted(claimed: Claimed) -> Iterator[ScriptedServer]:
    """Takes the place of the gRPC server."""
    claimed.connections.remove(claimed.claim)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        claimed.forward(is_call, listener.getsockname()[1])
        listener.settimeout(DEADLINE_SECONDS)
        server = ScriptedServer(listener)
        yield server
        server.close()


class ScriptedServer:
    """An HTTP/2 server that does what a test says, frame by frame."""

    def __init__(self, listener: socket.socket) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.events: list[Any] = []
        self._listener = listener
        self._sock: socket.socket | None = None

    def accept(self) -> None:
        self._sock, _ = self._listener.accept()
        self._sock.settimeout(DEADLINE_SECONDS)
        self.h2.initiate_connection()
        self.flush()

    def read_until(self, kind: type[Any]) -> Any:
        """Wait for an event; the first of its kind that nobody has waited for."""
        while True:
            for event in self.events:
                if isinstance(event, kind):
                    self.events.remove(event)
                    return event
            assert self._sock is not None
            data = self._sock.recv(65536)
            assert data, "the connection was closed"
            self.events += self.h2.receive_data(data)
            self.flush()

    def flush(self) -> None:
        assert self._sock is not None
        self._sock.sendall(self.h2.data_to_send())

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


def test_headers_data_and_trailers_arrive_as_they_were_sent(claimed: Claimed, scripted: ScriptedServer) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        call = client.begin(SERVICE + "X?q=%2F", "POST", *GRPC_HEADERS, ("x-id", "7"), end_stream=False)
        client.upload(call, b"abc", end_stream=False)
        client.h2.send_headers(call, [("x-checksum", "9")], end_stream=True)
        client.flush()
        scripted.accept()
        request = scripted.read_until(RequestReceived)
        assert dict(request.headers) == {
            ":method": "POST", ":scheme": "http", ":authority": "localhost", ":path": SERVICE + "X?q=%2F",
            "content-type": "application/grpc", "te": "trailers", "x-id": "7",
        }  # fmt: skip
        assert scripted.read_until(DataReceived).data == b"abc"
        assert dict(scripted.read_until(TrailersReceived).headers) == {"x-checksum": "9"}
        scripted.read_until(StreamEnded)
        scripted.h2.send_headers(request.stream_id, [(":status", "203"), ("x-server", "own")])
        scripted.h2.send_data(request.stream_id, b"", pad_length=9)
        scripted.h2.send_data(request.stream_id, b"def")
        scripted.h2.end_stream(request.stream_id)
        scripted.flush()
        answer = client.answer(call)
        assert answer.headers == [(":status", "203"), ("x-server", "own")]
        assert answer.body == b"def"


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_reset_of_the_server_keeps_its_code(claimed: Claimed, scripted: ScriptedServer, has_begun: bool) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        call = client.begin(SERVICE + "X", "POST", *GRPC_HEADERS)
        scripted.accept()
        number = scripted.read_until(RequestReceived).stream_id
        if has_begun:
            scripted.h2.send_headers(number, [(":status", "200")])
        scripted.h2.reset_stream(number, ErrorCodes.ENHANCE_YOUR_CALM)
        scripted.flush()
        answer = client.answer(call)
        assert answer.reset_code == ErrorCodes.ENHANCE_YOUR_CALM
        assert bool(answer.headers) is has_begun


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_server_that_goes_ends_its_streams_and_no_others(
    claimed: Claimed, scripted: ScriptedServer, has_begun: bool
) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        call = client.begin(SERVICE + "X", "POST", *GRPC_HEADERS)
        scripted.accept()
        number = scripted.read_until(RequestReceived).stream_id
        if has_begun:
            scripted.h2.send_headers(number, [(":status", "200")])
            scripted.flush()
            client.read_until(lambda: client.answers[call].headers)
        scripted.close()
        answer = client.answer(call)
        if has_begun:
            assert answer.reset_code == ErrorCodes.INTERNAL_ERROR
        else:
            assert answer.status == 502
            assert b"extension greeter" in answer.body
        assert client.ask("/echo").status == 200


def test_a_server_that_allows_one_stream_gets_one_after_the_other(claimed: Claimed, scripted: ScriptedServer) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        first = client.begin(SERVICE + "X", "POST", *GRPC_HEADERS)
        scripted.accept()
        number = scripted.read_until(RequestReceived).stream_id
        scripted.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1})
        scripted.flush()
        scripted.read_until(SettingsAcknowledged)
        scripted.read_until(SettingsAcknowledged)
        later = [client.begin(SERVICE + "X", "POST", *GRPC_HEADERS) for _ in range(2)]
        assert client.ask("/echo").status == 200
        for call in (first, *later):
            scripted.h2.send_headers(number, [(":status", "200")], end_stream=True)
            scripted.flush()
            assert client.answer(call).status == 200
            if call != later[-1]:
                number = scripted.read_until(RequestReceived).stream_id


def test_a_server_that_says_goodbye_gets_nothing_new(claimed: Claimed, scripted: ScriptedServer) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        first = client.begin(SERVICE + "X", "POST", *GRPC_HEADERS)
        scripted.accept()
        number = scripted.read_until(RequestReceived).stream_id
        goodbye = H2Connection(H2Configuration(client_side=False))
        goodbye.initiate_connection()
        goodbye.data_to_send()
        goodbye.close_connection(last_stream_id=number)
        assert scripted._sock is not None
        scripted._sock.sendall(goodbye.data_to_send())
        scripted.h2.send_headers(number, [(":status", "200")], end_stream=True)
        scripted.flush()
        assert client.answer(first).status == 200
        second = client.begin(SERVICE + "X", "POST", *GRPC_HEADERS)
        again = ScriptedServer(scripted._listener)
        again.accept()
        number = again.read_until(RequestReceived).stream_id
        again.h2.send_headers(number, [(":status", "201")], end_stream=True)
        again.flush()
        assert client.answer(second).status == 201
        again.close()


def test_a_client_that_goes_takes_its_connection_to_the_server_along(claimed: Claimed) -> None:
    with Http2Client.connect(claimed.door.port) as client:
        client.begin(SERVICE + "Wait", "POST", *GRPC_HEADERS)
        wait_until(lambda: len(claimed.door.server._loop.connections) == 2)
    wait_until(lambda: not claimed.door.server._loop.connections, "a connection is still open")
