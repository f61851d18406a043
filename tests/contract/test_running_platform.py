"""``localstack.runtime``, the gateway's own lists and ``metric_handler``, seen from outside."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import localstack.logging.setup
from localstack.runtime import get_current_runtime
from platforms import Home, Platform, platforms_of

EXTENSION = """
import os
import logging
import threading

from localstack import config
from localstack.aws.connect import connect_to
from localstack.aws.gateway import Gateway
from localstack.aws.handlers.metric_handler import Metric, MetricHandler
from localstack.extensions.api import Extension
from localstack.logging.setup import setup_logging
from localstack.runtime import events, get_current_runtime
from localstack.runtime.current import Components, LocalstackRuntime

setup_logging()
seen = []

def states():
    return [event.is_set() for event in (events.infra_starting, events.infra_ready, events.infra_stopping)]

def first(chain, context, response):
    seen.append(context.request.path)
    if context.request.path == "/first":
        chain.respond(202, "before everybody")

def late(chain, context, response):
    response.headers["X-Late"] = str(response.status_code)

def fail_in_finalizer(chain, context, response):
    if context.request.path == "/first":
        raise ValueError("of a finalizer")

def gateway(request):
    gateway = get_current_runtime().components.gateway
    return [isinstance(gateway, Gateway), get_current_runtime() is get_current_runtime(), seen[-1],
            gateway.request_handlers[0] is first, late in gateway.response_handlers]

def leave(request):
    get_current_runtime().components.gateway.request_handlers.remove(first)
    return "gone"

def metrics(request):
    found = [dict(zip(Metric.RAW_DATA_HEADER, metric)) | {"headers": None} for metric in MetricHandler.metric_data]
    MetricHandler.metric_data.clear()
    return found

def collect(request):
    os.environ["LOCALSTACK_INTERNAL_TEST_COLLECT_METRIC"] = request.args["on"]
    return "ok"

def inside(request):
    connect_to().sqs.list_queues()
    return "ok"

def runtime(request):
    runtime = get_current_runtime()
    same = [runtime.starting is events.infra_starting, runtime.ready is events.infra_ready,
            runtime.stopping is events.infra_stopping, runtime.stopped is events.infra_stopped]
    same += [isinstance(runtime, LocalstackRuntime), isinstance(runtime.components, Components)]
    return [runtime.components.name, runtime.is_ready(), runtime.stopped.is_set(), all(same)]

def shut_down(request):
    get_current_runtime().shutdown()
    return "leaving"

def leave_platform(request):
    get_current_runtime().exit(3)
    return "leaving"

class TheExtension(Extension):
    name = "insider"

    def on_platform_start(self):
        print("start:", states())
        gateway = get_current_runtime().components.gateway
        gateway.request_handlers.insert(0, first)
        gateway.response_handlers.append(late)
        gateway.finalizers.append(fail_in_finalizer)
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self):
        events.infra_ready.wait()
        print("waited:", states())

    def on_platform_ready(self):
        print("ready:", states())

    def on_platform_shutdown(self):
        print("shutdown:", states())

    def update_gateway_routes(self, router):
        for endpoint in (gateway, leave, metrics, collect, inside):
            router.add("/" + endpoint.__name__, endpoint)
        router.add("/exit", leave_platform)
        router.add("/runtime", runtime)
        router.add("/shutdown", shut_down)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_extension("insider", EXTENSION)
    with platforms_of(home) as start:
        yield start(LS_LOG="warn")


def test_events_tell_where_the_platform_is(platform: Platform) -> None:
    platform.wait_for(r"start: \[True, False, False\]", platform.stdout)
    platform.wait_for(r"waited: \[True, True, False\]", platform.stdout)
    platform.wait_for(r"ready: \[True, True, False\]", platform.stdout)


def test_handlers_in_the_gateways_own_lists_meet_every_request(platform: Platform) -> None:
    answer = platform.get("/first")
    assert (answer.status_code, answer.text, answer.headers["X-Late"]) == (202, "before everybody", "202")
    assert platform.get("/_localstack/health").headers["X-Late"] == "200"
    assert platform.ask("/gateway") == [True, True, "/gateway", True, True]


def test_such_handlers_are_listed_under_their_extension(platform: Platform) -> None:
    (extension,) = platform.ask("/_localstack/extensions/list")
    added = [text for text in extension["contributions"] if text.split(": ")[0] in ("request handler", "finalizer")]
    assert added == ["request handler: insider_ext.first", "finalizer: insider_ext.fail_in_finalizer"]


def test_a_handler_can_leave_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home(tmp_path_factory.mktemp("leaving"))
    home.write_extension("insider", EXTENSION)
    with platforms_of(home) as start:
        platform = start()
        assert platform.get("/leave").text == "gone"
        assert platform.get("/first").status_code == 404
        assert platform.get("/exit").text == "leaving"
        platform.wait_for(r"shutdown: \[True, True, True\]", platform.stdout)
        assert platform.process.wait(30) == 3


