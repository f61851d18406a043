"""What handlers make of an answer is what the client gets, in the protocol of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws_server import AwsServer
from localstack.aws.api import CommonServiceException, RequestContext
from shapes import structures

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def assign(aws: AwsServer, answer: dict[str, Any]) -> None:
    """A response handler that replaces every answer."""

    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_response = answer

    aws.response_handlers.append(handler)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "answer"),
    [
        ("sqs", "list_queues", {}, {"QueueUrls": ["http://a/<&>", "ü"], "NextToken": "t"}),
        ("sts", "get_caller_identity", {}, {"UserId": "u", "Account": "1", "Arn": "a & b\r\n"}),
        ("ec2", "describe_regions", {}, {"Regions": [{"RegionName": "r", "Endpoint": "e"}]}),
        ("lambda", "list_functions", {}, {"Functions": [{"FunctionName": "f", "CodeSize": 3}], "NextMarker": "m"}),
        ("route53", "list_hosted_zones", {}, {"HostedZones": [], "Marker": "m", "IsTruncated": True, "MaxItems": "1"}),
        ("dynamodb", "list_tables", {}, {"TableNames": ["t"]}),
        ("dynamodb", "describe_limits", {}, {"AccountMaxReadCapacityUnits": 5}),
        ("cloudwatch", "list_metrics", {}, {"Metrics": [{"MetricName": "m", "Namespace": "n"}]}),
        ("s3", "list_buckets", {}, {"Buckets": [{"Name": "b", "CreationDate": WHEN}], "Owner": {"ID": "o"}}),
        ("s3", "put_object", {"Bucket": "bkt", "Key": "k"}, {"ETag": '"e"', "VersionId": "v"}),
        ("s3", "get_bucket_location", {"Bucket": "bkt"}, {"LocationConstraint": "eu-central-1"}),
    ],
)
def test_a_handler_replaces_an_answer(
    aws: AwsServer, service: str, operation: str, parameters: dict[str, Any], answer: dict[str, Any]
) -> None:
    aws.client("s3").create_bucket(Bucket="bkt")
    assign(aws, answer)
    received = getattr(aws.client(service), operation)(**parameters)
    assert received.pop("ResponseMetadata")["RequestId"]
    assert received == answer


def test_a_handler_changes_an_answer_in_place(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.service_response and "Messages" in context.service_response:
            context.service_response["Messages"][0]["Body"] = "changed"
            response.headers["X-Own"] = "kept"

    aws.response_handlers.append(handler)
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody="original")
    received = sqs.receive_message(QueueUrl=url)
    assert [(m["Body"], m["MessageId"]) for m in received["Messages"]] == [("changed", sent["MessageId"])]
    assert received["ResponseMetadata"]["HTTPHeaders"]["x-own"] == "kept"


def test_an_answer_that_was_only_read_goes_out_as_it_was(aws: AwsServer) -> None:
    read: list[Any] = []
    before = requests.post(aws.url, data={"Action": "ListTopics", "Version": "2010-03-31"}, timeout=10)
    aws.response_handlers.append(lambda chain, context, response: read.append(context.service_response))
    after = requests.post(aws.url, data={"Action": "ListTopics", "Version": "2010-03-31"}, timeout=10)
    assert read == [{"Topics": []}]
    ids = [answer.headers["x-amzn-requestid"] for answer in (before, after)]
    assert before.text.replace(ids[0], "") == after.text.replace(ids[1], "")


def test_an_error_may_become_an_answer(aws: AwsServer) -> None:
    assign(aws, {"User": {"UserName": "made up", "Path": "/", "UserId": "u", "Arn": "a", "CreateDate": WHEN}})
    answer = aws.client("iam").get_user(UserName="nobody")
    assert (answer["User"]["UserName"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("made up", 200)


@pytest.mark.parametrize(("service", "operation"), [("sqs", "list_queues"), ("s3", "list_buckets")])
def test_an_answer_may_become_an_error(aws: AwsServer, service: str, operation: str) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_exception = CommonServiceException("Denied", "no", 403, sender_fault=True)

    aws.response_handlers.append(handler)
    with pytest.raises(ClientError) as refused:
        getattr(aws.client(service), operation)()
    assert refused.value.response["Error"]["Code"] == "Denied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_request_handler_answers_in_place_of_the_service(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_response = {"MessageId": "made-up", "MD5OfMessageBody": "d41d8cd98f00b204e9800998ecf8427e"}
        chain.stop()

    aws.request_handlers.append(handler)
    sent = aws.client("sqs").send_message(QueueUrl=f"{aws.url}/000000000000/none", MessageBody="")
    assert sent["MessageId"] == "made-up"


def test_changes_count_in_the_old_protocol_of_sqs(aws: AwsServer) -> None:
    assign(aws, {"QueueUrls": ["http://a/b"]})
    answer = requests.post(aws.url, data={"Action": "ListQueues", "Version": "2012-11-05"}, timeout=10)
    assert "<ListQueuesResult><QueueUrl>http://a/b</QueueUrl></ListQueuesResult>" in answer.text


def test_the_body_of_an_object_is_replaced_and_the_rest_stays(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.operation.name == "GetObject":  # type: ignore[union-attr]
            context.service_response = {"Body": b"other", "ContentType": "text/other"}

    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    s3.put_object(Bucket="bkt", Key="k", Body=b"original", Metadata={"a": "b"}, ChecksumAlgorithm="SHA256")
    aws.response_handlers.append(handler)
    answer = s3.get_object(Bucket="bkt", Key="k")
    assert (answer["Body"].read(), answer["ContentType"], answer["Metadata"]) == (b"other", "text/other", {"a": "b"})


def test_the_headers_of_an_object_are_replaced(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.operation.name == "HeadObject":  # type: ignore[union-attr]
            assert context.service_response is not None
            assert context.service_response["Expires"] == WHEN
            context.service_response.update(ContentType="text/other", Metadata={"c": "d"})

    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    s3.put_object(Bucket="bkt", Key="k", Body=b"original", Metadata={"a": "b"}, Expires=WHEN)
    aws.response_handlers.append(handler)
    answer = s3.head_object(Bucket="bkt", Key="k")
    assert (answer["ContentType"], answer["Metadata"], answer["ContentLength"]) == ("text/other", {"c": "d"}, 8)
    assert answer["Expires"] == WHEN


def test_what_does_not_fit_the_operation_is_an_internal_error(aws: AwsServer, caplog: pytest.LogCaptureFixture) -> None:
    assign(aws, {"QueueUrls": 5})
    with pytest.raises(
        ClientError, match=r"service_response that a handler made for ListQueues does not fit"
    ) as failed:
        aws.client("sqs").list_queues()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "ListQueues" in caplog.text


def test_assigning_keeps_what_is_read_later_apart(aws: AwsServer) -> None:
    seen = []

    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_response = {"QueueUrls": ["assigned"]}
        seen.append((context.service_exception, context.service_response))

    aws.response_handlers.append(handler)
    assert aws.client("sqs").list_queues()["QueueUrls"] == ["assigned"]
    assert seen == [(None, {"QueueUrls": ["assigned"]})]


@pytest.mark.parametrize("service", ["sqs", "dynamodb", "sns", "lambda", "cloudwatch", "route53", "s3"])
def test_any_answer_that_fits_its_model_reaches_boto3(aws: AwsServer, service: str) -> None:
    made: list[dict[str, Any]] = []

    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_response = made[-1]
        chain.stop()

    aws.request_handlers.append(handler)
    client = aws.client(service, config=Config(inject_host_prefix=False, parameter_validation=False))
    failures = {}
    for operation in _operations(client.meta.service_model):
        try:
            _check(getattr(client, xform_name(operation.name)), operation, made)
        except AssertionError as error:
            failures[operation.name] = str(error)
    assert made
    assert not failures


def _operations(model: Any) -> Iterator[OperationModel]:
    """Without streams, whose answers are not read, and what the client itself makes of some answers of S3."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        is_stream = operation.has_streaming_output or operation.has_event_stream_output
        if operation.output_shape is not None and not is_stream and not operation.deprecated:
            yield operation


