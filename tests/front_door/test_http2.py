"""HTTP/2 on the one port, in the clear and by ALPN: what real clients send, and what hostile ones do."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import socket
import ssl
import subprocess
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, SettingsFrame, WindowUpdateFrame
from rolo import Request, Response

from doors import DEADLINE_SECONDS, Door, wait_until
from http2_client import Http2Answer, Http2Client

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BIG = random.Random(1).randbytes(3_000_001)


@pytest.fixture
def client(door: Door) -> Iterator[Http2Client]:
    with Http2Client.connect(door.port) as connected:
        yield connected


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def curl(*arguments: str) -> str:
    """Run curl, whose HTTP/2 is another one than ours; its output."""
    program = shutil.which("curl")
    if program is None or "HTTP2" not in subprocess.run([program, "-V"], capture_output=True, text=True).stdout:
        pytest.skip("NOT RUN: no curl that speaks HTTP/2")
    options = ["--silent", "--show-error", "--insecure", "--max-time", str(DEADLINE_SECONDS)]
    return subprocess.run([program, *options, *arguments], capture_output=True, text=True, check=True).stdout


class Gate:
    """A route that says when it was entered and answers when it may."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self, request: Request) -> Response:
        self.entered.release()
        assert self.opened.wait(DEADLINE_SECONDS)
        return Response("through the gate")


# what clients do


@pytest.mark.parametrize("options", [("--http2-prior-knowledge", "http"), ("--http2", "https")], ids="-".join)
def test_curl_uploads_and_downloads(door: Door, tmp_path: Path, options: tuple[str, str]) -> None:
    door.routes["/big"] = lambda request: Response(BIG)
    (tmp_path / "up").write_bytes(BIG)
    option, scheme = options
    url = f"{scheme}://localhost:{door.port}"

    echoed = curl(option, "--write-out", "%{http_version}", "--upload-file", str(tmp_path / "up"), f"{url}/echo")
    curl(option, "--output", str(tmp_path / "down"), f"{url}/big")

    assert sha256(BIG) in echoed
    assert echoed.endswith("}2")
    assert (tmp_path / "down").read_bytes() == BIG


def test_a_request_is_what_the_handler_sees(client: Http2Client) -> None:
    cookies = [("cookie", "a=1"), ("cookie", "b=2")]
    answer = client.ask("/echo/a%2Fb//c+d?x=%20y&x", "PUT", ("x-one", "1"), *cookies, body=b"hello")

    seen = json.loads(answer.body)
    assert answer.status == 200
    assert seen["method"] == "PUT"
    assert seen["raw"] == "/echo/a%2Fb//c+d?x=%20y&x"
    assert seen["path"] == "/echo/a/b//c+d"
    assert seen["query"] == "x=%20y&x"
    assert seen["body"] == "hello"
    assert seen["headers"][:2] == [["host", "localhost"], ["x-one", "1"]]
    assert ["cookie", "a=1; b=2"] in seen["headers"]


def test_the_environ_says_how_the_request_came(door: Door, client: Http2Client) -> None:
    names = ("SERVER_PROTOCOL", "wsgi.url_scheme", "CONTENT_LENGTH", "HTTP_HOST", "REMOTE_ADDR")
    door.routes["/environ"] = lambda request: json.dumps([request.environ.get(name) for name in names])

    assert json.loads(client.ask("/environ").body) == ["HTTP/2", "http", None, "localhost", "127.0.0.1"]
    assert json.loads(client.ask("/environ", "POST", body=b"").body)[2] == "0"
    assert json.loads(client.ask("/environ", "POST", body=b"abc").body)[2] == "3"


def test_the_preface_may_come_byte_by_byte(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), DEADLINE_SECONDS) as sock:
        client = Http2Client(sock)
        for byte in client.h2.data_to_send():
            sock.sendall(bytes([byte]))
        assert client.ask("/echo").status == 200


