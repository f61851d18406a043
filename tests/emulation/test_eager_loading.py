"""``SERVICES`` and ``EAGER_SERVICE_LOADING``."""

from __future__ import annotations

import time
from collections.abc import Callable

from platforms import START_TIMEOUT_SECONDS, Platform


def running(platform: Platform) -> set[str]:
    services = platform.get("/_localstack/health").json()["services"]
    return {name for name, state in services.items() if state == "running"}


def test_services_that_are_named_are_loaded_in_the_background(start: Callable[..., Platform]) -> None:
    platform = start(SERVICES="sqs,sns:4575", EAGER_SERVICE_LOADING="1")
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while running(platform) != {"sqs", "sns"}:
        assert time.monotonic() < deadline
    platform.wait_for("loaded 2 services in")
    assert platform.client("sqs").create_queue(QueueName="queue")["QueueUrl"]


def test_without_it_nothing_is_loaded(start: Callable[..., Platform]) -> None:
    platform = start(SERVICES="sqs")
    assert running(platform) == set()
    states = platform.get("/_localstack/health").json()["services"]
    assert (states["sqs"], states["sns"]) == ("available", "disabled")


def test_names_in_services_that_are_none_are_one_line_of_warning(start: Callable[..., Platform]) -> None:
    platform = start(SERVICES="sqs,sqqs,nothing")
    lines = [line for line in platform.stderr if "SERVICES" in line]
    assert len(lines) == 1
    assert "SERVICES names what is no AWS service: sqqs, nothing" in lines[0]
    assert platform.client("sqs").list_queues()


def test_the_whole_table_is_loaded_while_calls_are_answered(start: Callable[..., Platform]) -> None:
    platform = start(EAGER_SERVICE_LOADING="1")
    platform.client("sqs").create_queue(QueueName="queue")
    platform.client("dynamodb").list_tables()
    total = len(platform.get("/_localstack/health").json()["services"])
    platform.wait_for(f"loaded {total} services in")
    assert len(running(platform)) == total
