"""With and without the shortcuts and direct calls answers are the same; another version of moto has neither."""

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
    ("sqs", "get_queue_url", {"QueueName": "plain"}),
    ("sqs", "send_message", {"QueueUrl": "URL/missing", "MessageBody": "x"}),
    ("sqs", "send_message", {"QueueUrl": "URL/plain", "MessageBody": "x" * 2_000_000}),
    (
        "sqs",
        "send_message",
        {
            "QueueUrl": "URL/plain",
            "MessageBody": "with attributes <&>",
            "MessageAttributes": {
                "text": {"DataType": "String", "StringValue": "ü"},
                "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
            },
        },
    ),
    (
        "sqs",
        "receive_message",
        {"QueueUrl": "URL/plain", "MessageAttributeNames": ["All"], "AttributeNames": ["SenderId"]},
    ),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "MaxNumberOfMessages": 11}),
    ("sqs", "receive_message", {"QueueUrl": "URL/plain", "VisibilityTimeout": 50_000}),
    ("sqs", "delete_message", {"QueueUrl": "URL/plain", "ReceiptHandle": "missing"}),
    ("sns", "create_topic", {"Name": "topic"}),
    (
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:us-east-1:000000000000:missing", "Message": "<RequestId>x</RequestId>"},
    ),
    ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:topic", "Message": "m", "Subject": "s"}),
    (
        "sns",
        "publish",
        {
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:topic",
            "Message": "m",
            "MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": b"\x01"}},
        },
    ),
    ("sns", "publish", {"PhoneNumber": "no number", "Message": "m"}),
    (
        "dynamodb",
        "create_table",
        {
            "TableName": "table",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    ("dynamodb", "put_item", {"TableName": "missing", "Item": {"id": {"S": "1"}}}),
    ("dynamodb", "put_item", {"TableName": "table", "Item": {"id": {"S": ""}}}),
    (
        "dynamodb",
        "put_item",
        {
            "TableName": "table",
            "Item": {
                "id": {"S": "1"},
                "bytes": {"B": b"\x00\xff"},
                "set": {"BS": [b"a", b"b"]},
                "nested": {"M": {"list": {"L": [{"N": "1.50"}, {"NULL": True}, {"BOOL": False}]}}},
            },
            "ReturnConsumedCapacity": "TOTAL",
        },
    ),
    ("dynamodb", "put_item", {"TableName": "table", "Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_OLD"}),
    (
        "dynamodb",
        "put_item",
        {"TableName": "table", "Item": {"id": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(id)"},
    ),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"id": {"S": "1"}}, "ReturnConsumedCapacity": "INDEXES"}),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"id": {"S": "missing"}}}),
    ("dynamodb", "get_item", {"TableName": "table", "Key": {"other": {"S": "1"}}}),
    (
        "dynamodb",
        "get_item",
        {
            "TableName": "table",
            "Key": {"id": {"S": "1"}},
            "ProjectionExpression": "#i",
            "ExpressionAttributeNames": {"#i": "id"},
        },
    ),
    ("dynamodb", "delete_item", {"TableName": "table", "Key": {"id": {"S": "1"}}, "ReturnValues": "ALL_OLD"}),
    ("dynamodb", "scan", {"TableName": "table"}),
    ("ssm", "put_parameter", {"Name": "/a/b", "Value": "v", "Type": "SecureString"}),
    ("ssm", "get_parameter", {"Name": "/a/b"}),
    ("ssm", "get_parameter", {"Name": "/a/b", "WithDecryption": True}),
    ("ssm", "get_parameter", {"Name": "/a/b:7"}),
    ("ssm", "get_parameter", {"Name": "/aws/reference/secretsmanager/x"}),
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
