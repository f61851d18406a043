"""A front door inside the test's own process, with routes that a test adds, and a client that speaks raw bytes."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from rolo import Request, Response
from rolo.gateway import Gateway, HandlerChain, RequestContext

from localstack.host.gateway.claims import Claims
from localstack.host.gateway.front_door.loop import Limits
from localstack.host.gateway.front_door.server import FrontDoor
from localstack.host.gateway.gateway import adopt
from localstack.host.settings import Settings
from platforms import free_port

DEADLINE_SECONDS = 15.0
"""How long anything in a test may take before it counts as a hang."""

Route = Callable[[Request], Any]


def wait_until(
    condition: Callable[[], object],
    reason: str = "the condition never became true",
    seconds: float = DEADLINE_SECONDS,
) -> None:
    """Look again and again until ``condition()`` is true; for what no event announces, such as a thread's end."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, reason
        time.sleep(0.005)


@dataclass(frozen=True)
class Answer:
    """A response as it was read from the wire."""

    version: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_chunked: bool

    def header(self, name: str) -> str | None:
        """The value of a header; several are joined with a comma."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection that sends what it is told, byte by byte if need be, and reads answers strictly."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(DEADLINE_SECONDS)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self.sock.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def end_sending(self) -> None:
        """Close our side only: what ``nc`` does at the end of its input."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Vanish with a RST instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def ask(self, target: str, method: str = "GET", body: bytes | None = None, *headers: str) -> Answer:
        """Send one HTTP/1.1 request and read its answer."""
        self.send(request(target, method, body, *headers))
        return self.read(method)

    def read(self, method: str = "GET") -> Answer:
        """Read one answer to a request with ``method``."""
        status_line = self.read_line()
        assert status_line, "the connection was closed instead of an answer"
        version, code, _ = status_line.split(" ", 2)
        headers = self.read_headers()
        found = {name.lower(): value for name, value in headers}
        status = int(code)
        is_chunked = found.get("transfer-encoding") == "chunked"
        assert not ("content-length" in found and "transfer-encoding" in found), headers
        if method == "HEAD" or status in (204, 304) or 100 <= status < 200:
            body = b""
        elif is_chunked:
            body = b"".join(iter(self.read_chunk, b""))
        elif "content-length" in found:
            body = self.read_bytes(int(found["content-length"]))
        else:
            assert found.get("connection") == "close", f"no framing: {headers}"
            body = self._reader.read()
        return Answer(version, status, headers, body, is_chunked)

    def read_headers(self) -> list[tuple[str, str]]:
        headers = []
        while line := self.read_line():
            name, colon, value = line.partition(": ")
            assert colon, line
            headers.append((name, value))
        return headers

    def read_line(self) -> str:
        """A line without its CRLF; "" for an empty line and at the end."""
        line = self._reader.readline(1_000_000)
        assert not line or line.endswith(b"\r\n"), line
        return line[:-2].decode("latin-1")

    def read_chunk(self) -> bytes:
        """The next chunk; b"" for the last. A connection that ends without the last chunk fails."""
        size_line = self.read_line()
        assert size_line, "the body ended without its last chunk"
        data = self.read_bytes(int(size_line, 16))
        assert self._reader.read(2) == b"\r\n"
        return data

    def read_bytes(self, count: int) -> bytes:
        data = self._reader.read(count)
        assert len(data) == count, f"the connection was closed {count - len(data)} bytes early"
        return data

    def read_to_end(self) -> bytes:
        """Everything until the server closes; a reset counts as an end."""
        data = bytearray()
        try:
            while part := self._reader.read1(65536):
                data += part
        except ConnectionResetError:
            pass
        return bytes(data)


def request(target: str, method: str = "GET", body: bytes | None = None, *headers: str) -> bytes:
    """The bytes of a request.

    >>> request("/x", "PUT", b"ab", "A: b")
    b'PUT /x HTTP/1.1\\r\\nHost: localhost\\r\\nA: b\\r\\nContent-Length: 2\\r\\n\\r\\nab'
    """
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(parts: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


def echo(incoming: Request) -> Response:
    """What the handler saw of a request, as JSON; the body as length and SHA-256, text only when it is short."""
    body = incoming.get_data()
    seen = {
        "method": incoming.method,
        "raw": incoming.environ["RAW_URI"],
        "path": incoming.path,
        "query": incoming.query_string.decode("latin-1"),
        "headers": [list(pair) for pair in incoming.headers.items()],
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "body": body.decode("latin-1") if len(body) < 1000 else None,
    }
    return Response(json.dumps(seen), mimetype="application/json")


@dataclass
class Door:
    """A running front door. ``routes`` maps a path, or its first segment with a slash at the end, to what answers."""

    folder: Path
    limits: Limits
    workers: int
    claims: Claims | None = None
    routes: dict[str, Route] = field(default_factory=lambda: {"/echo": echo, "/echo/": echo})
    port: int = field(default_factory=free_port)
    logs_errors: bool = False
    """True when the test makes a handler fail, which is logged."""

    def __post_init__(self) -> None:
        (self.folder / "volume" / "tmp").mkdir(parents=True, exist_ok=True)
        settings = Settings.load(
            {
                "CONFIG_DIR": str(self.folder),
                "LOCALSTACK_VOLUME_DIR": str(self.folder / "volume"),
                "GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
                "GATEWAY_WORKER_COUNT": str(self.workers),
            }
        )
        self.gateway = Gateway(request_handlers=[self._dispatch])
        self.server = FrontDoor(self.gateway, settings, self.limits, self.claims)
        self.server.listen()
        self._runner = threading.Thread(target=self.server.run, name=f"door-{self.port}")
        self._runner.start()

    def stop(self) -> None:
        self.server.stop()
        self._runner.join(DEADLINE_SECONDS)
        assert not self._runner.is_alive(), "the server does not stop"

    def connect(self, receive_buffer: int | None = None) -> Client:
        return Client(self.port, receive_buffer)

    def ask(self, target: str, method: str = "GET", body: bytes | None = None, *headers: str) -> Answer:
        """One request on a connection of its own."""
        with self.connect() as client:
            return client.ask(target, method, body, *headers)

    def is_answering(self) -> bool:
        return self.ask("/echo").status == 200

    def _dispatch(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        path = context.request.path
        route = self.routes.get(path) or self.routes.get("/" + path.split("/")[1] + "/")
        if route is None:
            response.status_code = 404
        else:
            answer = route(context.request)
            adopt(response, answer if isinstance(answer, Response) else Response(answer))
        chain.stop()


def gateway_threads() -> list[threading.Thread]:
    """The threads of all front doors of this process."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("Gateway-")]
