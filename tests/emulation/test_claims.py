"""Which requests are for AWS, and what deciding it costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import requests
from rolo import Request
from rolo.websocket.request import WebSocketRequest

from aws_server import AwsServer

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/", {"Authorization": SIGNED}, b""),
        ("GET", "/any", {"Authorization": "AWS test:c2ln"}, b""),
        ("GET", "/", {"X-Amz-Date": "20260101T000000Z"}, b""),
        ("POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}"),
        ("POST", "/service/x/operation/y", {"Smithy-Protocol": "rpc-v2-cbor"}, b""),
        ("GET", "/b/k?X-Amz-Signature=0", {}, b""),
        ("GET", "/eu-west-1_AbCdEfGhI/.well-known/jwks.json", {}, b""),
        ("GET", "/b/k?AWSAccessKeyId=test&Signature=s&Expires=1", {}, b""),
        ("GET", "/?Action=ListQueues", {}, b""),
        ("POST", "/", FORM, b"Action=ListQueues&Version=2012-11-05"),
        ("POST", "/000000000000/queue", FORM, b"Action=SendMessage"),
        ("GET", "/", {"Host": "sqs.eu-west-1.localhost.localstack.cloud:4566"}, b""),
        ("GET", "/", {"Host": "sqs.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "S3.localhost.localstack.cloud:4566"}, b""),
        ("GET", "/", {"Host": "my.bucket.s3.localhost.localstack.cloud:4566"}, b""),
        ("GET", "/", {"Host": "bucket.s3.eu-west-1.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "bucket.s3-website.us-east-1.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "abc.execute-api.us-east-1.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "abc.lambda-url.us-east-1.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "runtime.sagemaker.us-east-1.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "whatever.us-east-1.amazonaws.com"}, b""),
    ],
)
def test_what_looks_like_aws_is_claimed(
    aws: AwsServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    assert aws.emulation.claims(_request(method, path, headers, body))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/", {}, b""),
        ("GET", "/no-such-bucket/key", {}, b""),
        ("GET", "/app/.well-known/jwks.json", {}, b""),
        ("POST", "/", FORM, b"name=value"),
        ("POST", "/", {"Content-Type": "application/json"}, b'{"Action": "ListQueues"}'),
        ("GET", "/", {"Authorization": "Bearer AWS"}, b""),
        ("GET", "/", {"X-Amzn-Trace-Id": "Root=1"}, b""),
        ("GET", "/?Signature=1", {}, b""),
        ("GET", "/", {"Host": "localhost.localstack.cloud:4566"}, b""),
        ("GET", "/", {"Host": "httpbin.localhost.localstack.cloud:4566"}, b""),
        ("GET", "/", {"Host": "hello-world.localhost.localstack.cloud"}, b""),
        ("GET", "/", {"Host": "sqs.example.com"}, b""),
        ("GET", "/", {"Host": "[::1]:4566"}, b""),
    ],
)
def test_what_does_not_look_like_aws_is_left_to_others(
    aws: AwsServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    assert not aws.emulation.claims(_request(method, path, headers, body))


def test_a_websocket_upgrade_is_never_claimed(aws: AwsServer) -> None:
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "sqs.localhost.localstack.cloud"}
    assert not aws.emulation.claims(
        WebSocketRequest(environ | {"rolo.websocket": object(), "HTTP_AUTHORIZATION": SIGNED})
    )


def test_a_form_that_is_signed_in_its_fields_is_claimed_and_stays_readable(aws: AwsServer) -> None:
    fields = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\nvalue\r\n--b--\r\n'
    upload = {"Content-Type": "multipart/form-data; boundary=b"}
    for name, is_signed in (("x-amz-credential", True), ("AWSAccessKeyId", True), ("comment", False)):
        body = fields.format(name).encode()
        request = _request("POST", "/gone", upload, body)
        assert aws.emulation.claims(request) is is_signed
        assert request.get_data() == body


def test_a_form_stays_readable_after_the_decision(aws: AwsServer) -> None:
    request = _request("POST", "/", FORM, b"name=value")
    aws.emulation.claims(request)
    assert request.get_data() == b"name=value"


def test_a_body_that_is_no_form_is_not_read(aws: AwsServer) -> None:
    class Unreadable:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    request = _request("POST", "/upload", {"Content-Type": "application/octet-stream", "Content-Length": "9"})
    request.environ["wsgi.input"] = Unreadable()
    assert not aws.emulation.claims(request)


def test_an_unsigned_request_to_an_existing_bucket_is_for_s3(aws: AwsServer) -> None:
    s3 = aws.client("s3", account="111111111111")
    s3.create_bucket(Bucket="open")
    s3.put_object(Bucket="open", Key="a.txt", Body=b"for all")
    assert requests.get(f"{aws.url}/open/a.txt", timeout=10).text == "for all"
    assert requests.get(f"{aws.url}/closed/a.txt", timeout=10).json() == {"error": "nothing here"}


def test_nothing_heavy_is_imported_until_a_request_is_recognised() -> None:
    script = """
import sys
from rolo import Request
from localstack.host.emulation.emulation import Emulation
from localstack.host.settings import Settings
emulation = Emulation(Settings.load({"HOME": "/nowhere", "CONFIG_DIR": "/nowhere"}))
assert emulation.service_states()["s3"] == "available"
assert emulation.claims(Request("GET", "/", headers={"Host": "s3.localhost.localstack.cloud"}))
assert not emulation.claims(Request("GET", "/bucket/key", headers={"Host": "localhost"}))
emulation.reset()
heavy = {name.partition(".")[0] for name in sys.modules} & {"moto", "boto3", "botocore", "s3transfer", "flask"}
print(sorted(heavy))
"""
    answer = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def _request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Request:
    path, _, query = path.partition("?")
    return Request(
        method, path, headers={"Host": "127.0.0.1:4566"} | headers, body=body, query_string=query, raw_path=path
    )
