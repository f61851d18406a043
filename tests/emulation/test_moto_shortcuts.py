"""The same calls with and without the shortcuts give the same answers; on another version of moto there are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from platforms import Home, Platform

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("sts", "get_caller_identity", {}),
    ("sqs", "create_queue", {"QueueName": "plain", "Attributes": {"DelaySeconds": "0"}}),
    ("sqs", "create_queue", {"QueueName": "plain", "Attributes": {"DelaySeconds": "5"}}),
    ("sqs", "create_queue", {"QueueName": "f.fifo", "Attributes": {"FifoQueue": "true"}}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "one"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "late", "DelaySeconds": 600}),
    ("sqs", "send_message", {"QueueUrl": "URL/f.fifo", "MessageBody": "no group"}),
    (
        "sqs",
        "send_message",
        {"QueueUrl": "URL/f.fifo", "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"},
    ),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/plain", "AttributeNames": ["All"]}),
    ("sqs", "get_queue_attributes", {"QueueUrl": "URL/f.fifo", "AttributeNames": ["All"]}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "MaxNumberOfMessages": 10}),
    (
        "sqs",
        "get_queue_attributes",
        {
            "QueueUrl": "URL/plain",
            "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        },
    ),
    ("sqs", "get_queue_url", {"QueueName": "missing"}),
    ("sns", "create_topic", {"Name": "topic"}),
    (
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:us-east-1:000000000000:missing", "Message": "<RequestId>x</RequestId>"},
    ),
    ("s3", "create_bucket", {"Bucket": "bucket"}),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "a/b c+ü", "Body": b"x"}),
    ("s3", "list_objects_v2", {"Bucket": "bucket"}),
    ("s3", "get_object", {"Bucket": "bucket", "Key": "missing"}),
    ("iam", "get_user", {"UserName": "nobody"}),
    ("ec2", "describe_vpcs", {}),
    ("lambda", "get_function", {"FunctionName": "missing"}),
    ("ssm", "get_parameter", {"Name": "missing"}),
]


WITHOUT = """
from localstack.extensions.api import Extension
from localstack.host.emulation import moto_shortcuts

class TheExtension(Extension):
    name = "without"

    def on_extension_load(self):
        moto_shortcuts.KNOWN_VERSIONS = frozenset()

    def update_gateway_routes(self, router):
        router.add("/shortcuts", lambda request: {"count": self.count()})

    def count(self):
        from moto.core import responses
        return int(responses.method_names_from_class.__module__ != "moto.core.utils")
"""

RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-Z]{52}|(?<=-)[0-9a-f]{8,17}\b|\b\d{20}\b"
    r"|\b\d{10}(\.\d+|\d{3})?\b|datetime\([^)]*\)|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT|127\.0\.0\.1:\d+"
    r"|(?<='ReceiptHandle': ')[^']+|[0-9a-f]{32}="
    r"|(?<='content-length': ')\d+|(?<=': ')[A-Za-z0-9+/]{16,}=*(?=')"
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
        except ClientError as error:
            answer = error.response
        seen.append(f"{service}.{operation} {RANDOM.sub('RANDOM', repr(answer))}")
    return seen


def test_answers_are_the_same_with_and_without(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("without", WITHOUT)
    plain = start()
    expected = answers(plain)
    assert plain.get("/shortcuts").json() == {"count": 0}
    assert plain.signal() == 0
    quick = start(EXTENSION_DEV_MODE="0")
    for found, wanted in zip(answers(quick), expected, strict=True):
        assert found == wanted


def test_the_shortcuts_are_there_for_the_version_that_is_locked(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("without", WITHOUT.replace("moto_shortcuts.KNOWN_VERSIONS = frozenset()", "pass"))
    platform = start()
    platform.client("sts").get_caller_identity()
    assert platform.get("/shortcuts").json() == {"count": 1}


def test_sending_and_receiving_take_no_look_at_the_messages_that_wait(
    home: Home, start: Callable[..., Platform]
) -> None:
    """Counted, not timed: how often moto asks a message whether it is visible."""
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
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    assert platform.get("/count").json()["looks"] < 10
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "200"}
