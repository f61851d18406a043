"""URLs in answers lead back to the platform, under the name that the client or ``LOCALSTACK_HOST`` has for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from urllib3.exceptions import InsecureRequestWarning

from aws_server import AwsServer
from localstack.aws.api import RequestContext
from platforms import Platform


@pytest.fixture(scope="module")
def named(aws_environ: dict[str, str]) -> Iterator[AwsServer]:
    server = AwsServer(aws_environ | {"LOCALSTACK_HOST": "my.host:1234"})
    yield server
    server.close()


def queue_urls(sqs: Any) -> list[str]:
    created = sqs.create_queue(QueueName="q")["QueueUrl"]
    return [created, sqs.get_queue_url(QueueName="q")["QueueUrl"], *sqs.list_queues()["QueueUrls"]]


def upload_in_parts(s3: Any, key: str) -> str:
    upload = s3.create_multipart_upload(Bucket="bkt", Key=key)["UploadId"]
    part = s3.upload_part(Bucket="bkt", Key=key, UploadId=upload, PartNumber=1, Body=b"content")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    location: str = s3.complete_multipart_upload(Bucket="bkt", Key=key, UploadId=upload, MultipartUpload=parts)[
        "Location"
    ]
    return location


def test_queues_have_the_host_of_the_request(aws: AwsServer) -> None:
    assert queue_urls(aws.client("sqs")) == [f"{aws.url}/000000000000/q"] * 3


def test_queues_have_localstack_host_where_it_was_set(named: AwsServer) -> None:
    sqs = named.client("sqs")
    assert queue_urls(sqs) == ["http://my.host:1234/000000000000/q"] * 3
    sqs.send_message(QueueUrl="http://my.host:1234/000000000000/q", MessageBody="found")
    assert sqs.receive_message(QueueUrl="http://my.host:1234/000000000000/q")["Messages"][0]["Body"] == "found"


def test_ssl_for_all_shows_in_the_scheme(start_aws: Callable[..., AwsServer]) -> None:
    aws = start_aws(LOCALSTACK_HOST="my.host", USE_SSL="1", GATEWAY_LISTEN="127.0.0.1:4567")
    assert queue_urls(aws.client("sqs")) == ["https://my.host:4567/000000000000/q"] * 3


def test_a_request_over_tls_is_told_so(start: Callable[..., Platform]) -> None:
    platform = start()
    endpoint = f"https://127.0.0.1:{platform.port}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        assert (
            queue_urls(platform.client("sqs", endpoint_url=endpoint, verify=False))[0] == f"{endpoint}/000000000000/q"
        )


def test_an_object_uploaded_in_parts_is_found_at_its_location(aws: AwsServer) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    location = upload_in_parts(s3, "folder/ü & b")
    assert location.startswith(f"{aws.url}/bkt/folder/")
    assert requests.get(location, timeout=10).content == b"content"


def test_its_location_has_localstack_host_where_it_was_set(named: AwsServer) -> None:
    s3 = named.client("s3")
    s3.create_bucket(Bucket="bkt")
    assert upload_in_parts(s3, "k") == "http://my.host:1234/bkt/k"


def test_a_bucket_in_the_host_stays_there(aws: AwsServer) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    upload = s3.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    tag = s3.upload_part(Bucket="bkt", Key="k", UploadId=upload, PartNumber=1, Body=b"content")["ETag"]
    parts = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    )
    host = f"bkt.s3.localhost.localstack.cloud:{aws.port}"
    answer = requests.post(f"{aws.url}/k?uploadId={upload}", data=parts, headers={"Host": host}, timeout=10)
    assert f"<Location>http://{host}/k</Location>" in answer.text


def test_tokens_of_a_pool_can_be_checked_with_its_documents(named: AwsServer) -> None:
    pool = named.client("cognito-idp", region_name="eu-west-1").create_user_pool(PoolName="p")["UserPool"]["Id"]
    described = requests.get(f"{named.url}/{pool}/.well-known/openid-configuration", timeout=10).json()
    assert described["issuer"].endswith(f"/{pool}")
    assert described["jwks_uri"] == f"http://my.host:1234/{pool}/.well-known/jwks.json"
    keys = requests.get(f"{named.url}/{pool}/.well-known/jwks.json", timeout=10).json()["keys"]
    assert keys[0]["kty"] == "RSA"


def test_a_changed_request_gives_the_same_urls(named: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_request = {"QueueName": "renamed"}

    named.request_handlers.append(handler)
    assert named.client("sqs").create_queue(QueueName="q")["QueueUrl"] == "http://my.host:1234/000000000000/renamed"
    named.request_handlers.clear()