def test_what_only_begins_like_the_preface_is_http1(door: Door) -> None:
    with door.connect() as client:
        client.send(b"P")
        client.send(b"R")
        client.send(b"OPFIND /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.read().status == 200


def test_alpn_chooses_http2_and_a_client_without_it_gets_http1(door: Door) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection(("127.0.0.1", door.port), DEADLINE_SECONDS)
    with context.wrap_socket(plain, server_hostname="localhost") as sock:
        assert sock.selected_alpn_protocol() == "h2"
        client = Http2Client(sock)
        client.flush()
        assert client.ask("/echo", "POST", body=b"secret").header("content-type") == "application/json"


def test_streams_are_answered_while_an_earlier_one_is_slow(door: Door, client: Http2Client) -> None:
    door.routes["/gate"] = gate = Gate()
    slow = client.begin("/gate")
    assert gate.entered.acquire(timeout=DEADLINE_SECONDS)

    streams = [client.begin(f"/echo/{number}") for number in range(90)]
    answers = [json.loads(client.answer(stream).body)["raw"] for stream in streams]

    assert answers == [f"/echo/{number}" for number in range(90)]
    assert not client.answers[slow].is_ended
    gate.opened.set()
    assert client.answer(slow).body == b"through the gate"


def test_an_answer_is_streamed_as_it_is_produced(door: Door, client: Http2Client) -> None:
    go_on = threading.Event()

    def parts() -> Iterator[bytes]:
        yield b"first"
        assert go_on.wait(DEADLINE_SECONDS)
        yield b""
        yield b"second"

    door.routes["/stream"] = lambda request: Response(parts())
    answer = client.answers[client.begin("/stream")]

    client.read_until(lambda: answer.body)
    assert (answer.status, answer.body) == (200, b"first")
    go_on.set()
    client.read_until(lambda: answer.is_ended)
    assert answer.body == b"firstsecond"


@pytest.mark.parametrize("window", [1, 1000, 65535])
def test_an_answer_waits_for_the_clients_window(door: Door, client: Http2Client, window: int) -> None:
    body = BIG[: window * 50]
    door.routes["/big"] = lambda request: Response(body)
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
    client.flush()
    assert client.ask("/echo").status == 200  # the setting has arrived

    assert client.ask("/big").body == body


def test_a_client_that_takes_nothing_does_not_hinder_its_other_streams(door: Door) -> None:
    door.routes["/big"] = lambda request: Response(BIG)
    with Http2Client.connect(door.port, keeps_windows=False) as client:
        client.h2.increment_flow_control_window(1_000_000)
        client.flush()
        big = client.begin("/big")
        client.read_until(lambda: len(client.answers[big].body) == 65535)

        assert client.ask("/echo").status == 200
        assert not client.answers[big].is_ended


def test_many_big_answers_share_the_connection(door: Door, client: Http2Client) -> None:
    bodies = {f"/big/{number}": BIG[number * 1000 : 500_000 + number * 7000] for number in range(20)}
    door.routes["/big/"] = lambda request: Response(bodies[request.path])
    streams = {client.begin(path): path for path in bodies}

    assert all(client.answer(stream).body == bodies[path] for stream, path in streams.items())


def test_a_large_upload_is_kept_in_a_file(open_door: Callable[..., Door]) -> None:
    door = open_door(memory_body_bytes=10_000, memory_together_bytes=0)
    door.routes["/kind"] = lambda request: (
        f"{'memory' if isinstance(request.environ['wsgi.input'], BytesIO) else 'file'} {sha256(request.get_data())}"
    )
    with Http2Client.connect(door.port) as client:
        small, large = BIG[:10_000], BIG
        assert client.ask("/kind", "PUT", body=small).body.decode() == f"memory {sha256(small)}"
        kind, digest = client.ask("/kind", "PUT", body=large).body.decode().split()
    assert kind == "file"
    assert digest == sha256(large)


def test_uploads_and_downloads_go_on_at_the_same_time(door: Door, client: Http2Client) -> None:
    door.routes["/big"] = lambda request: Response(BIG)
    down = client.begin("/big")
    up = client.begin("/echo", "PUT", end_stream=False)
    client.upload(up, BIG)

    assert json.loads(client.answer(up).body)["sha256"] == sha256(BIG)
    assert client.answer(down).body == BIG


def test_a_head_request_gets_the_head_only(door: Door, client: Http2Client) -> None:
    door.routes["/declared"] = lambda request: Response(headers={"Content-Length": "123"})

    for path, length in (("/declared", "123"), ("/echo", None)):
        answer = client.ask(path, "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert answer.header("content-length") == (length or answer.header("content-length"))


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(door: Door, client: Http2Client, status: int) -> None:
    door.routes["/none"] = lambda request: Response(status=status)

    answer = client.ask("/none")
    assert (answer.status, answer.body, answer.header("content-length")) == (status, b"", None)


def test_header_fields_are_made_valid(door: Door, client: Http2Client) -> None:
    def answer(request: Request) -> Response:
        response = Response("x", headers={"X-Mixed-Case": " a ", "Connection": "close", "Upgrade": "h2c"})
        response.headers["Keep-Alive"] = "timeout=5"
        response.headers["Transfer-Encoding"] = "chunked"
        response.headers._list += [("X-Break", "a\r\nb: c\0"), ("bad name", "x"), (":status", "500"), ("", "x")]
        return response

    door.routes["/fields"] = answer
    got = client.ask("/fields")
    names = [name for name, _ in got.headers]
    assert got.status == 200
    assert names.count(":status") == 1
    assert got.header("x-mixed-case") == "a"
    assert got.header("x-break") == "ab: c"
    assert not {"connection", "upgrade", "keep-alive", "transfer-encoding", "bad name", ""} & set(names)


def test_a_location_becomes_a_legal_uri(door: Door, client: Http2Client) -> None:
    door.routes["/moved"] = lambda request: Response(status=302, headers={"Location": "/ä"})

    assert client.ask("/moved").header("location") == "/%C3%A4"


def test_trailers_are_passed_over(client: Http2Client) -> None:
    stream = client.begin("/echo", "POST", end_stream=False)
    client.upload(stream, b"body", end_stream=False)
    client.h2.send_headers(stream, [("x-checksum", "1")], end_stream=True)
    client.flush()

    assert json.loads(client.answer(stream).body)["body"] == "body"


def test_who_expects_100_continue_gets_it(client: Http2Client) -> None:
    stream = client.begin("/echo", "POST", ("expect", "100-continue"), end_stream=False)
    client.read_until(lambda: client.answers[stream].informational == [100])
    client.upload(stream, b"body")

    assert json.loads(client.answer(stream).body)["body"] == "body"


# what goes wrong


def test_a_reset_stops_the_generator(door: Door, client: Http2Client) -> None:
    stopped = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            stopped.set()

    door.routes["/endless"] = lambda request: Response(endless())
    stream = client.begin("/endless")
    client.read_until(lambda: client.answers[stream].body)
    client.reset(stream)

    assert stopped.wait(DEADLINE_SECONDS)
    assert client.ask("/echo").status == 200


def test_a_lost_connection_stops_the_generator(door: Door) -> None:
    stopped = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            stopped.set()

    door.routes["/endless"] = lambda request: Response(endless())
    with Http2Client.connect(door.port) as client:
        stream = client.begin("/endless")
        client.read_until(lambda: client.answers[stream].body)
    assert stopped.wait(DEADLINE_SECONDS)


@pytest.mark.parametrize("error", [ValueError("the extension's own mistake"), CancelledError()], ids=repr)
def test_a_body_that_fails_is_not_taken_for_whole(door: Door, client: Http2Client, error: BaseException) -> None:
    def failing() -> Iterator[bytes]:
        yield b"beginning"
        raise error

    door.logs_errors = True
    door.routes["/failing"] = lambda request: Response(failing())
    answer = client.ask("/failing")

    assert answer.body == b"beginning"
    assert answer.reset_code == ErrorCodes.INTERNAL_ERROR
    assert client.ask("/echo").status == 200


@pytest.mark.parametrize(("promised", "code"), [(3, None), (5, None), (9, ErrorCodes.INTERNAL_ERROR)])
def test_a_body_has_the_length_that_was_promised(
    door: Door, client: Http2Client, promised: int, code: ErrorCodes | None
) -> None:
    door.routes["/promise"] = lambda request: Response(iter([b"ab", b"cde"]), headers={"Content-Length": str(promised)})

    answer = client.ask("/promise")
    assert answer.body == b"abcde"[:promised]
    assert answer.reset_code == code


def test_a_status_that_can_not_end_a_stream_resets_it(door: Door, client: Http2Client) -> None:
    door.routes["/early"] = lambda request: Response(status=103)

    assert client.ask("/early").reset_code == ErrorCodes.INTERNAL_ERROR
    assert client.ask("/echo").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "http://other/echo", 400),
        ("GET", "*", 400),
        ("GET", "/a b", 400),
        ("GET", "/a\x01b", 400),
        ("G T", "/echo", 400),
        ("OPTIONS", "*", 404),
    ],
)
def test_a_request_line_that_is_none_is_refused(door: Door, method: str, path: str, status: int) -> None:
    with Http2Client.connect(door.port, validates=False) as client:
        assert client.ask(path, method).status == status
        assert client.ask("/echo").status == 200


