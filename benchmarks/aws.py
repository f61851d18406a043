"""AWS calls as boto3 makes them: recorded once, then sent again and again to every server."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.load import RecordedRequest
from benchmarks.servers import HOST

NAME = "benchmark"
WAITING_MESSAGES = 5000

_NOT_SENT = frozenset({"host", "expect", "connection"})


@cache
def client(service: str, port: int) -> Any:
    """A boto3 client for the server on that port."""
    config = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 0},
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
    )
    return boto3.client(
        service,
        endpoint_url=f"http://{HOST}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


def record(service: str, operation: str, **parameters: Any) -> RecordedRequest:
    """What boto3 sends for a call; nothing goes out.

    :param operation: the method of the client, e.g. ``"get_caller_identity"``
    """
    recorded: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **kwargs: Any) -> AWSResponse:
        recorded.append(request)
        return AWSResponse(request.url, 400, {}, None)

    recorder = client(service, 1)
    recorder.meta.events.register("before-send", keep)
    try:
        getattr(recorder, operation)(**parameters)
    except (ClientError, AttributeError):  # there is no answer that could be read
        pass
    finally:
        recorder.meta.events.unregister("before-send", keep)
    request = recorded[0]
    headers = tuple((n, v.decode() if isinstance(v, bytes) else v) for n, v in request.headers.items())
    body = request.body or b""
    if not isinstance(body, bytes):
        body = body.encode() if isinstance(body, str) else body.read()
    path = request.url.partition(f"http://{HOST}:1")[2]
    kept = tuple(pair for pair in headers if pair[0].lower() not in _NOT_SENT)
    return RecordedRequest(request.method, path, kept, body)


def queue_url(name: str) -> str:
    return f"http://{HOST}:1/000000000000/{name}"


def empty_queue(port: int) -> None:
    """The queue is there, and empty: some servers get slower with every message."""
    sqs = client("sqs", port)
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName=NAME)["QueueUrl"])  # moto purges only once a minute
    sqs.create_queue(QueueName=NAME)


def short_queue(port: int) -> None:
    """The queue has one message, which can be received again at once."""
    empty_queue(port)
    sqs = client("sqs", port)
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=NAME)["QueueUrl"], MessageBody="x" * 100)


def long_queue(port: int) -> None:
    """The queue ``<NAME>-long`` has so many messages waiting; it is filled once."""
    sqs = client("sqs", port)
    url = sqs.create_queue(QueueName=f"{NAME}-long")["QueueUrl"]
    name = "ApproximateNumberOfMessages"
    waiting = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
    for start in range(waiting, WAITING_MESSAGES, 10):
        entries = [{"Id": str(number), "MessageBody": "x" * 100} for number in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def bucket(size: int) -> Callable[[int], None]:
    """A bucket with an object of that many bytes under the key ``<size>``."""

    def prepare(port: int) -> None:
        s3 = client("s3", port)
        s3.create_bucket(Bucket=NAME)
        s3.put_object(Bucket=NAME, Key=str(size), Body=b"x" * size)

    return prepare


def table(port: int) -> None:
    dynamodb = client("dynamodb", port)
    if NAME not in dynamodb.list_tables()["TableNames"]:
        dynamodb.create_table(
            TableName=NAME,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.put_item(TableName=NAME, Item=item())


def item() -> dict[str, Any]:
    return {"id": {"S": "1"}, "name": {"S": "x" * 50}, "count": {"N": "42"}, "tags": {"SS": ["a", "b"]}}


def parameter(port: int) -> None:
    client("ssm", port).put_parameter(Name=NAME, Value="value", Type="String", Overwrite=True)


def topic(port: int) -> None:
    client("sns", port).create_topic(Name=NAME)


def nothing(port: int) -> None: ...


def identity(port: int) -> None:
    """What the first call of all has to import is there."""
    client("sts", port).get_caller_identity()
