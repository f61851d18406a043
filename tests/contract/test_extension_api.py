"""``localstack.extensions.api``: the types that hooks get and that extensions derive theirs from, in a platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from doors import wait_until
from localstack.utils.aws.request_context import mock_aws_request_headers
from platforms import Home, Platform, platforms_of

EXTENSION = """
from localstack.aws.api import RequestContext, ServiceOperation
from localstack.aws.connect import (
    ClientFactory, ExternalClientFactory, InternalClientFactory, MetadataRequestInjector, ServiceLevelClientFactory,
    connect_externally_to, connect_to,
)
from localstack.extensions.api import Extension, aws, http
from localstack.extensions.api.extension import BaseExtension
from localstack.services.internal import get_internal_apis
from localstack.http.websocket import WebSocketDisconnectedError, WebSocketProtocolError, WebSocketRequest

kinds = {}
seen = []

class Requests(aws.RequestHandler):
    def __call__(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response):
        seen.append(["request", context.service_operation, dict(context.service_request or {})])
        if context.service_request.get("QueueName") == "answered":
            chain.respond(status_code=299, payload={"by": "handler"}, headers={"X-By": "handler"})
        if context.service_request.get("QueueName") == "refused":
            raise aws.CommonServiceException("NotToday", "come back", status_code=418, sender_fault=True)
        if context.service_request.get("QueueName") == "modelled":
            raise Modelled("gone for good")

class Modelled(aws.ServiceException):
    code = "Modelled"
    status_code = 410
    sender_fault = False

class Responses(aws.ResponseHandler):
    def __call__(self, chain, context, response):
        error = context.service_exception
        if context.service is None:
            return
        seen.append(["response", response.status_code, error and [error.code, error.message]])

class Exceptions(aws.ExceptionHandler):
    def __call__(self, chain, exception, context, response):
        seen.append(["exception", type(exception).__name__])

def finalizer(chain, context, response):
    seen.append(["finalizer", context.get("nothing")])

def kinds_of_hooks(request):
    return kinds

def what_was_seen(request):
    found = [entry for entry in seen]
    seen.clear()
    return found

def clients(request):
    inside, outside = connect_to(), connect_externally_to(endpoint_url="http://localhost:4566", region_name="eu-west-3")
    return [
        isinstance(connect_to, ClientFactory) and isinstance(connect_to, InternalClientFactory),
        isinstance(connect_externally_to, ExternalClientFactory),
        isinstance(inside, ServiceLevelClientFactory) and isinstance(outside, ServiceLevelClientFactory),
        isinstance(inside.sqs, MetadataRequestInjector),
        inside.sqs.meta.region_name,
        outside.get_client("sqs").meta.region_name,
        InternalClientFactory()(region_name="eu-north-1").sqs.meta.region_name,
    ]

def forwarded(request):
    target = request.host_url + "deep/er"
    return [
        http.forward(request, target, forward_path="x").get_data(as_text=True),
        http.Proxy(target).forward(request, "y").get_data(as_text=True),
        http.SimpleRequestsClient().request(http.Request("GET", "/deep/er/z"), request.host_url).get_data(as_text=True),
        isinstance(http.Proxy(target), http.HttpClient),
    ]

def talk(request: WebSocketRequest):
    with request.accept() as websocket:
        try:
            while True:
                websocket.send(f"{type(websocket.receive()).__name__}")
        except WebSocketDisconnectedError as error:
            seen.append(["left", error.code, issubclass(WebSocketProtocolError, OSError)])

class TheExtension(Extension):
    name = "typed"

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]):
        kinds["router"] = isinstance(router, http.Router)
        for endpoint in (kinds_of_hooks, what_was_seen, clients, forwarded):
            router.add("/" + endpoint.__name__, endpoint)
        router.add("/deep/er/<path:path>", lambda request, path: f"{path} {request.args.get('a')}")
        router.add("/any<greedy_path:rest>", lambda request, rest: f"[{rest}]")
        router.add("/number/<regex('[0-9]+'):number>", lambda request, number: f"{int(number)}")
        router.add("/shop", lambda request, port: f"{port}", host="shop.test<port:port>")
        get_internal_apis().add("/_localstack/typed<greedy_path:rest>", lambda request, rest: rest)
        router.add("/talk", talk, methods=["WEBSOCKET"])

    def update_request_handlers(self, handlers: aws.CompositeHandler):
        kinds["request"] = isinstance(handlers, aws.CompositeHandler)
        handlers.append(Requests())
        kinds["held"] = type(handlers.handlers[-1]).__name__

    def update_response_handlers(self, handlers: aws.CompositeResponseHandler):
        kinds["response"] = isinstance(handlers, aws.CompositeResponseHandler)
        handlers.append(Responses())

    def update_exception_handlers(self, handlers: aws.CompositeExceptionHandler):
        kinds["exception"] = isinstance(handlers, aws.CompositeExceptionHandler)
        handlers.append(Exceptions())

    def update_finalizers(self, handlers: aws.CompositeFinalizer):
        kinds["finalizer"] = isinstance(handlers, aws.CompositeFinalizer)
        handlers.append(finalizer)
        kinds["extension"] = issubclass(Extension, BaseExtension)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_extension("typed", EXTENSION)
    with platforms_of(home) as start:
        yield start(LS_LOG="warn")