def test_an_authority_that_is_no_host_is_refused(door: Door) -> None:
    with Http2Client.connect(door.port, validates=False) as client:
        assert client.answer(client.begin("/echo", host="user@local host")).status == 400
        assert client.ask("/echo").status == 200


def test_connect_is_not_offered(door: Door) -> None:
    with Http2Client.connect(door.port) as client:
        client.answers[1] = Http2Answer()
        client.h2.send_headers(1, [(":method", "CONNECT"), (":authority", "localhost:80")])
        client.flush()
        client.read_until(lambda: client.answers[1].is_ended)
        assert client.answers[1].status == 501


def test_too_many_headers_are_refused_and_far_too_many_end_the_connection(open_door: Callable[..., Door]) -> None:
    door = open_door(header_bytes=10_000)
    with Http2Client.connect(door.port) as client:
        assert client.ask("/echo", "GET", ("x", "y" * 5_000)).status == 200
        assert client.ask("/echo", "GET", ("x", "y" * 11_000)).status == 431
        client.begin("/echo", "GET", ("x", "y" * 30_000))
        goodbye = client.read_to_end()
    assert goodbye is not None
    assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM


def test_an_upload_that_is_refused_is_told_to_stop(open_door: Callable[..., Door]) -> None:
    door = open_door(header_bytes=10_000)
    with Http2Client.connect(door.port) as client:
        stream = client.begin("/echo", "POST", ("x", "y" * 11_000), end_stream=False)
        client.send_frames(DataFrame(stream, b"x" * 1000), DataFrame(stream, b"x" * 1000))
        client.read_until(lambda: client.answers[stream].reset_code is not None)
        client.send_frames(DataFrame(stream, b"x" * 1000))

        assert (client.answers[stream].status, client.answers[stream].reset_code) == (431, ErrorCodes.NO_ERROR)
        assert client.ask("/echo").status == 200


