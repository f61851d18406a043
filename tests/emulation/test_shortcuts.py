"""With and without the shortcuts and direct calls answers are the same; another version of moto has neither."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localstack.host.emulation.moto import direct_calls
from platforms import Home, Platform
from same_calls import CALLS

OBSERVER = """
import os
from localstack.extensions.api import Extension
from localstack.host.emulation.moto import direct_calls, shortcuts

class TheExtension(Extension):
    name = "observer"

    def on_extension_load(self):
        if "WITHOUT_SHORTCUTS" in os.environ:
            shortcuts.KNOWN_VERSIONS = frozenset()

    def update_gateway_routes(self, router):
        self.answered = set()
        original = direct_calls.answer

        def answer(response_class, call):
            result = original(response_class, call)
            if result is not None:
                self.answered.add((call.recognised.service.service_name, call.recognised.operation.model.name))
            return result

        direct_calls.answer = answer
        router.add("/observed", self.observe)
        router.add("/accounts-with-iam", self.accounts_with_iam)

    def observe(self, request):
        from moto.core import responses
        is_replaced = responses.method_names_from_class.__module__ != "moto.core.utils"
        return {"has_shortcuts": is_replaced, "directly": sorted(self.answered)}

    def accounts_with_iam(self, request):
        from moto.iam.models import iam_backends
        return {"accounts": list(iam_backends)}
"""

RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-Z]{52}|(?<=-)[0-9a-f]{8,17}\b|\b\d{20}\b"
    r"|\b\d{10}(\.\d+|\d{3})?\b|datetime\([^)]*\)|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT|127\.0\.0\.1:\d+"
    r"|\b\d{4}-\d\d-\d\dT[\d:]{8}|(?<='ReceiptHandle': ')[^']+|[0-9a-f]{32}="
    r"|(?<='content-length': ')\d+|(?<='x-amz-crc32': ')\d+|(?<=': ')[A-Za-z0-9+/]{16,}=*(?=')"
)


def answers(platform: Platform) -> list[str]:
    """What boto3 makes of the answers, without what is random in them."""
    seen = []
    for service, operation, parameters in CALLS:
        client = platform.client(service)
        sent = {
            name: value.replace("URL", f"{platform.url}/000000000000") if isinstance(value, str) else value
            for name, value in parameters.items()
        }
        try:
            answer = getattr(client, operation)(**sent)
            if operation == "get_object":
                answer["Body"] = answer["Body"].read()
        except ClientError as error:
            answer = error.response
        seen.append(f"{service}.{operation} {RANDOM.sub('RANDOM', repr(answer))}")
    return seen


def test_answers_are_the_same_with_and_without(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("observer", OBSERVER)
    plain = start(WITHOUT_SHORTCUTS="1")
    expected = answers(plain)
    assert plain.get("/observed").json() == {"has_shortcuts": False, "directly": []}
    assert plain.signal() == 0
    quick = start()
    for found, wanted in zip(answers(quick), expected, strict=True):
        assert found == wanted
    every_operation = [list(names) for names in sorted(direct_calls.OPERATIONS)]
    assert quick.get("/observed").json() == {"has_shortcuts": True, "directly": every_operation}


def test_answers_of_all_kinds_are_written_the_same() -> None:
    script = Path(__file__).with_name("written_twice.py")
    written = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert written.returncode == 0, written.stdout + written.stderr
    assert written.stdout.endswith(" answers, 0 different\n")


def test_sending_receiving_and_deleting_take_no_look_at_the_messages_that_wait(
    home: Home, start: Callable[..., Platform]
) -> None:
    """Counted, not timed: how often moto asks a message whether it is visible, and whether a handle is its own."""
    home.write_extension(
        "counting",
        """
        from localstack.extensions.api import Extension

        class TheExtension(Extension):
            name = "counting"

            def update_gateway_routes(self, router):
                router.add("/count", self.count)

            def count(self, request):
                from moto.sqs.models import Message
                if not hasattr(self, "looks"):
                    self.looks = 0
                    visible = Message.visible.fget
                    def look(message):
                        self.looks += 1
                        return visible(message)
                    Message.visible = property(look)
                    had = Message.had_receipt_handle
                    def look_at_handle(message, handle):
                        self.looks += 1
                        return had(message, handle)
                    Message.had_receipt_handle = look_at_handle
                looks, self.looks = self.looks, 0
                return {"looks": looks}
        """,
    )
    platform = start()
    sqs = platform.client("sqs")
    url = sqs.create_queue(QueueName="long")["QueueUrl"]
    for _ in range(20):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    platform.get("/count")
    sqs.send_message(QueueUrl=url, MessageBody="one more")
    received = sqs.receive_message(QueueUrl=url)["Messages"]
    assert len(received) == 1
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
    assert platform.get("/count").json()["looks"] < 10
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "200"}


def test_an_account_that_only_calls_other_services_gets_no_iam(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("observer", OBSERVER)
    platform = start()
    sqs = platform.client("sqs")
    with pytest.raises(ClientError):  # the first call of all goes the short way
        sqs.get_queue_url(QueueName="missing")
    sqs.create_queue(QueueName="queue")
    assert platform.get("/accounts-with-iam").json() == {"accounts": []}
    platform.client("iam").list_users()
    assert platform.get("/accounts-with-iam").json() == {"accounts": ["000000000000"]}
