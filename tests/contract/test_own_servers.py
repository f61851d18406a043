"""``localstack.http.hypercorn`` and ``localstack.http.asgi``: servers that an extension runs beside the platform's."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import rolo.asgi
import uvicorn
from hypercorn import Config
from websockets.sync.client import connect

from doors import DEADLINE_SECONDS, wait_until
from localstack.aws.chain import HandlerChain
from localstack.aws.gateway import Gateway
from localstack.config import HostAndPort
from localstack.host import shared
from localstack.host.settings import Settings
from localstack.http import Request, Response, Router
from localstack.http.asgi import ASGIAdapter, ASGILifespanListener, ASGIWebSocketAdapter
from localstack.http.dispatcher import handler_dispatcher
from localstack.http.duplex_socket import enable_duplex_socket
from localstack.http.hypercorn import GatewayServer, HypercornServer, ProxyServer
from localstack.http.websocket import WebSocketRequest
from localstack.utils.net import get_free_tcp_port, is_port_open
from localstack.utils.serving import Server
from localstack.utils.sync import poll_condition
from platforms import Home, Platform

BIG = b"0123456789" * 100_000


@pytest.fixture(autouse=True)
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume of the test's own, for the certificate and large bodies."""
    (tmp_path / "volume" / "tmp").mkdir(parents=True)
    environ = {"LOCALSTACK_VOLUME_DIR": str(tmp_path / "volume"), "CONFIG_DIR": str(tmp_path)}
    monkeypatch.setattr(shared._shared, "settings", Settings.load(environ))
    return tmp_path / "volume"


@pytest.fixture
def run() -> Iterator[Callable[[Server], str]]:
    """Start servers: ``run(server)`` returns the URL when it is up; all are shut down with the test."""
    servers: list[Server] = []

    def _run(server: Server) -> str:
        servers.append(server)
        assert server.start()
        assert server.wait_is_up(DEADLINE_SECONDS), server.get_error()
        return server.url

    yield _run
    for server in servers:
        server.shutdown()
        server.join(DEADLINE_SECONDS)
        assert not server.is_up()


def echo(chain: HandlerChain, context: Any, response: Response) -> None:
    """Answers with the request: its body, its headers with ``Seen-`` before their names, its path."""
    request = context.request
    response.set_response(request.get_data())
    response.headers.extend([(f"Seen-{name}", value) for name, value in request.headers])
    response.headers["Path"] = request.environ["RAW_URI"]
    chain.stop()


def free_address() -> HostAndPort:
    return HostAndPort("localhost", get_free_tcp_port())


def test_a_gateway_has_a_server_of_its_own(run: Callable[[Server], str]) -> None:
    addresses = [free_address(), HostAndPort("127.0.0.1", get_free_tcp_port())]
    server = GatewayServer(Gateway(request_handlers=[echo]), addresses, threads=3)
    url = run(server)
    assert url == f"http://localhost:{addresses[0].port}"
    for each in (url, f"http://127.0.0.1:{addresses[1].port}"):
        answer = requests.put(f"{each}/a%2Fb?c=d", data=BIG, headers={"Given": "x"}, timeout=DEADLINE_SECONDS)
        assert (answer.content, answer.headers["Path"], answer.headers["Seen-Given"]) == (BIG, "/a%2Fb?c=d", "x")
    assert not server.start()


def test_a_port_with_tls_takes_plain_connections_as_well(run: Callable[[Server], str], volume: Path) -> None:
    enable_duplex_socket()
    server = GatewayServer(Gateway(request_handlers=[echo]), free_address(), use_ssl=True)
    url = run(server)
    assert (server.protocol, url) == ("https", f"https://localhost:{server.port}")
    requests.get(url.replace("https", "http"), data=b"plain", timeout=DEADLINE_SECONDS).raise_for_status()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=DEADLINE_SECONDS)
    pem = str(volume / "cache" / "server.pem")
    assert requests.get(url, data=b"secret", verify=pem, timeout=DEADLINE_SECONDS).content == b"secret"


def test_a_gateway_of_an_extension_takes_websockets(run: Callable[[Server], str]) -> None:
    def shout(chain: HandlerChain, context: Any, response: Response) -> None:
        assert isinstance(context.request, WebSocketRequest)
        with context.request.accept() as websocket:
            websocket.send(str(websocket.receive()).upper())
        chain.stop()

    url = run(GatewayServer(Gateway(request_handlers=[shout]), free_address()))
    with connect(url.replace("http", "ws"), open_timeout=DEADLINE_SECONDS) as client:
        client.send("hello")
        assert client.recv(DEADLINE_SECONDS) == "HELLO"


def test_an_address_that_is_taken_is_told_to_who_starts_the_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = GatewayServer(Gateway(), HostAndPort("127.0.0.1", port))
        with pytest.raises(Exception, match=f"cannot listen on 127.0.0.1:{port}"):
            server.start()
        assert not server.is_running()


def test_hypercorn_tells_of_an_address_that_is_taken_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = HypercornServer(hello, bound(bind=f"127.0.0.1:{port}"))
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: "):
            server.start()
        assert not server.is_running()


