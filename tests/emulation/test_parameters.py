"""Whatever parameters boto3 sends, a handler of an extension sees those.

Each operation is sent a few times with parameters generated from botocore's models; ``LEANTO_EXAMPLES=200`` sends each
more often, with others at each run. Nothing of moto has a part in this: the probe answers with an error of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import OperationModel
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aws_probe import ACCOUNT, REGION, Call, Caller, probed_platform
from platforms import Platform
from shapes import structures

EXAMPLES = int(os.environ.get("LEANTO_EXAMPLES", "0"))
SERVICES = ("sqs", "dynamodb", "sns", "lambda", "cloudwatch", "route53", "s3", "ec2")
IN_CBOR = ("cloudwatch", "smithy-rpc-v2-cbor")
"""boto3 prefers another protocol, newer SDKs for other languages this one."""
MADE_BY_BOTOCORE = {"ContentMD5", "ContentLength", "PresignedUrl", "DestinationRegion"}
"""What botocore sets when it has already written the parameters; and checksums."""
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
"""A time with a part of a second, which JSON and headers do not carry when boto3 writes them."""
SENDABLE_TO_S3 = {"Bucket": "bucket", "RequestRoute": "route", "ChecksumAlgorithm": "SHA256"}
"""In place of what botocore refuses: names that are none, checksums that need another package."""


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with probed_platform(tmp_path_factory.mktemp("probed")) as platform:
        yield platform


@pytest.mark.parametrize(("service", "protocol"), [*((service, None) for service in SERVICES), IN_CBOR])
def test_parameters_arrive_as_they_were_sent(probed: Platform, service: str, protocol: str | None) -> None:
    caller = Caller(probed, service, protocol=protocol, is_refused=True)
    operations = list(_operations(caller.client.meta.service_model))
    assert operations
    failures = {}
    for operation in operations:
        try:
            _send_often(caller, service, operation)
        except AssertionError as error:
            failures[operation.name] = str(error)
    assert not failures


@pytest.mark.parametrize(
    ("service", "protocol", "operation", "parameters"),
    [
        ("autoscaling", None, "DescribeScheduledActions", {"StartTime": WHEN}),
        ("ec2", None, "DescribeSpotPriceHistory", {"StartTime": WHEN}),
        ("s3", None, "PutObjectRetention", {"Bucket": "b", "Key": "k", "Retention": {"RetainUntilDate": WHEN}}),
        (*IN_CBOR, "PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Timestamp": WHEN}]}),
    ],
)
def test_parts_of_a_second_arrive(
    probed: Platform, service: str, protocol: str | None, operation: str, parameters: dict[str, Any]
) -> None:
    seen = Caller(probed, service, protocol=protocol, is_refused=True).call(operation, parameters).seen
    assert {name: seen["parameters"][name] for name in parameters} == parameters


def _operations(model: Any) -> Iterator[OperationModel]:
    """Without deprecated operations, which have a namesake that looks the same on the wire."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        if not operation.deprecated:
            yield operation


def _send_often(caller: Caller, service: str, operation: OperationModel) -> None:
    shape = operation.input_shape
    usual = 1 if service == "ec2" else 3  # EC2 has 800 operations

    @settings(
        max_examples=EXAMPLES or usual,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(structures(shape) if shape is not None else st.just({}))
    def arrives(parameters: dict[str, Any]) -> None:
        if service == "s3":  # botocore sets the length itself
            parameters = {name: SENDABLE_TO_S3.get(name, value) for name, value in parameters.items()}
            parameters.pop("ContentLength", None)
        if service == "route53":  # botocore takes what follows the last slash for the id
            assume(not any(str(value).endswith("/") for value in parameters.values()))
        call = caller.call(operation.name, parameters)
        seen = tuple(call.seen[name] for name in ("service", "operation", "region", "account"))
        assert seen == (service, operation.name, REGION, ACCOUNT)
        _compare(call, shape.serialization.get("payload") if shape is not None else None)

    arrives()


def _compare(call: Call, payload: str | None) -> None:
    seen = call.seen["parameters"]
    sent = {name: value for name, value in call.parameters.items() if name not in MADE_BY_BOTOCORE}
    added = {name: value for name, value in seen.items() if name not in sent}
    unexpected = {
        name: value
        for name, value in added.items()
        # an empty body looks like none
        if name not in MADE_BY_BOTOCORE and not name.startswith("Checksum") and (name != payload or value)
    }
    assert ({name: seen.get(name) for name in sent}, unexpected) == (sent, {})
