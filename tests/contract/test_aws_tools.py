"""``localstack.utils.aws``, ``localstack.testing.aws`` and what reads AWS requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO

import boto3
import pytest
from botocore.exceptions import ClientError
from rolo import Request

from localstack import config, constants
from localstack.aws.api import CommonServiceException, ServiceOperation, ServiceRequest, ServiceResponse
from localstack.aws.api.events import (
    PutEventsRequestEntry,
    PutEventsResponse,
    PutEventsResultEntry,
    PutEventsResultEntryList,
)
from localstack.aws.api.lambda_ import InvocationType
from localstack.aws.api.s3 import PutObjectRequest
from localstack.aws.api.sqs import Message
from localstack.aws.protocol.parser import RequestParser, create_parser
from localstack.aws.spec import load_service
from localstack.testing.aws.util import base_aws_client_factory, base_aws_session, base_testing_aws_client
from localstack.utils.aws import arns, aws_stack
from localstack.utils.aws.aws_responses import requests_response
from localstack.utils.aws.request_context import mock_aws_request_headers
from localstack.utils.aws.resources import create_dynamodb_table
from platforms import Home, Platform, platforms_of

HERE = {"account_id": "000000000000", "region_name": "us-east-1"}
CHINA = {"account_id": "123456789012", "region_name": "cn-north-1"}

EXTENSION = """
from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to
from localstack.extensions.api import Extension
from localstack.utils.aws import arns, aws_stack
from localstack.utils.aws.resources import create_dynamodb_table

def queue_url(request):
    arn = arns.sqs_queue_arn("jobs", "222222222222", "eu-west-1")
    connect_to(aws_access_key_id="222222222222", region_name="eu-west-1").sqs.create_queue(QueueName="jobs")
    try:
        arns.sqs_queue_url_for_arn(arn + "x")
    except ClientError as error:
        missing = error.response["Error"]["Code"]
    return [arns.sqs_queue_url_for_arn(arn), arns.sqs_queue_url_for_arn("http://h/1/q"), missing]

seen = []

def see(chain, context, response):
    if context.operation is not None and context.operation.name == "ListQueues":
        seen.append(dict(context.request.headers))

def over_network(request):
    connect_to().sqs.list_queues()
    aws_stack.create_external_boto_client("sqs", region_name="eu-west-3").list_queues()
    bucket = aws_stack.connect_to_resource("s3").create_bucket(Bucket="of-a-resource")
    bucket.put_object(Key="a", Body=b"1")
    return [[o.key for o in bucket.objects.all()], [aws_stack.is_internal_call_context(headers) for headers in seen]]

def table(request):
    create_dynamodb_table("orders", "id", stream_view_type="KEYS_ONLY", region_name="eu-west-1")
    again = create_dynamodb_table("orders", "id", client=connect_to(region_name="eu-west-1").dynamodb)
    described = again["TableDescription"]
    return [described["KeySchema"], described["TableStatus"], described["StreamSpecification"]["StreamViewType"]]

class TheExtension(Extension):
    name = "tools"

    def update_gateway_routes(self, router):
        for endpoint in (queue_url, over_network, table):
            router.add("/" + endpoint.__name__, endpoint)

    def update_request_handlers(self, handlers):
        handlers.append(see)
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_extension("tools", EXTENSION)
    with platforms_of(home) as start:
        yield start()


@pytest.mark.parametrize(
    ("made", "arn"),
    [
        (arns.s3_bucket_arn("b"), "arn:aws:s3:::b"),
        (arns.s3_bucket_arn("b", region="cn-north-1"), "arn:aws-cn:s3:::b"),
        (arns.s3_bucket_arn("arn:aws:s3:::b"), "arn:aws:s3:::b"),
        (arns.sqs_queue_arn("jobs", **HERE), "arn:aws:sqs:us-east-1:000000000000:jobs"),
        (
            arns.sqs_queue_arn("http://localhost:4566/000000000000/jobs", **CHINA),
            "arn:aws-cn:sqs:cn-north-1:123456789012:jobs",
        ),
        (arns.secretsmanager_secret_arn("s", **HERE), "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"),
        (
            arns.secretsmanager_secret_arn("s", **HERE, random_suffix="a1b2c3"),
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-a1b2c3",
        ),
        (arns.secretsmanager_secret_arn("arn:aws:secretsmanager:::s", **HERE), "arn:aws:secretsmanager:::s"),
        (arns.dynamodb_table_arn("t", **CHINA), "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/t"),
        (arns.lambda_function_arn("f", **HERE), "arn:aws:lambda:us-east-1:000000000000:function:f"),
        (arns.lambda_function_arn("arn:aws:lambda:x:y:function:f", **HERE), "arn:aws:lambda:x:y:function:f"),
        (arns.event_bus_arn("default", **HERE), "arn:aws:events:us-east-1:000000000000:event-bus/default"),
        (arns.apigateway_restapi_arn("a1", **HERE), "arn:aws:apigateway:us-east-1:000000000000:/restapis/a1"),
    ],
)
def test_names_of_resources_are_made_of_their_parts(made: str, arn: str) -> None:
    assert made == arn