def test_hypercorn_is_not_up_once_it_has_ended() -> None:
    server = HypercornServer(hello, bound())
    server.start()
    assert server.wait_is_up(DEADLINE_SECONDS), server.get_error()
    server.shutdown()
    server.join(DEADLINE_SECONDS)
    with socket.create_server(("127.0.0.1", server.port)):
        assert is_port_open(server.port)
        assert not server.is_up()


def test_hypercorn_is_refused_what_is_no_port() -> None:
    with pytest.raises(ValueError, match=r"can't listen on 'unix:/run/own.sock': bind it to a port"):
        HypercornServer(hello, bound(bind=["localhost:0", "unix:/run/own.sock"]))


def test_stopping_the_thread_of_a_server_ends_it(run: Callable[[Server], str]) -> None:
    """As the platform does with what an unloaded extension has left."""
    server = GatewayServer(Gateway(request_handlers=[echo]), free_address())
    run(server)
    (thread,) = (each for each in threading.enumerate() if each.name == f"server-GatewayServer-{server.port}")
    thread.stop()  # type: ignore[attr-defined]  # it is a FuncThread
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert not server.is_running()


def test_a_proxy_forwards_below_the_path_of_its_target(run: Callable[[Server], str]) -> None:
    backend = run(GatewayServer(Gateway(request_handlers=[echo]), free_address()))
    proxy = run(ProxyServer(f"{backend}/base", free_address()))
    given = {"Multi": "1,2", "X-Forwarded-For": "10.0.0.3"}
    answer = requests.post(f"{proxy}/a/b?c=d", data=iter([b"one ", b"two"]), headers=given, timeout=DEADLINE_SECONDS)
    assert (answer.content, answer.headers["Path"]) == (b"one two", "/base/a/b?c=d")
    assert answer.headers["Seen-Host"] == proxy.removeprefix("http://")
    assert answer.headers["Seen-Multi"] == "1,2"
    assert answer.headers["Seen-X-Forwarded-For"].split(", ") in (["10.0.0.3", "127.0.0.1"], ["10.0.0.3", "::1"])


def test_a_proxy_hands_on_what_is_streamed_and_says_when_nobody_is_there(run: Callable[[Server], str]) -> None:
    def stream(chain: HandlerChain, context: Any, response: Response) -> None:
        response.set_response(f"{number:02}".encode() for number in range(100))
        chain.stop()

    backend = run(GatewayServer(Gateway(request_handlers=[stream]), free_address()))
    proxy = run(ProxyServer(backend, free_address()))
    assert requests.get(proxy, timeout=DEADLINE_SECONDS).content == b"".join(b"%02d" % n for n in range(100))
    nobody = f"http://localhost:{get_free_tcp_port()}"
    answer = requests.get(run(ProxyServer(nobody, free_address())), timeout=DEADLINE_SECONDS)
    assert (answer.status_code, answer.text) == (502, f"{nobody} does not answer")


def test_a_proxy_keeps_the_credentials_of_its_target_to_itself(
    run: Callable[[Server], str], caplog: pytest.LogCaptureFixture
) -> None:
    target = f"localhost:{get_free_tcp_port()}/base"
    answer = requests.get(run(ProxyServer(f"http://me:secret@{target}", free_address())), timeout=DEADLINE_SECONDS)
    assert (answer.status_code, answer.text) == (502, f"http://***@{target} does not answer")
    assert f"can't be forwarded to http://***@{target}" in caplog.text
    assert "secret" not in caplog.text + answer.text


def routes() -> Router[Any]:
    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/echo", lambda request: request.get_data(), methods=["POST"])
    router.add("/stream", lambda request: Response(iter([b"a", b"b"])))
    router.add("/seen", lambda request: {"scheme": request.scheme, "query": request.query_string})
    return router


def bound(**options: Any) -> Config:
    config = Config()
    config.bind = f"localhost:{get_free_tcp_port()}"
    config.errorlog = None
    config.graceful_timeout = 0.1
    for name, value in options.items():
        setattr(config, name, value)
    return config