def test_a_busy_server_answers_503(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=1, waiting_requests=1)
    door.routes["/gate"] = gate = Gate()
    with Http2Client.connect(door.port) as client:
        held = [client.begin("/gate")]
        assert gate.entered.acquire(timeout=DEADLINE_SECONDS)
        streams = [client.begin("/gate") for _ in range(10)]
        refused = client.answer(streams[-1])
        assert (refused.status, refused.header("retry-after")) == (503, "1")
        gate.opened.set()
        held += [stream for stream in streams if not client.answers[stream].is_ended]
        answers = [client.answer(stream) for stream in held]
    assert {answer.status for answer in answers} <= {200, 503}
    assert answers[0].status == 200


def test_resetting_what_still_runs_frees_no_place(open_door: Callable[..., Door]) -> None:
    door = open_door(workers=4)
    door.routes["/gate"] = gate = Gate()
    with Http2Client.connect(door.port) as client:
        for _ in range(100):
            client.reset(client.begin("/gate"))
        assert client.ask("/echo").reset_code == ErrorCodes.REFUSED_STREAM
        gate.opened.set()
        wait_until(lambda: client.ask("/echo").reset_code is None)


FLOODS: dict[str, Callable[[int], list[Frame]]] = {
    "resets": lambda number: [],
    "pings": lambda number: [PingFrame(0, b"12345678")],
    "settings": lambda number: [SettingsFrame(0, {SettingCodes.ENABLE_PUSH: 0})],
    "empty data": lambda number: [DataFrame(1, b"")],
    "data for a closed stream": lambda number: [DataFrame(3, b"x")],
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_free_frames_ends_the_connection(door: Door, kind: str) -> None:
    with Http2Client.connect(door.port) as client:
        client.begin("/echo", "POST", end_stream=False)
        client.reset(client.begin("/echo", "POST", end_stream=False))
        try:
            for number in range(3000):
                if kind == "resets":
                    client.reset(client.begin("/echo"))
                else:
                    client.send_frames(*FLOODS[kind](number))
            goodbye = client.read_to_end()
        except OSError:  # the server has closed while we were sending
            goodbye = client.read_to_end()
    assert goodbye is not None
    assert goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM
    assert door.is_answering()


def block(client: Http2Client, *fields: tuple[str, str]) -> bytes:
    return client.h2.encoder.encode(fields)


def test_windows_that_are_opened_too_late_are_no_flood(client: Http2Client) -> None:
    stream = client.begin("/echo")
    client.answer(stream)
    for _ in range(3000):
        client.send_frames(WindowUpdateFrame(stream, window_increment=1), WindowUpdateFrame(0, window_increment=1))
    assert client.ask("/echo").status == 200


PSEUDO = ((":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/echo"))

BAD_FRAMES: dict[str, Callable[[Http2Client], bytes]] = {
    "data for an idle stream": lambda c: DataFrame(5, b"x").serialize(),
    "data for stream 0": lambda c: b"\0\0\1\0\0\0\0\0\0x",
    "an even stream": lambda c: HeadersFrame(2, block(c, *PSEUDO), flags=["END_HEADERS"]).serialize(),
    "a frame that is too large": lambda c: b"\xff\xff\xff\0\0\0\0\0\1",
    "a window of 0": lambda c: b"\0\0\4\x08\0\0\0\0\0\0\0\0\0",
    "a window that overflows": lambda c: WindowUpdateFrame(0, 2**31 - 1).serialize() * 2,
    "settings of a wrong size": lambda c: b"\0\0\1\4\0\0\0\0\0x",
    "a ping of a wrong size": lambda c: b"\0\0\1\6\0\0\0\0\0x",
    "headers that HPACK can't read": lambda c: HeadersFrame(1, b"\xff" * 20, flags=["END_HEADERS"]).serialize(),
    "a naked continuation": lambda c: b"\0\0\0\x09\4\0\0\0\1",
    "headers that are interrupted": lambda c: HeadersFrame(1, block(c, *PSEUDO)).serialize() + PingFrame(0).serialize(),
    "a push": lambda c: b"\0\0\4\5\4\0\0\0\1\0\0\0\2",
    "garbage": lambda c: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}

BAD_HEADERS: dict[str, tuple[tuple[str, str], ...]] = {
    "an upper-case name": (*PSEUDO, ("X-Y", "z")),
    "a connection header": (*PSEUDO, ("connection", "close")),
    "a transfer-encoding": (*PSEUDO, ("transfer-encoding", "chunked")),
    "te": (*PSEUDO, ("te", "gzip")),
    "two paths": (*PSEUDO, (":path", "/other")),
    "no path": PSEUDO[:3],
    "an empty path": (*PSEUDO[:3], (":path", "")),
    "no method": PSEUDO[1:],
    "an unknown pseudo header": (*PSEUDO, (":x", "y")),
    "a late pseudo header": (*PSEUDO[:3], ("x", "y"), PSEUDO[3]),
    "a response's pseudo header": (*PSEUDO, (":status", "200")),
    "another host": (*PSEUDO, ("host", "other")),
    "two hosts": (PSEUDO[0], PSEUDO[1], PSEUDO[3], ("host", "a"), ("host", "b")),
    "a line break": (*PSEUDO, ("x", "a\r\nb: c")),
    "a NUL": (*PSEUDO, ("x", "a\0b")),
    "a length that is none": (*PSEUDO, ("content-length", "x")),
}


@pytest.mark.parametrize("kind", BAD_FRAMES)
def test_frames_that_break_the_protocol_end_the_connection(door: Door, kind: str) -> None:
    assert goodbye_after(door, BAD_FRAMES[kind]) not in (None, ErrorCodes.NO_ERROR)


@pytest.mark.parametrize("kind", BAD_HEADERS)
def test_headers_that_break_the_protocol_end_the_connection(door: Door, kind: str) -> None:
    fields, flags = BAD_HEADERS[kind], ["END_HEADERS", "END_STREAM"]

    code = goodbye_after(door, lambda client: HeadersFrame(1, block(client, *fields), flags=flags).serialize())
    assert code not in (None, ErrorCodes.NO_ERROR)


def goodbye_after(door: Door, data: Callable[[Http2Client], bytes]) -> int | None:
    """The code of the GOAWAY with which the server answers ``data``, which must reach no handler."""
    reached = threading.Event()

    def reach(request: Request) -> str:
        reached.set()
        return "reached"

    door.routes["/echo"] = reach
    with Http2Client.connect(door.port) as client:
        client.sock.sendall(data(client))
        goodbye = client.read_to_end()
    assert not reached.is_set()
    assert door.ask("/none").status == 404
    return None if goodbye is None else goodbye.error_code


def test_a_length_without_a_body_is_refused(client: Http2Client) -> None:
    assert client.ask("/echo", "POST", ("content-length", "5")).status == 400
    assert client.ask("/echo", "POST", ("content-length", "0")).status == 200
    twice = client.ask("/echo", "POST", ("content-length", "5"), ("content-length", "5"), body=b"12345")
    assert twice.status == 400


def test_a_body_that_differs_from_its_length_ends_the_connection(door: Door) -> None:
    with Http2Client.connect(door.port) as client:
        stream = client.begin("/echo", "POST", ("content-length", "5"), end_stream=False)
        client.upload(stream, b"123456")
        assert client.read_to_end() is not None


def test_a_wrong_preface_after_alpn_ends_the_connection(door: Door) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", door.port), DEADLINE_SECONDS)
    with context.wrap_socket(plain) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b"".join(iter(lambda: sock.recv(65536), b""))
    assert data.count(b"\0\0\0\0") > 0
    assert GoAwayFrame(0).type.to_bytes() in data


def test_random_bytes_never_hang_nor_fail(door: Door) -> None:
    rng = random.Random(20)
    for _ in range(200):
        frames = b"".join(_random_frame(rng) for _ in range(rng.randrange(1, 20)))
        with socket.create_connection(("127.0.0.1", door.port), DEADLINE_SECONDS) as sock:
            sock.sendall(PREFACE + SettingsFrame(0).serialize() + frames)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    assert door.is_answering()


def _random_frame(rng: random.Random) -> bytes:
    payload = rng.randbytes(rng.choice([0, 1, 4, 5, 6, 8, 30]))
    stream = rng.choice([0, 1, 1, 3, 5, 2, 2**31 - 1])
    head = len(payload).to_bytes(3) + bytes([rng.randrange(12), rng.randrange(256)]) + stream.to_bytes(4)
    return head + payload


# beginnings and ends


def test_a_client_that_says_goodbye_still_gets_its_answers(door: Door, client: Http2Client) -> None:
    door.routes["/gate"] = gate = Gate()
    client.begin("/gate")
    assert gate.entered.acquire(timeout=DEADLINE_SECONDS)
    client.send_frames(GoAwayFrame(0))
    client.read_until(lambda: client.goodbye)  # so it has been read
    client.send_frames(WindowUpdateFrame(0, window_increment=1), PingFrame(0, b"12345678"))
    gate.opened.set()

    assert b"through the gate" in read_raw(client.sock)


def test_the_end_of_the_server_lets_answers_out(
    open_door: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localstack.host.gateway.front_door.server._DRAIN_SECONDS", DEADLINE_SECONDS)
    door = open_door()
    gate = door.routes["/gate"] = Gate()
    with Http2Client.connect(door.port) as client:
        client.begin("/gate")
        assert gate.entered.acquire(timeout=DEADLINE_SECONDS)
        door.server.stop()
        client.read_until(lambda: client.goodbye)
        gate.opened.set()
        assert b"through the gate" in read_raw(client.sock)
    assert client.goodbye is not None
    assert client.goodbye.error_code == ErrorCodes.NO_ERROR


def read_raw(sock: socket.socket) -> bytes:
    """Everything up to the end; h2's client takes nothing after a GOAWAY."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_the_end_of_the_server_frees_producers(open_door: Callable[..., Door]) -> None:
    door = open_door()
    stopped = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            stopped.set()

    door.routes["/endless"] = lambda request: Response(endless())
    with Http2Client.connect(door.port, keeps_windows=False) as client:
        stream = client.begin("/endless")
        client.read_until(lambda: len(client.answers[stream].body) == 65535)
        door.stop()
        assert stopped.wait(DEADLINE_SECONDS)


def test_an_idle_connection_is_ended_politely(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_seconds=0.1)
    with Http2Client.connect(door.port) as client:
        client.ask("/echo")  # the greetings are over: nothing else comes with the next one
        assert client.ask("/echo").status == 200
        goodbye = client.read_to_end()
    assert goodbye is not None
    assert goodbye.error_code == ErrorCodes.NO_ERROR


def test_a_body_that_does_not_come_is_answered_408(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_body_seconds=0.1)
    with Http2Client.connect(door.port) as client:
        late = client.begin("/echo", "POST", end_stream=False)
        client.upload(late, b"a beginning", end_stream=False)
        answer = client.answers[late]
        client.read_until(lambda: answer.is_ended)
        assert answer.status == 408
        assert client.ask("/echo").status == 200


def test_an_answer_that_is_not_taken_is_given_up(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_write_seconds=0.1)
    door.routes["/big"] = lambda request: Response(BIG)
    door.routes["/endless"] = lambda request: Response(iter(lambda: b"x" * 10_000, b""))
    with Http2Client.connect(door.port, keeps_windows=False) as client:
        client.h2.increment_flow_control_window(1_000_000)
        client.flush()
        for path in ("/big", "/endless"):
            assert client.ask(path).reset_code == ErrorCodes.CANCEL
        assert client.ask("/echo").status == 200


def test_a_client_that_reads_nothing_at_all_is_closed(open_door: Callable[..., Door]) -> None:
    door = open_door(idle_write_seconds=0.1)
    door.routes["/big"] = lambda request: Response(BIG * 10)
    with Http2Client.connect(door.port) as client:
        client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
        client.h2.increment_flow_control_window(2**30)
        client.begin("/big")
        wait_until(lambda: not door.server._connections(), "the connection is still there")
    assert door.is_answering()


def test_aborted_requests_leave_nothing_behind(door: Door) -> None:
    door.routes["/big"] = lambda request: Response(BIG)
    rng = random.Random(3)
    for _ in range(60):
        with Http2Client.connect(door.port) as client:
            for _ in range(rng.randrange(1, 8)):
                stream = client.begin(rng.choice(["/big", "/echo"]))
                if rng.random() < 0.3:
                    client.reset(stream)
            unfinished = client.begin("/echo", "POST", end_stream=False)
            client.upload(unfinished, b"x" * rng.randrange(1, 60_000), end_stream=False)
    wait_until(lambda: not door.server._connections(), "connections are still there")
