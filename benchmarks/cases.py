"""What is measured on which servers, and what has to come out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import aws
from benchmarks.load import Load, RecordedRequest
from benchmarks.peers import Kind, Setup

MIB = 1024 * 1024
FULL = Setup(other_routes=50, handlers=10)

ITEM = "/bench/items/1"
ITEMS = "/bench/items"
UPLOAD = "/bench/upload"

BOTH = (Kind.LEANTO, Kind.ROLO)
WITH_LIMIT = (*BOTH, Kind.LOCALSTACK, Kind.CONSTANT)


@dataclass(frozen=True)
class Case:
    """One load on some servers.

    :ivar name: what ``--cases`` selects it by
    :ivar least_seconds: how long a run takes at least, where a second would see too few answers
    :ivar prepare: called with the server's port before every run
    """

    name: str
    title: str
    load: Load
    kinds: tuple[Kind, ...] = BOTH
    setup: Setup = FULL
    least_seconds: int = 1
    prepare: Callable[[int], None] = aws.nothing


CASES = (
    Case("route-32", "route, 32 connections", Load(ITEM), (*WITH_LIMIT, Kind.LEANTO_QUIET, Kind.LEANTO_TWISTED)),
    Case("route-8", "route, 8 connections", Load(ITEM, connections=8)),
    Case("route-1", "route, 1 connection", Load(ITEM, connections=1), WITH_LIMIT),
    Case("routes-0", "route, 0 others, 1 handler", Load(ITEM), setup=Setup(0, 1)),
    Case("routes-10", "route, 10 others, 1 handler", Load(ITEM), setup=Setup(10, 1)),
    Case("routes-50", "route, 50 others, 1 handler", Load(ITEM), setup=Setup(50, 1)),
    Case("urls-32", "new URLs, 32 connections", Load(ITEMS, new_urls=True)),
    Case("urls-1", "new URLs, 1 connection", Load(ITEMS, new_urls=True, connections=1)),
    Case("connections", "new connections, 32 at a time", Load(ITEM, new_connections=True)),
    Case("slow", "route, beside 20 slow ones", Load(ITEM, slow_connections=20)),
    Case("up-1k", "1 KiB up", Load(UPLOAD, method="POST", body_bytes=1024)),
    Case("down-1k", "1 KiB down", Load("/bench/bytes/1024")),
    Case(
        "up-10m",
        "10 MiB up, 2 connections",
        Load(UPLOAD, connections=2, method="POST", body_bytes=10 * MIB),
        least_seconds=2,
    ),
    Case("down-10m", "10 MiB down, 2 connections", Load(f"/bench/bytes/{10 * MIB}", connections=2), least_seconds=2),
    Case("health", "health, 32 connections", Load(None), (*BOTH, Kind.LOCALSTACK, Kind.MOTO, Kind.MINISTACK)),
)


AWS = "aws-"
EMULATIONS = (Kind.LEANTO, Kind.LOCALSTACK, Kind.MOTO, Kind.MINISTACK)
"""The servers that answer AWS calls."""


def _aws_cases() -> Iterator[Case]:
    """Every call at one connection and at 32."""
    small = b"x" * 1024
    queue, long_queue = aws.queue_url(aws.NAME), aws.queue_url(f"{aws.NAME}-long")
    topic = f"arn:aws:sns:us-east-1:000000000000:{aws.NAME}"
    message = {"MessageBody": "x" * 100}
    at_once = {"VisibilityTimeout": 0}
    without_dynamodb = (Kind.LEANTO, Kind.MOTO, Kind.MINISTACK)  # localstack-core downloads a Java program for it
    without_moto = (Kind.LEANTO, Kind.LOCALSTACK, Kind.MINISTACK)  # filling its queue takes minutes
    calls: tuple[tuple[str, RecordedRequest, Callable[[int], None], tuple[Kind, ...]], ...] = (
        ("sts-identity", aws.record("sts", "get_caller_identity"), aws.identity, EMULATIONS),
        ("sqs-send", aws.record("sqs", "send_message", QueueUrl=queue, **message), aws.empty_queue, EMULATIONS),
        ("sqs-receive", aws.record("sqs", "receive_message", QueueUrl=queue, **at_once), aws.short_queue, EMULATIONS),
        (
            "sqs-send-5k",
            aws.record("sqs", "send_message", QueueUrl=long_queue, **message),
            aws.long_queue,
            without_moto,
        ),
        (
            "sqs-receive-5k",
            aws.record("sqs", "receive_message", QueueUrl=long_queue, **at_once),
            aws.long_queue,
            without_moto,
        ),
        (
            "s3-put-1k",
            aws.record("s3", "put_object", Bucket=aws.NAME, Key="1024", Body=small),
            aws.bucket(1024),
            EMULATIONS,
        ),
        ("s3-get-1k", aws.record("s3", "get_object", Bucket=aws.NAME, Key="1024"), aws.bucket(1024), EMULATIONS),
        (
            "dynamodb-put",
            aws.record("dynamodb", "put_item", TableName=aws.NAME, Item=aws.item()),
            aws.table,
            without_dynamodb,
        ),
        (
            "dynamodb-get",
            aws.record("dynamodb", "get_item", TableName=aws.NAME, Key={"id": {"S": "1"}}),
            aws.table,
            without_dynamodb,
        ),
        ("ssm-get", aws.record("ssm", "get_parameter", Name=aws.NAME), aws.parameter, EMULATIONS),
        ("sns-publish", aws.record("sns", "publish", TopicArn=topic, Message="x" * 100), aws.topic, EMULATIONS),
    )
    for name, request, prepare, kinds in calls:
        for connections in (1, 32):
            load = Load("/", connections=connections, request=request)
            yield Case(f"{AWS}{name}-{connections}", f"{name}, {connections}", load, kinds, prepare=prepare)
    large = aws.bucket(10 * MIB)
    for name, request in (
        ("s3-put-10m", aws.record("s3", "put_object", Bucket=aws.NAME, Key=str(10 * MIB), Body=b"x" * 10 * MIB)),
        ("s3-get-10m", aws.record("s3", "get_object", Bucket=aws.NAME, Key=str(10 * MIB))),
    ):
        load = Load("/", connections=2, request=request)
        yield Case(f"{AWS}{name}-2", f"{name}, 2", load, EMULATIONS, least_seconds=2, prepare=large)


AWS_CASES = tuple(_aws_cases())


@dataclass(frozen=True)
class Measure:
    """One run of a case on one server; ``cpu_us`` is the server's processor time for one request."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failures: int

    @classmethod
    def failed(cls, reason: str) -> Measure:
        """A run without an answer: all is 0. The reason goes to stderr."""
        sys.stderr.write(f"{reason}\n")
        return cls(0.0, 0.0, 0.0, 0.0, 1)


