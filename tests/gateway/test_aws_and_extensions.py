"""Extensions that watch and change AWS calls, seen by boto3 and the AWS CLI."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from platforms import Home, Platform

CHANGER = """
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.extensions.api import Extension, aws

seen = []

class Changer(aws.RequestHandler):
    def __call__(self, chain: aws.HandlerChain, context: RequestContext, response):
        if context.service is None:
            return
        service, operation = context.service_operation
        response.headers.update({"X-Before": "changer", "x-amzn-requestid": "another"})
        seen.append([service, operation, context.region, context.account_id, context.protocol])
        if (service, operation) == ("sqs", "SendMessage"):
            context.service_request["MessageBody"] += " (changed on the way)"
        if (service, operation) == ("sqs", "DeleteQueue"):
            raise CommonServiceException("QueueIsProtected", "this queue stays", 403)
        if (service, operation) == ("sts", "GetSessionToken"):
            raise RuntimeError("a bug in a handler")

def add_header(chain, context, response):
    response.headers["X-Seen-By"] = "changer"
    response.headers["X-Kept"] = response.headers.get("X-Before", "gone")
    if context.service_response is not None and "QueueUrl" in context.service_response:
        response.headers["X-Queue"] = context.service_response["QueueUrl"].rpartition("/")[2]

class TheExtension(Extension):
    name = "changer"
    def update_gateway_routes(self, router):
        router.add("/seen", lambda request: seen)
    def update_request_handlers(self, handlers):
        handlers.append(Changer())
    def update_response_handlers(self, handlers):
        handlers.append(add_header)
"""


@pytest.fixture
def platform(home: Home, start: Callable[..., Platform]) -> Platform:
    home.write_extension("changer", CHANGER)
    return start()


def test_a_request_handler_changes_what_sqs_receives_and_a_response_handler_adds_a_header(platform: Platform) -> None:
    sqs = platform.client("sqs", region_name="eu-central-1", aws_access_key_id="123456789012")
    created = sqs.create_queue(QueueName="jobs")
    assert created["ResponseMetadata"]["HTTPHeaders"]["x-seen-by"] == "changer"
    assert created["ResponseMetadata"]["HTTPHeaders"]["x-queue"] == "jobs"
    assert created["ResponseMetadata"]["HTTPHeaders"]["x-before"] == "changer"
    assert created["ResponseMetadata"]["HTTPHeaders"]["x-kept"] == "changer"
    assert created["ResponseMetadata"]["RequestId"] != "another"
    sent = sqs.send_message(QueueUrl=created["QueueUrl"], MessageBody="hello")
    assert sent["MessageId"]
    received = sqs.receive_message(QueueUrl=created["QueueUrl"])["Messages"]
    assert [message["Body"] for message in received] == ["hello (changed on the way)"]
    assert platform.get("/seen").json() == [
        ["sqs", operation, "eu-central-1", "123456789012", "json"]
        for operation in ("CreateQueue", "SendMessage", "ReceiveMessage")
    ]


def test_an_exception_of_a_handler_becomes_an_error_of_the_service(platform: Platform) -> None:
    sqs = platform.client("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    with pytest.raises(ClientError) as refused:
        sqs.delete_queue(QueueUrl=url)
    assert refused.value.response["Error"]["Code"] == "QueueIsProtected"
    assert refused.value.response["Error"]["Message"] == "this queue stays"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert sqs.get_queue_url(QueueName="kept")["QueueUrl"] == url


def test_a_bug_in_a_handler_does_not_hinder_the_aws_call(platform: Platform) -> None:
    assert platform.client("sts").get_session_token()["Credentials"]["AccessKeyId"]
    platform.wait_for("extension changer failed in request handler: RuntimeError: a bug in a handler", platform.stderr)


def test_each_aws_call_is_one_log_line(platform: Platform) -> None:
    platform.client("sts").get_caller_identity()
    platform.wait_for(r"localstack\.request\.aws +: AWS sts\.GetCallerIdentity => 200", platform.stderr)
    with pytest.raises(ClientError):
        platform.client("sqs").get_queue_url(QueueName="none")
    platform.wait_for(r"AWS sqs\.GetQueueUrl => 400 \(.*NonExistentQueue\)", platform.stderr)


def test_an_unsigned_request_goes_to_s3_only_for_a_bucket_that_exists(platform: Platform) -> None:
    assert platform.get("/public-bucket/key").status_code == 404
    assert platform.get("/public-bucket/key").json()["error"] == "Not Found"
    s3 = platform.client("s3")
    s3.create_bucket(Bucket="public-bucket")
    s3.put_object(Bucket="public-bucket", Key="key", Body=b"content", ACL="public-read")
    assert platform.get("/public-bucket/key").content == b"content"
    assert b"<Code>NoSuchKey</Code>" in platform.get("/public-bucket/none").content
    assert platform.get("/other/key").json()["error"] == "Not Found"


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sts", "get_delegated_access_token", {"TradeInToken": "x"}),  # query
        ("sqs", "list_message_move_tasks", {"SourceArn": "x"}),  # json
        ("lambda", "list_provisioned_concurrency_configs", {"FunctionName": "x"}),  # rest-json
        ("s3", "get_bucket_metadata_table_configuration", {"Bucket": "x"}),  # rest-xml
        ("ec2", "describe_aggregate_id_format", {}),
    ],
)
def test_an_operation_that_moto_lacks_is_501_in_the_services_own_format(
    service: str, operation: str, arguments: dict[str, str], start: Callable[..., Platform]
) -> None:
    client = start().client(service, config=Config(retries={"max_attempts": 0}))
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    code = "NotImplemented" if service == "s3" else "InternalFailure"
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["Error"]["Message"] == f"The {operation} action has not been implemented"


def test_the_aws_command_line_works(home: Home, platform: Platform) -> None:
    def aws(*arguments: str) -> str:
        environ = home.environ(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
        command = [sys.executable, "-m", "awscli", "--endpoint-url", platform.url, "--output", "json", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=120).stdout

    (home.path / "file.txt").write_text("hello\n" * 1000)
    aws("s3", "mb", "s3://a-bucket")
    aws("s3", "cp", str(home.path / "file.txt"), "s3://a-bucket/folder/file.txt")
    assert "folder/file.txt" in aws("s3", "ls", "s3://a-bucket", "--recursive")
    aws("s3", "cp", "s3://a-bucket/folder/file.txt", str(home.path / "back.txt"))
    assert (home.path / "back.txt").read_text() == "hello\n" * 1000
    aws("ssm", "put-parameter", "--name", "/a/b", "--value", "v", "--type", "String")
    assert json.loads(aws("ssm", "get-parameter", "--name", "/a/b"))["Parameter"]["Value"] == "v"


def test_health_shows_a_used_service_as_running(platform: Platform) -> None:
    services = platform.get("/_localstack/health").json()["services"]
    assert services["sns"] == "available"
    platform.client("sns").list_topics()
    assert platform.get("/_localstack/health").json()["services"]["sns"] == "running"
