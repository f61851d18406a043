"""What the gateway answers, asked over a socket."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from platforms import Home, Platform

PROBE = """
import json
import threading
import time
import urllib.request

from rolo import Request, route
from werkzeug.exceptions import NotFound
from localstack import config
from localstack.extensions.api import Extension
from localstack.http import Response

class Api:
    @route("/probe/echo/<path:path>", methods=["GET", "POST"])
    def echo(self, request: Request, path: str):
        return {"path": path, "raw": request.environ["RAW_URI"], "method": request.method,
                "headers": list(request.headers.items()), "body": request.get_data(as_text=True)}

    @route("/probe/stream")
    def stream(self, request):
        self.go_on = threading.Event()
        def lines():
            yield b"first\\n"
            assert self.go_on.wait(20)
            yield b"second\\n"
        return Response(lines(), mimetype="text/event-stream")

    @route("/probe/go-on")
    def release(self, request):
        self.go_on.set()
        return "released"

    @route("/probe/passed-on")
    def pass_on(self, request):
        import requests
        answer = requests.get(config.internal_service_url() + "/_localstack/health")
        response = Response(answer)
        response.headers = answer.headers  # requests' own kind of headers: a published extension does this
        return response

    @route("/probe/raise")
    def fail(self, request):
        raise RuntimeError("route is broken")

    @route("/probe/not-found")
    def missing(self, request):
        raise NotFound("no such probe")

    @route("/probe/reenter")
    def reenter(self, request):
        with urllib.request.urlopen(config.internal_service_url() + "/_localstack/health") as answer:
            return json.load(answer)["version"]

    @route("/probe/ws", methods=["WEBSOCKET"])
    def websocket(self, request):
        with request.accept() as ws:
            for message in ws:
                ws.send(message[::-1])

    @route("/probe/nothing")
    def nothing(self, request):
        return None

    @route("/probe/put-only", methods=["PUT"])
    def put_only(self, request):
        return "put"

def add_header(chain, context, response):
    response.headers["X-Probe-Case"] = "Kept"

def fail_when_asked(chain, context, response):
    if context.request.headers.get("x-fail"):
        raise ValueError("handler is broken")