class Life(ASGILifespanListener):  # type: ignore[misc]  # rolo is not typed strictly
    def __init__(self) -> None:
        self.events: list[str] = []

    def on_startup(self) -> None:
        self.events.append("startup")

    def on_shutdown(self) -> None:
        self.events.append("shutdown")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop; a test that asks for ``run``, too, asks for it after this, so that its servers end first."""
    loop = asyncio.new_event_loop()
    yield loop
    assert not loop.is_closed()
    loop.close()


def test_hypercorn_serves_a_router_in_the_loop_that_it_is_given(loop: asyncio.AbstractEventLoop) -> None:
    life = Life()
    server = HypercornServer(ASGIAdapter(routes().wsgi(), loop, lifespan_listener=life), bound(), loop)
    server.start()
    assert server.wait_is_up(DEADLINE_SECONDS), server.get_error()
    assert server.url == f"http://localhost:{server.port}"
    assert requests.post(f"{server.url}/echo", data=BIG, timeout=DEADLINE_SECONDS).content == BIG
    assert requests.get(f"{server.url}/stream", timeout=DEADLINE_SECONDS).content == b"ab"
    server.shutdown()
    server.join(DEADLINE_SECONDS)
    assert life.events == ["startup", "shutdown"]


def test_hypercorn_serves_websockets_with_the_adapter(
    loop: asyncio.AbstractEventLoop, run: Callable[[Server], str]
) -> None:
    def shout(request: WebSocketRequest) -> None:
        assert isinstance(request.environ["rolo.websocket"], ASGIWebSocketAdapter)
        with request.accept() as websocket:
            websocket.send(str(websocket.receive()).upper())

    listener = WebSocketRequest.listener(shout)
    url = run(HypercornServer(ASGIAdapter(routes().wsgi(), loop, websocket_listener=listener), bound(), loop))
    with connect(url.replace("http", "ws"), open_timeout=DEADLINE_SECONDS) as client:
        client.send("hello")
        assert client.recv(DEADLINE_SECONDS) == "HELLO"


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def test_hypercorn_serves_tls_when_its_settings_have_a_certificate(run: Callable[[Server], str], volume: Path) -> None:
    run(other := GatewayServer(Gateway(request_handlers=[echo]), free_address(), use_ssl=True))
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(other.url, timeout=DEADLINE_SECONDS)  # it makes the certificate
    pem = str(volume / "cache" / "server.pem")
    url = run(HypercornServer(hello, bound(certfile=pem, keyfile=pem)))
    assert url.startswith("https://")
    assert requests.get(url, verify=pem, timeout=DEADLINE_SECONDS).text == "https"


def test_a_hypercorn_that_fails_ends_with_the_reason() -> None:
    async def unable(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    server = HypercornServer(unable, bound())
    server.start()
    assert not server.wait_is_up(DEADLINE_SECONDS)
    assert "no database" in str(server.get_error())
    server.shutdown()


def test_without_hypercorn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    config = bound()
    monkeypatch.setitem(sys.modules, "hypercorn", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"needs the package hypercorn: .* install leanto\[hypercorn\]"
    ) as error:
        HypercornServer(hello, config)
    assert error.value.name == "hypercorn"


@pytest.fixture
def uvicorn_url() -> Iterator[str]:
    """uvicorn with the router; unlike hypercorn it sends a body's end together with its last part."""
    port = get_free_tcp_port()
    loop = asyncio.new_event_loop()
    config = uvicorn.Config(ASGIAdapter(routes().wsgi(), loop), port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()))
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(DEADLINE_SECONDS)
    loop.close()


def test_other_asgi_servers_serve_a_router_too(uvicorn_url: str) -> None:
    assert issubclass(ASGIAdapter, rolo.asgi.ASGIAdapter)
    for body in (b"", b"short", BIG):
        assert requests.post(f"{uvicorn_url}/echo", data=body, timeout=DEADLINE_SECONDS).content == body
    assert requests.get(f"{uvicorn_url}/stream", timeout=DEADLINE_SECONDS).content == b"ab"
    assert requests.get(f"{uvicorn_url}/seen?x=1", timeout=DEADLINE_SECONDS).json() == {
        "scheme": "http",
        "query": "x=1",
    }


def test_an_answer_to_a_client_that_has_left_is_given_up() -> None:
    """A server says so by an error of the system; the application is told, and nothing more is sent."""
    closed = threading.Event()

    def endless(request: Request) -> Response:
        def parts() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x"
            finally:
                closed.set()

        return Response(parts())

    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/", endless)
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        if len(sent) == 3:
            raise OSError("gone")
        sent.append(event["type"])

    async def serve() -> None:
        scope = {
            "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
            "http_version": "1.1", "headers": [],
        }  # fmt: skip
        await ASGIAdapter(router.wsgi(), asyncio.get_running_loop())(scope, receive, send)

    asyncio.run(serve())
    assert sent == ["http.response.start", "http.response.body", "http.response.body"]
    assert poll_condition(closed.is_set, DEADLINE_SECONDS)


LEAVING = """
from localstack.aws.gateway import Gateway
from localstack.config import HostAndPort
from localstack.extensions.api import Extension
from localstack.http.hypercorn import GatewayServer

def answer(chain, context, response):
    chain.respond(200, "of the extension")

class TheExtension(Extension):
    name = "serving"

    def on_platform_start(self):
        if SERVES:
            GatewayServer(Gateway(request_handlers=[answer]), HostAndPort("127.0.0.1", PORT)).start()
"""


def test_a_server_that_an_extension_leaves_ends_with_it(home: Home, start: Callable[..., Platform]) -> None:
    port = get_free_tcp_port()
    code = LEAVING.replace("PORT", str(port))
    project = home.write_extension("serving", code.replace("SERVES", "True"))
    platform = start(PYTHONDONTWRITEBYTECODE="")
    assert requests.get(f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS).text == "of the extension"
    (project / "serving_ext.py").write_text(code.replace("SERVES", "False"))
    platform.wait_for("reloaded extension serving")
    wait_until(lambda: not is_port_open(port))
    assert platform.get("/_localstack/health").status_code == 200