def test_the_runtime_tells_where_it_is_and_ends_when_asked(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("insider", EXTENSION)
    platform = start()
    assert platform.ask("/runtime") == ["aws", True, False, True]
    assert platform.get("/shutdown").text == "leaving"
    assert platform.process.wait(30) == 0


def test_setting_up_the_log_again_prints_no_line_twice(platform: Platform) -> None:
    platform.get("/first")
    line = platform.wait_for("of a finalizer", platform.stderr)
    assert platform.stderr.count(line) == 1


def test_calls_of_aws_are_noted_while_that_is_switched_on(platform: Platform) -> None:
    sqs = platform.client("sqs")
    sqs.create_queue(QueueName="unseen")
    platform.get("/collect?on=1")
    sqs.create_queue(QueueName="seen", Attributes={"DelaySeconds": "1"})
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="none")
    platform.get("/inside")
    platform.get("/collect?on=0")
    sqs.create_queue(QueueName="unseen-too")
    created, refused, inside = platform.ask("/metrics")
    assert json.loads(created.pop("response_data"))["QueueUrl"].endswith("/seen")
    assert "QueueDoesNotExist" in refused.pop("response_data")
    assert created == {
        "service": "sqs",
        "operation": "CreateQueue",
        "headers": None,
        "parameters": "QueueName,Attributes",
        "response_code": 200,
        "exception": "",
        "origin": "external",
        "node_id": "",
        "xfail": False,
        "aws_validated": False,
        "snapshot": False,
        "snapshot_skipped_paths": "",
    }
    assert (refused["operation"], refused["response_code"]) == ("GetQueueUrl", 400)
    assert refused["exception"].endswith(("NonExistentQueue", "QueueDoesNotExist"))
    assert (inside["operation"], inside["origin"]) == ("ListQueues", "internal")
    assert platform.ask("/metrics") == []


def test_outside_of_a_platform_there_is_no_runtime() -> None:
    with pytest.raises(ValueError, match="no platform runs in this process"):
        get_current_runtime()


@pytest.mark.parametrize(
    ("call", "environ", "levels"),
    [
        ("setup_logging()", {}, ["INFO", "INFO"]),
        ("setup_logging()", {"DEBUG": "1"}, ["DEBUG", "DEBUG"]),
        ("setup_logging(logging.ERROR)", {}, ["ERROR", "ERROR"]),
    ],
)
def test_a_process_of_an_extension_logs_as_the_platform_does(
    home: Home, call: str, environ: dict[str, str], levels: list[str]
) -> None:
    code = (
        "import logging\n"
        "from localstack.logging.setup import setup_logging\n"
        f"{call}\n{call}\n"
        "logging.getLogger('localstack.own').error('hello')\n"
        "print(*(logging.getLevelName(logging.getLogger(name).level) for name in (None, 'localstack')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=home.environ(**environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == levels
    (line,) = done.stderr.splitlines()
    assert line.endswith(" ERROR --- [  MainThread] localstack.own             : hello")


def test_the_log_of_this_process_is_left_alone_by_importing() -> None:
    before = list(logging.getLogger().handlers)
    importlib.reload(localstack.logging.setup)
    assert logging.getLogger().handlers == before


MARKING = """
from localstack.extensions.api import Extension
from localstack.runtime import get_current_runtime

def mark(chain, context, response):
    response.headers.add("X-Direct", "VERSION")

class TheExtension(Extension):
    name = "marking"

    def on_platform_start(self):
        get_current_runtime().components.gateway.response_handlers.append(mark)
"""


def test_such_handlers_are_replaced_when_their_extension_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    project = home.write_extension("marking", MARKING.replace("VERSION", "1"))
    with platforms_of(home) as start:
        platform = start(PYTHONDONTWRITEBYTECODE="")
        assert platform.get("/").headers["X-Direct"] == "1"
        (project / "marking_ext.py").write_text(MARKING.replace("VERSION", "2"))
        platform.wait_for("reloaded extension marking")
        assert platform.get("/").headers["X-Direct"] == "2"


FAILING = """
from localstack.extensions.api import Extension
from localstack.runtime import get_current_runtime

def fail(chain, context, response):
    if "X-Fail" in context.request.headers:
        raise KeyError("broken")

class TheExtension(Extension):
    name = "failing"

    def on_platform_start(self):
        get_current_runtime().components.gateway.request_handlers.insert(0, fail)
"""


def test_such_a_handler_that_fails_hinders_nobody_and_is_taken_out(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("failing", FAILING)
    platform = start()
    for _ in range(10):
        assert platform.get("/_localstack/health", headers={"X-Fail": "1"}).status_code == 200
    platform.wait_for(
        r"extension failing failed in request handler: KeyError: 'broken' \(failing_ext.py:7 in fail\)", count=10
    )
    platform.wait_for("extension failing is degraded: its request handler failing_ext.fail failed 10 times")
    (extension,) = platform.ask("/_localstack/extensions/list")
    assert extension["contributions"] == []
    assert platform.get("/_localstack/health", headers={"X-Fail": "1"}).status_code == 200
    assert sum("'broken'" in line for line in platform.stderr) == 10