def test_a_resource_name_is_taken_apart_and_what_is_none_is_refused() -> None:
    parts: arns.ArnData = arns.parse_arn("arn:aws:lambda:eu-west-1:123456789012:function:f:1")
    assert parts == {
        "partition": "aws",
        "service": "lambda",
        "region": "eu-west-1",
        "account": "123456789012",
        "resource": "function:f:1",
    }
    for text in ("jobs", "arn:aws:sqs", "http://h/a:b:c:d:e:f"):
        with pytest.raises(ValueError, match="is no ARN"):
            arns.parse_arn(text)


def test_the_partition_follows_from_the_region() -> None:
    regions = ("us-east-1", "cn-north-1", "us-gov-west-1", None)
    assert [arns.get_partition(region) for region in regions] == ["aws", "aws-cn", "aws-us-gov", "aws"]


def test_the_regions_are_those_of_aws() -> None:
    regions = aws_stack.get_valid_regions()
    assert {"us-east-1", "eu-central-1"} <= regions
    assert not regions & {"", "localhost", "us-east-9"}


def test_the_url_of_a_queue_is_found_by_its_arn(platform: Platform) -> None:
    url, same, missing = platform.ask("/queue_url")
    assert re.fullmatch(r"http://[^/]+/222222222222/jobs", url)
    assert same == "http://h/1/q"
    assert "NonExistentQueue" in missing


def test_resources_and_external_clients_call_over_the_network(platform: Platform) -> None:
    assert platform.ask("/over_network") == [["a"], [True, False]]
    assert platform.client("s3").list_objects_v2(Bucket="of-a-resource")["KeyCount"] == 1


def test_a_table_is_made_once(platform: Platform) -> None:
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    assert platform.ask("/table") == [key, "ACTIVE", "KEYS_ONLY"]
    assert platform.client("dynamodb", region_name="eu-west-1").list_tables()["TableNames"] == ["orders"]


def test_a_table_can_be_made_with_a_client_of_ones_own(platform: Platform) -> None:
    created = create_dynamodb_table("mine", "pk", client=platform.client("dynamodb"), wait_for_active=False)
    assert created["TableDescription"]["TableArn"] == arns.dynamodb_table_arn("mine", **HERE)


def test_clients_of_a_test_have_its_credentials(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "GATEWAY_LISTEN", [config.HostAndPort("127.0.0.1", platform.port)])
    clients = base_testing_aws_client(base_aws_client_factory(base_aws_session()))
    assert clients.sts.get_caller_identity()["Account"] == "000000000000"
    session = boto3.Session(aws_access_key_id="111111111111", aws_secret_access_key="x", region_name="eu-north-1")
    others = base_testing_aws_client(base_aws_client_factory(session))
    assert others.sts.get_caller_identity()["Account"] == "111111111111"
    url = others.sqs.create_queue(QueueName="northern")["QueueUrl"]
    attributes = others.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert attributes["QueueArn"] == "arn:aws:sqs:eu-north-1:111111111111:northern"
    with pytest.raises(ClientError, match="NonExistentQueue"):
        clients.sqs.get_queue_url(QueueName="northern")


def test_made_up_headers_are_taken_for_those_of_their_sender(platform: Platform) -> None:
    headers = mock_aws_request_headers("sqs", aws_access_key_id="333333333333", region_name="eu-west-2")
    answer = platform.request(
        "POST",
        "/",
        headers=headers | {"X-Amz-Target": "AmazonSQS.CreateQueue"},
        data=json.dumps({"QueueName": "made-up"}),
    )
    assert answer.json()["QueueUrl"].endswith("/333333333333/made-up"), answer.text
    assert answer.headers[constants.HEADER_CONTENT_TYPE] == constants.APPLICATION_AMZ_JSON_1_0
    assert answer.headers[constants.HEADER_LOCALSTACK_IDENTIFIER] == "true"
    sqs = platform.client("sqs", aws_access_key_id="333333333333", region_name="eu-west-2")
    assert sqs.get_queue_url(QueueName="made-up")