@dataclass(frozen=True)
class Side:
    """A server in a case."""

    case: str
    kind: Kind


@dataclass(frozen=True)
class Goal:
    """A ratio of two sides of the same round, and the bound that it should keep."""

    title: str
    ours: Side
    theirs: Side
    bound: float
    is_lower_bound: bool = True
    figure: Callable[[Measure], float] = lambda measure: measure.rate


def _over_rolo(title: str, case: str, bound: float) -> Goal:
    return Goal(title, Side(case, Kind.LEANTO), Side(case, Kind.ROLO), bound)


GOALS = (
    _over_rolo("route, 32 connections: rate ÷ rolo/Twisted", "route-32", 7),
    Goal(
        "route, 32 connections: rate ÷ localstack-core",
        Side("route-32", Kind.LEANTO),
        Side("route-32", Kind.LOCALSTACK),
        10,
    ),
    Goal(
        "route, 32 connections: rate ÷ ministack's health",
        Side("route-32", Kind.LEANTO),
        Side("health", Kind.MINISTACK),
        5,
    ),
    _over_rolo("new URLs, 32 connections: rate ÷ rolo/Twisted", "urls-32", 4),
    _over_rolo("route, 1 connection: rate ÷ rolo/Twisted", "route-1", 4),
    Goal(
        "route, 32 connections: p99 ÷ rolo/Twisted",
        Side("route-32", Kind.LEANTO),
        Side("route-32", Kind.ROLO),
        0.1,
        is_lower_bound=False,
        figure=lambda measure: measure.p99_ms,
    ),
    Goal("beside 20 slow ones: rate ÷ without them", Side("slow", Kind.LEANTO), Side("route-32", Kind.LEANTO), 0.9),
)
