"""S3 over the wire: addressing, keys that are hard to spell, bodies, signatures in the query."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_server import AwsServer
from localstack.aws.api import RequestContext

HARD_KEYS = [
    "a%2Fb",
    "a/b//c",
    "/leading",
    "trailing/",
    "a+b c",
    "ünïcode/日本",
    "100%",
    "semi;colon",
    "hash#tag?query=1&x",
    "dots/../up",
    "q%252Fz",
]


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="bucket")
    return client


@pytest.mark.parametrize("key", HARD_KEYS)
def test_a_key_keeps_its_spelling(s3: Any, key: str) -> None:
    s3.put_object(Bucket="bucket", Key=key, Body=b"1")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]] == [key]
    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == b"1"
    s3.delete_object(Bucket="bucket", Key=key)
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0


@pytest.mark.parametrize(
    "domain", ["s3.localhost.localstack.cloud", "s3.eu-west-1.localhost.localstack.cloud", "s3.localhost"]
)
def test_the_bucket_may_stand_in_the_host(aws: AwsServer, s3: Any, domain: str) -> None:
    for key in ("a/b//c", "plain"):
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
        assert _get(aws, f"/{key}", f"bucket.{domain}").text == key
        assert _get(aws, f"/bucket/{key}", domain).text == key
    listed = _get(aws, "/?list-type=2", f"bucket.{domain}").text
    assert "<Key>plain</Key>" in listed
    assert "<Bucket><Name>bucket</Name>" in _get(aws, "/", domain).text


def test_boto3_addresses_virtual_hosts(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to_loopback(monkeypatch)
    endpoint = f"http://s3.localhost.localstack.cloud:{aws.port}"
    s3 = aws.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "virtual"}))
    s3.create_bucket(Bucket="dotted.name")
    s3.put_object(Bucket="dotted.name", Key="a/b c%2F", Body=b"virtual")
    assert s3.get_object(Bucket="dotted.name", Key="a/b c%2F")["Body"].read() == b"virtual"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["dotted.name"]
    s3.delete_object(Bucket="dotted.name", Key="a/b c%2F")
    s3.delete_bucket(Bucket="dotted.name")
    assert s3.list_buckets()["Buckets"] == []


def test_ranges_heads_and_conditions(s3: Any) -> None:
    etag = s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789", ContentType="text/x")["ETag"]
    part = s3.get_object(Bucket="bucket", Key="k", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    head = s3.head_object(Bucket="bucket", Key="k")
    assert (head["ContentLength"], head["ContentType"], head["ETag"]) == (10, "text/x", etag)
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket="bucket", Key="k", IfNoneMatch=etag)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="bucket", Key="missing")
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bucket", Key="missing")


def test_binary_bodies_and_metadata(s3: Any) -> None:
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket="bucket", Key="k", Body=body, Metadata={"owner": "ada", "two-words": "x y"})
    answer = s3.get_object(Bucket="bucket", Key="k")
    assert hashlib.sha256(answer["Body"].read()).digest() == hashlib.sha256(body).digest()
    assert answer["Metadata"] == {"owner": "ada", "two-words": "x y"}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_an_object_with_the_type_of_a_form_is_kept_as_it_is(aws: AwsServer, s3: Any, kind: str) -> None:
    body = b"key=1&b=%41"
    s3.put_object(Bucket="bucket", Key="k", Body=body, ContentType=kind)
    answer = s3.get_object(Bucket="bucket", Key="k")
    assert (answer["Body"].read(), answer["ContentType"]) == (body, kind)
    url = f"{aws.url}/bucket/by-curl"
    assert requests.put(url, data=body, headers={"Content-Type": kind}, timeout=10).status_code == 200
    assert requests.get(url, timeout=10).content == body


def test_a_gzip_object_is_kept_as_it_is(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="k", Body=b"\x1f\x8bno real gzip", ContentEncoding="gzip")
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"\x1f\x8bno real gzip"


def test_uploads_in_parts(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="bucket", Key="big")["UploadId"]
    bodies = [b"a" * 5 * 1024 * 1024, b"b" * 10]
    target = {"Bucket": "bucket", "Key": "big", "UploadId": upload}
    parts = []
    for number, body in enumerate(bodies, 1):
        etag = s3.upload_part(**target, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    assert len(s3.list_parts(**target)["Parts"]) == 2
    s3.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket="bucket", Key="big")["Body"].read() == b"".join(bodies)


def test_chunks_with_a_trailing_checksum_are_put_together(aws: AwsServer, s3: Any) -> None:
    seen: list[bytes] = []

    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        assert context.service_request is not None
        seen.append(context.service_request["Body"].read())

    aws.request_handlers.append(handler)
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": "9",
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }
    body = b"5\r\nhello\r\n4\r\nall!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    answer = requests.put(f"{aws.url}/bucket/k", data=body, headers=headers, timeout=10)
    assert (answer.status_code, seen) == (200, [b"helloall!"])
    aws.request_handlers.clear()
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"helloall!"


@pytest.mark.parametrize("signature_version", ["s3v4", "s3"])
def test_signed_urls_put_and_get(aws: AwsServer, s3: Any, signature_version: str) -> None:
    signing = aws.client("s3", config=Config(signature_version=signature_version), account="222222222222")
    target = {"Bucket": "bucket", "Key": "a b/ü+%2F"}
    put = signing.generate_presigned_url("put_object", Params=target)
    assert requests.put(put, data=b"by url", timeout=10).status_code == 200
    assert requests.get(signing.generate_presigned_url("get_object", Params=target), timeout=10).text == "by url"


def test_a_form_uploads_an_object(aws: AwsServer, s3: Any) -> None:
    form = s3.generate_presigned_post("bucket", "up/${filename}")
    answer = requests.post(form["url"], data=form["fields"], files={"file": ("n.txt", b"from a form")}, timeout=10)
    assert answer.status_code == 204, answer.text
    assert s3.get_object(Bucket="bucket", Key="up/n.txt")["Body"].read() == b"from a form"


def test_many_objects_are_deleted_at_once(s3: Any) -> None:
    for key in ("a", "b&<>", "c"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"")
    deleted = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a"}, {"Key": "b&<>"}]})["Deleted"]
    assert {entry["Key"] for entry in deleted} == {"a", "b&<>"}
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 1


def test_the_ids_of_an_answer_are_those_of_the_request(aws: AwsServer, s3: Any) -> None:
    ids: list[str | None] = []
    aws.response_handlers.append(lambda chain, context, response: ids.append(context.request_id))
    metadata = s3.list_buckets()["ResponseMetadata"]
    assert metadata["RequestId"] == ids[0]
    assert metadata["HTTPHeaders"]["x-amz-id-2"]
    missing = requests.get(f"{aws.url}/bucket/missing", timeout=10)
    assert missing.headers["x-amz-request-id"] == ids[1]
    assert re.findall(r"<RequestId>(.+?)</RequestId>", missing.text) == [ids[1]]


def test_an_operation_that_moto_lacks_does_not_become_another_one(s3: Any) -> None:
    with pytest.raises(
        ClientError, match="delete_bucket_analytics_configuration action has not been implemented"
    ) as raised:
        s3.delete_bucket_analytics_configuration(Bucket="bucket", Id="x")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert raised.value.response["Error"]["Code"] == "NotImplemented"
    s3.head_bucket(Bucket="bucket")


def _get(aws: AwsServer, path: str, host: str) -> requests.Response:
    answer = requests.get(aws.url + path, headers={"Host": f"{host}:{aws.port}"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def _resolve_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names below localhost.localstack.cloud are in the public DNS, which a test must not need."""
    from urllib3.util import connection

    create = connection.create_connection
    monkeypatch.setattr(
        connection, "create_connection", lambda address, *a, **k: create(("127.0.0.1", address[1]), *a, **k)
    )
