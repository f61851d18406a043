"""Objects that a browser's form uploads to S3, and what the form is answered."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from botocore.config import Config

from aws_server import AwsServer
from localstack.aws.api import RequestContext

TAGGING = "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>"


@pytest.fixture
def s3(aws: AwsServer) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="bucket")
    return client


def upload(aws: AwsServer, file_name: str = "local.txt", host: str | None = None, **fields: str) -> requests.Response:
    """Send a form; ``_`` in the name of a field stands for ``-``, ``key`` is ``uploaded`` unless it is given."""
    named = {name if name.startswith("success") else name.replace("_", "-"): value for name, value in fields.items()}
    return requests.post(
        aws.url if host else f"{aws.url}/bucket",
        data={"key": "uploaded"} | named,
        files={"file": (file_name, b"in the file", "text/plain")},
        headers={"Host": host} if host else {},
        allow_redirects=False,
        timeout=10,
    )


def test_the_file_is_stored_under_the_key(aws: AwsServer, s3: Any) -> None:
    answer = upload(aws)
    stored = s3.get_object(Bucket="bucket", Key="uploaded")
    assert stored["Body"].read() == b"in the file"
    assert (answer.status_code, answer.content) == (204, b"")
    assert (answer.headers["ETag"], answer.headers["Location"]) == (stored["ETag"], f"{aws.url}/bucket/uploaded")


def test_a_form_that_boto3_has_signed_is_of_its_account_and_region(aws: AwsServer) -> None:
    config = Config(signature_version="s3v4")
    s3 = aws.client("s3", account="111111111111", region_name="eu-west-1", config=config)
    s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    seen = []
    aws.request_handlers.append(lambda chain, context, response: seen.append((context.account_id, context.region)))
    form = s3.generate_presigned_post(
        "theirs", "signed", Fields={"acl": "public-read"}, Conditions=[["eq", "$acl", "a"]]
    )
    assert requests.post(form["url"], data=form["fields"], files={"file": b"x"}, timeout=10).status_code == 204
    assert seen == [("111111111111", "eu-west-1")]
    assert len(s3.get_object_acl(Bucket="theirs", Key="signed")["Grants"]) == 2


@pytest.mark.parametrize(("asked", "status"), [("200", 200), ("204", 204), ("404", 204), ("", 204)])
def test_the_form_chooses_the_status(aws: AwsServer, s3: Any, asked: str, status: int) -> None:
    answer = upload(aws, success_action_status=asked)
    assert (answer.status_code, answer.content) == (status, b"")


def test_the_status_201_comes_with_a_document(aws: AwsServer, s3: Any) -> None:
    answer = upload(aws, key="a/ü & b", success_action_status="201")
    document = ElementTree.fromstring(answer.content)
    assert (answer.status_code, document.tag) == (201, "PostResponse")
    told = {child.tag: child.text for child in document}
    assert (told["Bucket"], told["Key"], told["ETag"]) == ("bucket", "a/ü & b", answer.headers["ETag"])
    assert told["Location"] == answer.headers["Location"]
    assert requests.get(told["Location"] or "", timeout=10).content == b"in the file"


def test_the_form_may_send_the_browser_elsewhere(aws: AwsServer, s3: Any) -> None:
    answer = upload(aws, success_action_redirect="http://app.example/done?step=2", success_action_status="201")
    etag = s3.head_object(Bucket="bucket", Key="uploaded")["ETag"].replace('"', "%22")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://app.example/done?step=2&bucket=bucket&key=uploaded&etag={etag}"


@pytest.mark.parametrize("url", ["nowhere", "http://[", "//app.example/"])
def test_who_is_sent_to_no_url_gets_the_usual_answer(aws: AwsServer, s3: Any, url: str) -> None:
    assert upload(aws, success_action_redirect=url).status_code == 204


def test_a_form_can_not_tell_of_the_body(aws: AwsServer, s3: Any) -> None:
    upload(
        aws, content_length="2", transfer_encoding="chunked", x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    )
    assert s3.get_object(Bucket="bucket", Key="uploaded")["Body"].read() == b"in the file"


@pytest.mark.parametrize("file_name", ["cat.jpg", "pictures/cat.jpg"])
def test_the_name_of_the_file_may_be_part_of_the_key(aws: AwsServer, s3: Any, file_name: str) -> None:
    upload(aws, file_name, key="user/${filename}", x_amz_meta_from="${filename}")
    assert s3.head_object(Bucket="bucket", Key="user/cat.jpg")["Metadata"] == {"from": "cat.jpg"}


def test_fields_are_the_headers_of_a_put(aws: AwsServer, s3: Any) -> None:
    upload(aws, Content_Type="image/png", Cache_Control="no-store", x_amz_storage_class="STANDARD_IA", tagging=TAGGING)
    stored = s3.head_object(Bucket="bucket", Key="uploaded")
    assert (stored["ContentType"], stored["CacheControl"]) == ("image/png", "no-store")
    assert stored["StorageClass"] == "STANDARD_IA"
    assert s3.get_object_tagging(Bucket="bucket", Key="uploaded")["TagSet"] == [{"Key": "a", "Value": "b c"}]


def test_the_bucket_may_stand_in_the_host(aws: AwsServer, s3: Any) -> None:
    host = f"bucket.s3.localhost.localstack.cloud:{aws.port}"
    answer = upload(aws, host=host)
    assert (answer.status_code, answer.headers["Location"]) == (204, f"http://{host}/uploaded")
    assert s3.get_object(Bucket="bucket", Key="uploaded")["Body"].read() == b"in the file"


def test_a_bucket_with_versions_tells_which_it_is(aws: AwsServer, s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    version = upload(aws).headers["x-amz-version-id"]
    assert s3.head_object(Bucket="bucket", Key="uploaded")["VersionId"] == version


def test_a_queue_may_be_told_of_forms_only(aws: AwsServer, s3: Any) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    told = {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": ["s3:ObjectCreated:Post"]}
    s3.put_bucket_notification_configuration(Bucket="bucket", NotificationConfiguration={"QueueConfigurations": [told]})
    for message in sqs.receive_message(QueueUrl=url).get("Messages", []):  # S3 says that it will tell
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    s3.put_object(Bucket="bucket", Key="put", Body=b"x")
    upload(aws)
    events = [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url)["Messages"]]
    assert [event["Records"][0]["s3"]["object"]["key"] for event in events] == ["uploaded"]


def test_handlers_see_and_change_what_is_stored(aws: AwsServer, s3: Any) -> None:
    seen: list[Any] = []

    def change(chain: Any, context: RequestContext, response: Any) -> None:
        if context.service_operation == ("s3", "PostObject"):
            seen.append(dict(context.service_request or {}))
            context.service_request = seen[0] | {"Key": "renamed"}

    aws.request_handlers.append(change)
    aws.response_handlers.append(lambda chain, context, response: seen.append(context.service_response))
    answer = upload(aws, success_action_redirect="http://app.example/", x_amz_meta_from="me")
    parameters, parsed = seen
    assert (parameters["Bucket"], parameters["Key"], parameters["Metadata"]) == ("bucket", "uploaded", {"from": "me"})
    assert "key=renamed&" in answer.headers["Location"]
    assert s3.get_object(Bucket="bucket", Key="renamed")["ETag"] == parsed["ETag"]


@pytest.mark.parametrize(
    ("data", "files", "code"),
    [
        ({"other": "k"}, {"file": b"x"}, "InvalidArgument"),
        ({"key": "k"}, {"other": ("name", b"x")}, "InvalidArgument"),
        ({"key": "k", "tagging": "<Tagging"}, {"file": b"x"}, "MalformedXML"),
    ],
)
def test_a_form_that_lacks_something_is_refused(
    aws: AwsServer, s3: Any, data: dict[str, str], files: Any, code: str
) -> None:
    answer = requests.post(f"{aws.url}/bucket", data=data, files=files, timeout=10)
    assert (answer.status_code, ElementTree.fromstring(answer.content).findtext("Code")) == (400, code)
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")


@pytest.mark.parametrize(
    "body", [b"", b"no form", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", b"--b\r\n"]
)
def test_a_body_that_is_no_form_is_refused(aws: AwsServer, s3: Any, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = requests.post(f"{aws.url}/bucket", data=body, headers=headers, timeout=10)
    assert (answer.status_code, b"<Code>MalformedPOSTRequest</Code>" in answer.content) == (400, True)


def test_a_bucket_that_is_gone_is_told_of(aws: AwsServer, s3: Any) -> None:
    form = s3.generate_presigned_post("gone", "k")
    headers = {"Host": f"s3.localhost.localstack.cloud:{aws.port}"}
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"}, headers=headers, timeout=10)
    assert (answer.status_code, b"<Code>NoSuchBucket</Code>" in answer.content) == (404, True)