class TheExtension(Extension):
    name = "probe"
    def update_gateway_routes(self, router):
        router.add(Api())
        router.add("/<path:path>", lambda request, path, **kw: f"host {path}",
                   host="probe.localhost.localstack.cloud<port:port>")
    def update_request_handlers(self, handlers):
        handlers.append(fail_when_asked)
    def update_response_handlers(self, handlers):
        handlers.append(add_header)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    import os
    import subprocess
    import sys

    from platforms import free_port

    home = Home(tmp_path_factory.mktemp("gateway"))
    home.write_extension("probe", PROBE)
    port = free_port()
    environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}", EXTENSION_DEV_MODE="1")
    process = subprocess.Popen(
        [sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner"],
        env=environ, cwd=home.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    running = Platform(process, port, home.path, os.environ)
    running.wait_for(r"^Ready\.$", running.stdout)
    yield running
    assert running.signal() == 0
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def test_what_nothing_answers_gets_404_as_json(platform: Platform) -> None:
    answer = platform.get("/no/such/thing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error"] == "Not Found"
    assert "/no/such/thing" in answer.json()["message"]


def test_headers_of_another_library_are_taken_for_an_answers_own(platform: Platform) -> None:
    answer = platform.get("/probe/passed-on")
    assert answer.status_code == 200
    assert answer.json()["version"] == "4.14.0"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["x-localstack"] == "true"


def test_the_root_is_a_page_for_browsers_and_json_for_programs(platform: Platform) -> None:
    page = platform.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "probe" in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    document = platform.get("/").json()
    assert document["extensions"] == ["probe"]
    assert platform.request("HEAD", "/").status_code == 200


def test_the_page_shows_the_services_in_use_first(platform: Platform) -> None:
    platform.client("sts").get_caller_identity()
    page = platform.get("/", headers={"Accept": "text/html"}).text
    running, available = re.findall(r"<p><strong>(\w+)</strong>: (.*)</p>", page)
    assert (running[0], available[0]) == ("running", "available")
    assert "sts" in running[1].split(", ")


def test_health_has_the_shape_that_tools_read(platform: Platform) -> None:
    health = platform.get("/_localstack/health").json()
    assert health["edition"] == "community"
    assert re.fullmatch(r"4\.14\.\d+", health["version"])
    assert {"s3", "sqs", "dynamodb", "lambda"} <= health["services"].keys()
    assert set(health["services"].values()) <= {"available", "running"}
    head = platform.request("HEAD", "/_localstack/health")
    assert (head.status_code, head.text) == (200, "")


def test_health_keeps_what_was_put_and_refuses_nonsense(platform: Platform) -> None:
    url = "/_localstack/health"
    assert platform.request("PUT", url, json={"features:initScripts": "done"}).json() == {"status": "OK"}
    assert platform.get(url).json()["features"] == {"initScripts": "done"}
    assert platform.request("POST", url, json={"action": "unknown"}).text == "ok"
    for body in (b"", b"{}", b"[1]", b"no json"):
        answer = platform.request("POST", url, data=body)
        assert (answer.status_code, answer.text) == (400, "invalid request")
    assert platform.request("DELETE", url).status_code == 405


def test_info_plugins_and_init_have_their_documented_keys(platform: Platform) -> None:
    info = platform.get("/_localstack/info").json()
    documented = {"version", "edition", "is_license_activated", "session_id", "machine_id", "system", "is_docker",
                  "server_time_utc", "uptime"}  # fmt: skip
    assert documented <= info.keys()
    assert info["is_docker"] is False
    assert platform.get("/_localstack/plugins").json()["localstack.extensions"] == [
        {"name": "probe", "is_initialized": True, "is_loaded": True}
    ]
    assert platform.get("/_localstack/init").json() == {
        "completed": {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False},
        "scripts": [],
    }
    assert platform.get("/_localstack/init/ready").json() == {"completed": True, "scripts": []}
    assert platform.get("/_localstack/init/nope").status_code == 404


def test_the_extension_list_is_an_array_with_distribution_names(platform: Platform) -> None:
    listed = platform.get("/_localstack/extensions/list").json()
    assert [entry["distribution"]["name"] for entry in listed] == ["probe"]
    assert listed[0]["state"] == "loaded"


def test_an_unknown_internal_path_is_a_404_that_says_so(platform: Platform) -> None:
    answer = platform.get("/_localstack/nope")
    assert answer.status_code == 404
    assert answer.json()["message"].startswith("nothing answers GET /_localstack/nope here: it is no resource of")


def test_every_answer_says_who_answered(platform: Platform) -> None:
    for path in ("/probe/nothing", "/_localstack/info", "/no/such/thing"):
        assert platform.get(path).headers["x-localstack"] == "true"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Origin": "https://localhost.localstack.cloud:{port}"}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Origin": "https://[::1]:{port}"}, 200),
        ({"Origin": "http://my-bucket.s3-website.localhost.localstack.cloud:{port}"}, 200),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "https://app.localstack.cloud"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:99999999"}, 403),
        ({"Referer": "https://evil.example/page"}, 403),
        ({"Referer": "http://localhost:{port}/page"}, 200),
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], status: int, platform: Platform) -> None:
    filled = {name: value.replace("{port}", str(platform.port)) for name, value in headers.items()}
    for path in ("/_localstack/info", "/probe/nothing"):
        answer = platform.get(path, headers=filled)
        assert answer.status_code == status
        if status == 403:
            assert answer.content == b""
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_preflight_is_answered_with_what_was_asked_for(platform: Platform) -> None:
    origin = f"http://localhost:{platform.port}"
    answer = platform.request(
        "OPTIONS", "/anything", headers={"Origin": origin, "Access-Control-Request-Headers": "X-Custom, etag"}
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "x-custom" in answer.headers["Access-Control-Allow-Headers"].split(",")
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Vary"] == "Origin"


def test_a_route_gets_the_raw_path_headers_and_body(platform: Platform) -> None:
    answer = platform.request("POST", "/probe/echo/a%2Fb//c%20d?x=1", data=b"body", headers={"X-MiXed": "case"}).json()
    assert answer["path"] == "a%2Fb//c%20d" or answer["path"] == "a%2Fb/c%20d"
    assert answer["raw"].endswith("/probe/echo/a%2Fb//c%20d?x=1")
    assert answer["body"] == "body"
    assert ["X-MiXed", "case"] in answer["headers"]


def test_a_host_route_matches_with_any_port_and_without(platform: Platform) -> None:
    assert platform.get("/some/path", host="probe.localhost.localstack.cloud").text == "host some/path"
    answer = requests.get(f"{platform.url}/x", headers={"Host": "PROBE.localhost.localstack.cloud"}, timeout=10)
    assert answer.text == "host x"


def test_header_case_is_kept_in_answers(platform: Platform) -> None:
    with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as connection:
        connection.sendall(b"GET /probe/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"X-Probe-Case: Kept\r\n" in raw


def test_a_generator_is_streamed_as_it_is_produced(platform: Platform) -> None:
    with platform.get("/probe/stream", stream=True) as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"first"
        assert platform.get("/probe/go-on").text == "released"
        assert next(lines) == b"second"


def test_a_route_may_call_the_gateway_back(platform: Platform) -> None:
    assert platform.get("/probe/reenter").text.startswith("4.14")


def test_a_websocket_route_talks_and_an_unmapped_one_is_404(platform: Platform) -> None:
    with connect(f"ws://127.0.0.1:{platform.port}/probe/ws") as ws:
        ws.send("abc")
        assert ws.recv() == "cba"
        ws.send(b"\x01\x02")
        assert ws.recv() == b"\x02\x01"
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{platform.port}/probe/none").__enter__()
    assert refused.value.response.status_code == 404


def test_a_route_that_raises_is_500_for_this_request_and_reported(platform: Platform) -> None:
    answer = platform.get("/probe/raise")
    assert answer.status_code == 500
    assert answer.json() == {"error": "Unexpected exception", "message": "route is broken", "type": "RuntimeError"}
    line = platform.wait_for("extension probe failed in route /probe/raise", platform.stderr)
    assert re.search(r"RuntimeError: route is broken \(probe_ext\.py:\d+ in fail\)", line)
    assert platform.get("/probe/nothing").status_code == 200
    assert not [text for text in platform.stderr if "exception during call chain" in text]


def test_a_route_may_answer_404_itself(platform: Platform) -> None:
    answer = platform.get("/probe/not-found")
    assert answer.status_code == 404
    assert answer.json() == {"error": "Not Found", "message": "no such probe"}


def test_a_wrong_method_is_405_and_names_the_right_ones(platform: Platform) -> None:
    answer = platform.get("/probe/put-only")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "PUT"
    assert answer.json()["error"] == "Method Not Allowed"


def test_a_gzipped_body_is_unpacked_and_a_broken_one_is_400(platform: Platform) -> None:
    packed = gzip.compress(b"unpacked")
    answer = platform.request("POST", "/probe/echo/x", data=packed, headers={"Content-Encoding": "gzip"})
    assert answer.json()["body"] == "unpacked"
    assert ["Content-Length", "8"] in answer.json()["headers"]
    broken = platform.request("POST", "/probe/echo/x", data=b"\x1f\x8bnope", headers={"Content-Encoding": "gzip"})
    assert broken.status_code == 400
    assert "gzip" in broken.json()["message"]


def test_each_answer_is_one_log_line_and_health_none(platform: Platform) -> None:
    platform.get("/probe/nothing?secret=hunter2")
    platform.wait_for(r"localstack\.request\.http +: GET /probe/nothing => 200", platform.stderr)
    assert "hunter2" not in platform.log
    assert "GET /_localstack/health" not in platform.log


def test_a_handler_that_keeps_failing_is_taken_out_and_shown_as_degraded(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("probe", PROBE)
    own = start()
    for _ in range(9):
        assert own.get("/nothing", headers={"x-fail": "1"}).status_code == 404
    assert own.get("/_localstack/extensions/list").json()[0]["state"] == "loaded"
    assert own.get("/nothing").status_code == 404  # a success in between starts the count anew
    for _ in range(10):
        own.get("/nothing", headers={"x-fail": "1"})
    listed = own.get("/_localstack/extensions/list").json()[0]
    assert listed["state"] == "degraded"
    assert "handler is broken" in listed["last_fault"]
    assert "extension probe is degraded" in own.log
    failures = own.log.count("extension probe failed in request handler")
    own.get("/nothing", headers={"x-fail": "1"})
    assert own.log.count("extension probe failed in request handler") == failures == 19
    assert own.get("/probe/nothing").headers["X-Probe-Case"] == "Kept"


def test_a_route_with_a_pydantic_model_gets_it_parsed_and_may_return_one(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "models",
        """
        from pydantic import BaseModel
        from localstack.extensions.api import Extension

        class Item(BaseModel):
            name: str
            size: int = 1

        def create(request, item: Item):
            return [item, Item(name=item.name.upper())]

        class TheExtension(Extension):
            name = "models"
            def update_gateway_routes(self, router):
                router.add("/items", create, methods=["POST"])
        """,
    )
    own = start()
    answer = own.request("POST", "/items", json={"name": "box", "size": 3})
    assert answer.json() == [{"name": "box", "size": 3}, {"name": "BOX", "size": 1}]
    assert own.request("POST", "/items", json={"size": "none"}).status_code == 400


def test_only_the_addresses_asked_for_are_bound(platform: Platform) -> None:
    connections = psutil.Process(platform.process.pid).net_connections(kind="inet")
    listening = {connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", platform.port)}


def test_the_gateway_page_names_no_path_of_the_host(platform: Platform) -> None:
    page = platform.get("/", headers={"Accept": "text/html"}).text
    assert str(Path.home()) not in page
