"""Errors look as the service's own clients expect them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from aws_server import AwsServer
from localstack.aws.api import CommonServiceException, ServiceException

LACKING: list[tuple[str, str, dict[str, Any]]] = [
    ("sqs", "cancel_message_move_task", {"TaskHandle": "x"}),  # json
    ("sns", "get_data_protection_policy", {"ResourceArn": "arn"}),  # query
    ("lambda", "list_code_signing_configs", {}),  # rest-json
    ("route53", "list_cidr_collections", {}),  # rest-xml
    ("s3", "get_bucket_request_payment", {"Bucket": "bkt"}),  # S3's own rest-xml
    ("ec2", "describe_fast_launch_images", {}),  # ec2
]


@pytest.mark.parametrize(("service", "operation", "parameters"), LACKING)
def test_an_operation_that_moto_lacks_answers_501(
    aws: AwsServer, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    error = _error(lambda: getattr(aws.client(service), operation)(**parameters))
    assert error["Error"]["Code"] == ("NotImplemented" if service == "s3" else "InternalFailure")
    assert error["Error"]["Message"] == f"The {operation} action has not been implemented"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(("service", "operation"), [("wellarchitected", "list_workloads"), ("fms", "list_policies")])
def test_a_service_that_moto_lacks_answers_501(aws: AwsServer, service: str, operation: str) -> None:
    error = _error(getattr(aws.client(service), operation))
    assert error["Error"]["Message"] == f"The service {service} is not included in this emulation"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2012-11-05", "<ErrorResponse"), ("2016-11-15", "<Response><Errors>"), ("1999-01-01", "<ErrorResponse")],
)
def test_an_unknown_action_answers_400(aws: AwsServer, version: str, expected: str) -> None:
    answer = requests.post(aws.url, data={"Action": "Dance", "Version": version}, timeout=10)
    assert answer.status_code == 400
    assert answer.text.startswith(expected)
    assert "<Code>InvalidAction</Code>" in answer.text
    assert "Dance" in answer.text


def test_an_unknown_operation_of_a_json_service_answers_400(aws: AwsServer) -> None:
    answer = requests.post(aws.url, headers={"X-Amz-Target": "AmazonSQS.Dance"}, data=b"{}", timeout=10)
    assert (answer.status_code, answer.json()["__type"]) == (400, "InvalidAction")
    assert answer.headers["x-amzn-query-error"] == "InvalidAction;Sender"


def test_an_unknown_service_answers_400(aws: AwsServer) -> None:
    scope = "Credential=test/20260101/us-east-1/dancing/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    answer = requests.get(aws.url, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["__type"]) == (400, "UnknownService")
    assert "'dancing'" in answer.json()["message"]


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("AmazonSQS.CreateQueue", b"{"),
        ("AmazonSQS.CreateQueue", b"[]"),
        ("AmazonSQS.CreateQueue", b"\xff"),
        ("AmazonSQS.SendMessage", b'{"DelaySeconds": "soon"}'),
        ("DynamoDB_20120810.PutItem", b'{"Item": {"a": {"B": "n@ base 64"}}}'),
        ("DynamoDB_20120810.PutItem", b'{"Item": "text"}'),
    ],
)
def test_what_can_not_be_read_answers_400(aws: AwsServer, target: str, body: bytes) -> None:
    answer = requests.post(aws.url, headers={"X-Amz-Target": target}, data=body, timeout=10)
    assert (answer.status_code, answer.json()["__type"]) == (400, "SerializationException"), answer.text


def test_xml_that_can_not_be_read_answers_400(aws: AwsServer) -> None:
    aws.client("s3").create_bucket(Bucket="bkt")
    answer = requests.put(f"{aws.url}/bkt?tagging", data=b"<Tagging>", timeout=10)
    assert (answer.status_code, "<Code>MalformedXML</Code>" in answer.text) == (400, True)


def test_errors_of_the_service_come_through(aws: AwsServer) -> None:
    assert (
        _error(lambda: aws.client("dynamodb").describe_table(TableName="t"))["Error"]["Code"]
        == "ResourceNotFoundException"
    )
    error = _error(lambda: aws.client("sqs").get_queue_url(QueueName="q"))["Error"]
    assert (error["Code"], error["QueryErrorCode"]) == ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    assert _error(lambda: aws.client("iam").get_user(UserName="u"))["Error"]["Code"] == "NoSuchEntity"
    assert (
        _error(lambda: aws.client("lambda").get_function(FunctionName="f"))["Error"]["Code"]
        == "ResourceNotFoundException"
    )


@pytest.mark.parametrize("service", ["sqs", "sns", "lambda", "route53", "s3", "ec2"])
def test_exceptions_of_a_handler_become_errors_of_the_service(aws: AwsServer, service: str) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "sqs": aws.client("sqs").list_queues,
        "sns": aws.client("sns").list_topics,
        "lambda": aws.client("lambda").list_functions,
        "route53": aws.client("route53").list_hosted_zones,
        "s3": aws.client("s3").list_buckets,
        "ec2": aws.client("ec2").describe_vpcs,
    }
    raised: list[Exception] = [
        CommonServiceException("AccessDenied", "not <you> & not now", 403, sender_fault=True),
        RuntimeError("boom"),
        NotImplementedError("not today"),
    ]
    ids: list[str] = []

    def handler(chain: Any, context: Any, response: Any) -> None:
        ids.append(context.request_id)
        raise raised[len(ids) - 1]

    aws.request_handlers.append(handler)
    errors = [_error(calls[service]) for _ in raised]
    found = [(e["Error"]["Code"], e["ResponseMetadata"]["HTTPStatusCode"]) for e in errors]
    assert found == [("AccessDenied", 403), ("InternalError", 500), ("InternalFailure", 501)]
    assert errors[0]["Error"]["Message"] == "not <you> & not now"
    assert errors[1]["Error"]["Message"].startswith(f"exception while calling {service}.")
    assert errors[1]["Error"]["Message"].endswith(": boom")
    assert errors[2]["Error"]["Message"] == "not today"
    assert [e["ResponseMetadata"]["RequestId"] for e in errors] == ids


@pytest.mark.parametrize(
    ("service", "operation"),
    [("sqs", "list_queues"), ("sns", "list_topics"), ("lambda", "list_functions"), ("s3", "list_buckets")],
)
def test_an_error_that_a_handler_answers_without_a_body_gets_one_of_the_service(
    aws: AwsServer, service: str, operation: str
) -> None:
    aws.request_handlers.append(lambda chain, context, response: chain.respond(403, headers={"X-Own": "kept"}))
    error = _error(getattr(aws.client(service), operation))
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("Forbidden", 403)
    assert error["ResponseMetadata"]["HTTPHeaders"]["x-own"] == "kept"


@pytest.mark.parametrize(("service", "header"), [("sns", "x-amzn-requestid"), ("s3", "x-amz-request-id")])
def test_what_a_handler_answers_has_the_id_of_the_request(aws: AwsServer, service: str, header: str) -> None:
    ids = []

    def handler(chain: Any, context: Any, response: Any) -> None:
        ids.append(context.request_id)
        chain.respond(200, "text of my own")

    aws.request_handlers.append(handler)
    scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    answer = requests.get(f"{aws.url}/?Action=ListTopics&Version=2010-03-31", headers=headers, timeout=10)
    assert (answer.text, answer.headers[header]) == ("text of my own", ids[0])


def test_details_of_a_modelled_error_are_told(aws: AwsServer) -> None:
    class TooMany(ServiceException):
        code = "TooManyRequestsException"
        status_code = 429
        sender_fault = True
        Reason = "ConcurrentInvocationLimitExceeded"

    def handler(chain: Any, context: Any, response: Any) -> None:
        raise TooMany("slow down")

    aws.request_handlers.append(handler)
    error = _error(lambda: aws.client("lambda").invoke(FunctionName="f"))
    assert (error["Reason"], error["Error"]["Message"]) == ("ConcurrentInvocationLimitExceeded", "slow down")


def test_services_that_are_not_enabled_answer_501(start_aws: Callable[..., AwsServer]) -> None:
    aws = start_aws(SERVICES="s3,sqs:4576")
    assert aws.client("sqs").list_queues()
    error = _error(aws.client("sns").list_topics)
    assert (
        error["Error"]["Message"]
        == "Service 'sns' is not enabled. Please check your 'SERVICES' configuration variable."
    )
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    states = aws.emulation.service_states()
    assert (states["sns"], states["sqs"], states["s3"]) == ("disabled", "running", "available")


def test_services_are_only_a_hint_without_strict_loading(start_aws: Callable[..., AwsServer]) -> None:
    aws = start_aws(SERVICES="s3", STRICT_SERVICE_LOADING="0")
    assert aws.client("sns").list_topics()["Topics"] == []
    assert aws.emulation.service_states()["sqs"] == "available"


@pytest.mark.parametrize("endpoint", ["abc.execute-api", "abc.lambda-url"])
def test_hosts_that_are_not_emulated_say_so(aws: AwsServer, endpoint: str) -> None:
    headers = {"Host": f"{endpoint}.us-east-1.localhost.localstack.cloud:{aws.port}"}
    answer = requests.get(f"{aws.url}/stage", headers=headers, timeout=10)
    assert answer.status_code == 501
    assert "not emulated" in answer.json()["message"]


def _error(call: Callable[[], Any]) -> Any:
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response