def _check(call: Callable[..., Any], operation: OperationModel, made: list[dict[str, Any]]) -> None:
    strategy = st.tuples(_inputs(operation), structures(operation.output_shape))

    @settings(max_examples=1, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def arrives(drawn: tuple[dict[str, Any], dict[str, Any]]) -> None:
        parameters, answer = drawn
        made.append(_sendable(operation, answer))
        received = call(**parameters)
        del received["ResponseMetadata"]
        assert {name: received.get(name) for name in made[-1]} == made[-1]

    arrives()


def _inputs(operation: OperationModel) -> st.SearchStrategy[dict[str, Any]]:
    if operation.input_shape is None:
        return st.just({})
    fixed = {"Bucket": "bucket", "RequestRoute": "route", "ChecksumAlgorithm": "SHA256"}
    return structures(operation.input_shape).map(
        lambda drawn: {name: fixed.get(name, value) for name, value in drawn.items() if name != "ContentLength"}
    )


def _sendable(operation: OperationModel, answer: dict[str, Any]) -> dict[str, Any]:
    """With a status that HTTP has, and without checksums, which boto3 would compare."""
    members = operation.output_shape.members
    statuses = {name: 202 for name in answer if members[name].serialization.get("location") == "statusCode"}
    return {name: value for name, value in (answer | statuses).items() if not name.startswith(("Checksum", "MD5"))}
