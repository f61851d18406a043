"""``localstack.http``: what endpoints may return, seen by an HTTP client."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import rolo
from werkzeug import Response as WerkzeugResponse
from werkzeug.routing import Submount
from werkzeug.serving import make_server

from localstack.extensions.api import http
from localstack.http import Request, Resource, Response, Router, resource, route
from localstack.http.asgi import ASGIAdapter
from localstack.http.dispatcher import handler_dispatcher
from localstack.http.router import GreedyPathConverter, RuleAdapter, WithHost
from localstack.utils.json import CustomEncoder


@pytest.fixture
def serve() -> Iterator[Callable[[Router[Any]], str]]:
    """Serve a router on a free port of the loopback address: ``serve(router)`` returns the URL."""
    servers = []

    def _serve(router: Router[Any]) -> str:
        server = make_server("127.0.0.1", 0, router.wsgi(), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield _serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("value", "body", "content_type"),
    [
        ("text", b"text", "text/plain; charset=utf-8"),
        (b"\x00\xff", b"\x00\xff", "text/plain; charset=utf-8"),
        (
            {"When": datetime(2026, 11, 21, 8, 30, tzinfo=UTC)},
            b'{"When": "2026-11-21T08:30:00.000Z"}',
            "application/json",
        ),
        ([Decimal("1"), Decimal("1.5"), {2}], b"[1, 1.5, [2]]", "application/json"),
        (None, b"", "text/plain; charset=utf-8"),
        (Response("own", status=200, mimetype="text/html"), b"own", "text/html; charset=utf-8"),
        (WerkzeugResponse("plain werkzeug"), b"plain werkzeug", "text/plain; charset=utf-8"),
    ],
)
def test_an_endpoint_may_return(serve: Callable[..., str], value: Any, body: bytes, content_type: str) -> None:
    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/", lambda request: value)
    answer = requests.get(serve(router), timeout=10)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, body, content_type)


def test_an_endpoint_may_stream(serve: Callable[..., str]) -> None:
    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/", lambda request: Response(iter([b"a", b"b"])))
    assert requests.get(serve(router), timeout=10).content == b"ab"


def test_a_dispatcher_may_have_an_encoder_of_its_own(serve: Callable[..., str]) -> None:
    class Loud(json.JSONEncoder):
        def default(self, o: object) -> str:
            return "LOUD"

    router: Router[Any] = Router(dispatcher=handler_dispatcher(json_encoder=Loud))
    router.add("/", lambda request: {"value": object()})
    assert requests.get(serve(router), timeout=10).json() == {"value": "LOUD"}


def test_routes_resources_and_the_greedy_path(serve: Callable[..., str]) -> None:
    class Greeting:
        @route("/greet/<name>", methods=["GET"])  # type: ignore[untyped-decorator]  # rolo is not typed
        def greet(self, request: Request, name: str) -> str:
            return f"hello {name}"

    @resource("/thing")
    class Thing:
        def on_post(self, request: Request) -> dict[str, str]:
            return {"got": request.get_data(as_text=True)}

    router: Router[Any] = Router(dispatcher=handler_dispatcher(), converters={"greedy_path": GreedyPathConverter})
    router.add(Greeting())
    router.add(Thing())
    router.add(Resource("/other", Thing()))
    router.add("/all<greedy_path:rest>", lambda request, rest: f"[{rest}]")
    url = serve(router)
    assert requests.get(f"{url}/greet/you", timeout=10).text == "hello you"
    assert requests.post(f"{url}/thing", data="x", timeout=10).json() == {"got": "x"}
    assert requests.post(f"{url}/other", data="y", timeout=10).json() == {"got": "y"}
    assert [requests.get(f"{url}/all{rest}", timeout=10).text for rest in ("", "/a/b")] == ["[]", "[/a/b]"]


def test_rules_are_made_for_a_host_and_below_a_path(serve: Callable[..., str]) -> None:
    @route("/who")  # type: ignore[untyped-decorator]  # rolo is not typed
    def who(request: Request) -> str:
        return str(request.host.partition(":")[0])

    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add([WithHost("shop.test<port:port>", [RuleAdapter("/cart", lambda request, port: f"cart{port}")])])
    router.add(Submount("/below", [RuleAdapter(who)]))
    url = serve(router)
    port = url.rpartition(":")[2]
    for host, seen in ((f"shop.test:{port}", f"cart{port}"), ("shop.test", "cart")):
        answer = requests.get(f"{url}/cart", headers={"Host": host}, timeout=10)
        assert answer.text.replace("None", "") == seen
    assert requests.get(f"{url}/cart", timeout=10).status_code == 404
    assert requests.get(f"{url}/below/who", timeout=10).text == "127.0.0.1"


def test_a_proxy_handler_forwards_to_the_server_behind(serve: Callable[..., str]) -> None:
    backend: Router[Any] = Router(dispatcher=handler_dispatcher())
    backend.add("/base/<path:path>", lambda request, path: f"{path}?{request.query_string.decode()}")
    front: Router[Any] = Router(dispatcher=handler_dispatcher())
    front.add("/in/<path:path>", http.ProxyHandler(f"{serve(backend)}/base"))
    assert requests.get(f"{serve(front)}/in/a/b?c=d", timeout=10).text == "a/b?c=d"


def test_a_response_reads_a_file_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "pages_of_a_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "index.html").write_text("<p>hi</p>")
    monkeypatch.syspath_prepend(tmp_path)
    import pages_of_a_package  # type: ignore[import-not-found]

    response = Response.for_resource(pages_of_a_package, "index.html")
    assert (response.get_data(), response.mimetype) == (b"<p>hi</p>", "text/html")
    response.close()


def test_json_responses_know_the_types_of_aws_answers() -> None:
    response = Response.for_json({"Data": b"text", "Blob": b"\xff\xfe", "Day": date(2026, 11, 21)}, status=201)
    assert response.status_code == 201
    assert response.get_json() == {"Data": "text", "Blob": "//4=", "Day": "2026-11-21"}
    assert isinstance(response, rolo.Response)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678901), '"2026-01-02T03:04:05.678Z"'),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), '"2026-01-02T00:00:00.000+02:00"'),
        (Decimal("NaN"), "NaN"),
        (Decimal("12.50"), "12.5"),
        ({"b", "a"}, '["a", "b"]'),
        (frozenset({3}), "[3]"),
        (bytearray(b"x"), '"x"'),
    ],
)
def test_the_encoder_writes(value: Any, encoded: str) -> None:
    assert json.dumps(value, cls=CustomEncoder) == encoded


def test_the_encoder_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(object(), cls=CustomEncoder)


def test_the_resource_decorator_stays_one_when_its_module_is_imported() -> None:
    import localstack.http
    import localstack.http.resource

    assert localstack.http.resource is resource
    assert callable(resource)


def test_the_types_are_those_of_rolo() -> None:
    import rolo.proxy
    import rolo.websocket

    from localstack.http import websocket

    assert (http.Request, http.Router, http.Proxy) == (rolo.Request, rolo.Router, rolo.proxy.Proxy)
    assert websocket.WebSocketRequest is rolo.websocket.WebSocketRequest
    assert http.Response is Response


class _AsgiStream:
    """A server's side of one request; like hypercorn's, its ``send`` is a method."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, event: dict[str, Any]) -> None:
        self.sent.append(event)


def test_a_router_behind_an_asgi_server() -> None:
    router: Router[Any] = Router(dispatcher=handler_dispatcher())
    router.add("/echo", lambda request: request.query_string)
    stream = _AsgiStream()
    scope = {
        "type": "http", "method": "GET", "path": "/echo", "raw_path": b"/echo", "query_string": b"x=1",
        "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 4566),
        "headers": [(b"host", b"localhost:4566")],
    }  # fmt: skip

    async def serve() -> None:
        await ASGIAdapter(router.wsgi(), asyncio.get_running_loop())(scope, stream.receive, stream.send)

    asyncio.run(serve())
    assert (stream.sent[0]["type"], stream.sent[0]["status"]) == ("http.response.start", 200)
    assert b"".join(event.get("body", b"") for event in stream.sent) == b"x=1"