def seen_of(platform: Platform, name: str) -> tuple[requests.Response, list[Any]]:
    """The answer to a call of SQS with that queue's name, and what the handlers saw of it, as text or numbers."""
    platform.ask("/what_was_seen")
    headers = mock_aws_request_headers("sqs", "test", "us-east-1") | {"X-Amz-Target": "AmazonSQS.CreateQueue"}
    answer = platform.request("POST", "/", json={"QueueName": name}, headers=headers)
    return answer, [entry for entry in platform.ask("/what_was_seen") if entry[0] != "finalizer"]


def test_hooks_get_the_documented_types(platform: Platform) -> None:
    assert platform.ask("/kinds_of_hooks") == {
        "router": True,
        "request": True,
        "held": "Requests",
        "response": True,
        "exception": True,
        "finalizer": True,
        "extension": True,
    }


def test_handlers_see_a_call_and_its_answer(platform: Platform) -> None:
    answer, seen = seen_of(platform, "plain")
    assert answer.json()["QueueUrl"].endswith("/plain")
    assert seen == [["request", ["sqs", "CreateQueue"], {"QueueName": "plain"}], ["response", 200, None]]


def test_a_handler_answers_instead_of_the_service(platform: Platform) -> None:
    answer, seen = seen_of(platform, "answered")
    assert (answer.status_code, answer.json(), answer.headers["X-By"]) == (299, {"by": "handler"}, "handler")
    assert seen[-1] == ["response", 299, None]


def test_errors_that_a_handler_raises_are_answered_in_the_services_protocol(platform: Platform) -> None:
    answer, seen = seen_of(platform, "refused")
    assert (answer.status_code, answer.json()["message"]) == (418, "come back")
    assert answer.headers["x-amzn-query-error"] == "NotToday;Sender"
    assert ["exception", "CommonServiceException"] in seen
    assert seen[-1] == ["response", 418, ["NotToday", "come back"]]
    answer, seen = seen_of(platform, "modelled")
    assert (answer.status_code, answer.json()["message"]) == (410, "gone for good")
    assert seen[-1] == ["response", 410, ["Modelled", "gone for good"]]


def test_finalizers_are_called_for_every_request(platform: Platform) -> None:
    platform.ask("/what_was_seen")
    assert platform.ask("/what_was_seen") == [["finalizer", None]]


def test_clients_are_made_by_factories_of_the_documented_types(platform: Platform) -> None:
    assert platform.ask("/clients") == [True, True, True, True, "us-east-1", "eu-west-3", "eu-north-1"]


def test_routers_know_the_converters_of_localstack(platform: Platform) -> None:
    assert [platform.get(f"/any{rest}").text for rest in ("", "/", "thing/a%2Fb")] == ["[]", "[/]", "[thing/a%2Fb]"]
    assert platform.get("/number/12").text == "12"
    assert platform.get("/number/twelve").status_code == 404
    hosts = (f"shop.test:{platform.port}", "shop.test")
    ports = [platform.get("/shop", headers={"Host": host}).text for host in hosts]
    assert ports == [str(platform.port), "None"]
    assert platform.get("/_localstack/typed/a/b").text == "/a/b"


def test_requests_are_sent_on_by_the_clients_of_the_api(platform: Platform) -> None:
    assert platform.ask("/forwarded?a=1") == ["x 1", "y 1", "z None", True]


def test_a_client_that_leaves_a_websocket_is_told_by_an_exception(platform: Platform) -> None:
    from websockets.sync.client import connect

    platform.ask("/what_was_seen")
    with connect(f"ws://127.0.0.1:{platform.port}/talk") as client:
        client.send("text")
        client.send(b"bytes")
        assert [client.recv(15), client.recv(15)] == ["str", "bytes"]
        client.close(4001)
    left: list[Any] = []

    def was_told() -> bool:
        left.extend(entry for entry in platform.ask("/what_was_seen") if entry[0] == "left")
        return bool(left)

    wait_until(was_told, "the extension is not told that the client has left")
    assert left[0][:2] == ["left", 4001]
