"""What is imported in quiet moments after ``Ready.``, told by the last run on the volume."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from doors import wait_until
from platforms import Home, Platform

OBSERVER = """
import sys
import threading
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "observer"
    is_ready = False

    def on_platform_ready(self):  # the warm-up has begun by then
        self.is_ready = True

    def update_gateway_routes(self, router):
        router.add("/observed", self.observe)

    def observe(self, request):
        names = [thread.name for thread in threading.enumerate()]
        imported = [name for name in ("moto", "moto.sqs.models", "moto.sns.models") if name in sys.modules]
        return {"has_ended": self.is_ready and "Service-Warm-Up" not in names, "imported": imported}
"""


@pytest.fixture
def record(home: Home) -> Path:
    return home.volume / "cache" / "aws-services.json"


def imported(platform: Platform) -> list[str]:
    """What is imported when the warm-up has ended."""
    wait_until(lambda: platform.get("/observed").json()["has_ended"], "the warm-up never ended")
    return list(platform.get("/observed").json()["imported"])


def running(platform: Platform) -> list[str]:
    services = platform.get("/_localstack/health").json()["services"]
    return [name for name, state in services.items() if state == "running"]


def test_the_first_run_imports_what_every_call_needs(home: Home, start: Callable[..., Platform], record: Path) -> None:
    home.write_extension("observer", OBSERVER)
    platform = start(SERVICE_WARM_UP="1")
    assert imported(platform) == ["moto"]
    assert running(platform) == []
    assert platform.get("/_localstack/resources").text == ""
    assert platform.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    assert running(platform) == ["sqs"]
    assert platform.signal() == 0
    assert json.loads(record.read_text()) == ["sqs"]


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ('["sqs"]', ["moto", "moto.sqs.models"]),
        ('["sqs", "gone", 1]', ["moto", "moto.sqs.models"]),
        ("[]", []),
        ("{", ["moto"]),
        ("7", ["moto"]),
    ],
)
def test_later_runs_import_what_the_last_one_called(
    home: Home, start: Callable[..., Platform], record: Path, noted: str, expected: list[str]
) -> None:
    home.write_extension("observer", OBSERVER)
    record.parent.mkdir(parents=True)
    record.write_text(noted)
    platform = start(SERVICE_WARM_UP="1")
    assert imported(platform) == expected
    assert running(platform) == []


def test_a_run_without_calls_says_so_to_the_next(start: Callable[..., Platform], record: Path) -> None:
    assert start(SERVICE_WARM_UP="1").signal() == 0
    assert json.loads(record.read_text()) == []


def test_switched_off_it_imports_nothing_and_notes_nothing(
    home: Home, start: Callable[..., Platform], record: Path
) -> None:
    home.write_extension("observer", OBSERVER)
    platform = start(SERVICE_WARM_UP="0")
    assert imported(platform) == []
    assert platform.signal() == 0
    assert not record.exists()


def test_a_reset_does_not_forget_what_was_called(start: Callable[..., Platform], record: Path) -> None:
    platform = start(SERVICE_WARM_UP="1")
    platform.client("sqs").list_queues()
    assert platform.request("POST", "/_localstack/state/reset").status_code == 200
    assert platform.signal() == 0
    assert json.loads(record.read_text()) == ["sqs"]