def test_an_answer_of_requests_can_be_made_without_a_server() -> None:
    answer = requests_response("grün", status_code=404, headers={"ETag": '"1"'})
    assert (answer.text, answer.content, answer.status_code, answer.ok) == ("grün", "grün".encode(), 404, False)
    assert answer.headers["etag"] == '"1"'
    assert requests_response(b"\xff").content == b"\xff"
    assert requests_response(None).content == b""
    as_json = requests_response({"a": {1}})
    assert (as_json.json(), as_json.headers[constants.HEADER_CONTENT_TYPE]) == ({"a": [1]}, constants.APPLICATION_JSON)


def json_request(target: str, parameters: dict[str, object]) -> Request:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    return Request("POST", "/", headers=headers, body=json.dumps(parameters).encode())


@pytest.mark.parametrize(
    ("service", "request_", "operation", "parameters"),
    [
        ("sqs", json_request("AmazonSQS.CreateQueue", {"QueueName": "q"}), "CreateQueue", {"QueueName": "q"}),
        ("sqs", json_request("AmazonSQS.DeleteQueue", {}), "DeleteQueue", {"QueueUrl": None}),
        (
            "iam",
            Request(
                "POST",
                "/",
                body=b"Action=CreateUser&UserName=u&Tags.member.1.Key=k&Tags.member.1.Value=v",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
            "CreateUser",
            {"UserName": "u", "Tags": [{"Key": "k", "Value": "v"}]},
        ),
        (
            "s3",
            Request("GET", "/k%2F1", headers={"Host": "b.s3.localhost.localstack.cloud:4566"}, raw_path="/k%2F1"),
            "GetObject",
            {"Bucket": "b", "Key": "k/1"},
        ),
        ("lambda", Request("GET", "/2015-03-31/functions/f"), "GetFunction", {"FunctionName": "f"}),
        # signed for another service: what the caller knows counts
        (
            "apigatewayv2",
            Request("GET", "/v2/apis", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request"}),
            "GetApis",
            {},
        ),
    ],
)
def test_a_request_is_read_as_one_for_the_service(
    service: str, request_: Request, operation: str, parameters: dict[str, object]
) -> None:
    assert _read(service, request_) == (operation, parameters)
    assert _read(service, request_) == (operation, parameters), "reading leaves the request readable"


def _read(service: str, request: Request) -> tuple[str, dict[str, object]]:
    parser = create_parser(load_service(service))
    assert isinstance(parser, RequestParser)
    operation, parameters = parser.parse(request)
    return operation.name, parameters


def test_the_body_of_an_object_is_a_stream() -> None:
    _, parameters = _read("s3", Request("PUT", "/b/k", body=b"content"))
    body = parameters["Body"]
    assert isinstance(body, BytesIO)
    assert body.read() == b"content"


def test_a_request_for_no_operation_of_the_service_is_refused() -> None:
    with pytest.raises(CommonServiceException, match="CreateTopic") as raised:
        _read("sqs", json_request("AmazonSNS.CreateTopic", {}))
    assert raised.value.code == "InvalidAction"


def test_models_are_botocores_and_loaded_once() -> None:
    from botocore.exceptions import UnknownServiceError
    from botocore.model import ServiceModel

    model = load_service("sqs")
    assert isinstance(model, ServiceModel)
    assert load_service("sqs") is model
    with pytest.raises(UnknownServiceError, match="sqx"):
        load_service("sqx")


def test_an_operation_is_a_pair_with_names() -> None:
    service, operation = ServiceOperation("sqs", "CreateQueue")
    assert (service, operation) == ("sqs", "CreateQueue") == ServiceOperation(operation=operation, service=service)


def test_types_of_the_api_are_plain_dictionaries_and_text() -> None:
    assert Message(Body="hi") == {"Body": "hi"}
    assert PutEventsRequestEntry(Source="s", Detail="{}") == {"Source": "s", "Detail": "{}"}
    entries: PutEventsResultEntryList = [PutEventsResultEntry(EventId="1"), PutEventsResultEntry(ErrorCode="Oops")]
    assert PutEventsResponse(FailedEntryCount=1, Entries=entries) == {
        "FailedEntryCount": 1,
        "Entries": [{"EventId": "1"}, {"ErrorCode": "Oops"}],
    }
    sent: ServiceRequest = PutObjectRequest(Bucket="b", Key="k")
    received: ServiceResponse = dict(sent)
    assert received == {"Bucket": "b", "Key": "k"}
    assert json.dumps(InvocationType.DryRun) == '"DryRun"'
    assert InvocationType("Event") is InvocationType.Event
