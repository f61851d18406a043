"""What extensions' handlers see of an AWS request, and that what they change counts."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from botocore.model import OperationModel, ServiceModel

from aws_server import AwsServer
from localstack.aws.api import RequestContext
from localstack.host.emulation import cbor


class Probe:
    """Handlers that remember the context of the last request."""

    def __init__(self, aws: AwsServer) -> None:
        self.context: RequestContext
        aws.request_handlers.append(self.see)

    def see(self, chain: Any, context: RequestContext, response: Any) -> None:
        self.context = context
        self.parameters = context.service_request


CALLS: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "sqs",
        "CreateQueue",
        {"QueueName": "q", "Attributes": {"DelaySeconds": "1"}},
        "json",
        {"QueueUrl": "{url}/123456789012/q"},
    ),
    (
        "sns",
        "CreateTopic",
        {"Name": "t", "Attributes": {"DisplayName": "d"}, "Tags": [{"Key": "a", "Value": "b"}]},
        "query",
        {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t"},
    ),
    (
        "lambda",
        "ListFunctions",
        {"MaxItems": 5, "FunctionVersion": "ALL"},
        "rest-json",
        {"Functions": []},
    ),
    (
        "route53",
        "ListHostedZones",
        {"MaxItems": "3"},
        "rest-xml",
        {"HostedZones": [], "IsTruncated": False, "MaxItems": "3"},
    ),
    (
        "ec2",
        "DescribeAvailabilityZones",
        {"Filters": [{"Name": "zone-name", "Values": ["eu-west-1a"]}], "DryRun": False},
        "ec2",
        {},
    ),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "protocol", "answer"), CALLS)
def test_a_handler_sees_what_was_asked_and_answered(
    aws: AwsServer, service: str, operation: str, parameters: dict[str, Any], protocol: str, answer: dict[str, Any]
) -> None:
    from botocore import xform_name

    probe = Probe(aws)
    client = aws.client(service, region_name="eu-west-1", account="123456789012")
    getattr(client, xform_name(operation))(**parameters)
    context = probe.context
    assert isinstance(context.service, ServiceModel)
    assert isinstance(context.operation, OperationModel)
    assert context.service_operation == (service, operation)
    assert (context.protocol, context.region, context.partition) == (protocol, "eu-west-1", "aws")
    assert context.account_id == "123456789012" == context.request.headers["x-moto-account-id"]
    assert context.service_request == parameters
    assert context.service_exception is None
    expected = {key: value.format(url=aws.url) if isinstance(value, str) else value for key, value in answer.items()}
    assert context.service_response is not None
    assert expected.items() <= context.service_response.items()


def test_s3_parameters_come_from_path_query_headers_and_body(aws: AwsServer) -> None:
    probe = Probe(aws)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert probe.parameters == {"Bucket": "bkt", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3.put_object(Bucket="bkt", Key="a/b c", Body=b"data", Metadata={"k": "v"}, ContentLength=4)
    assert probe.parameters is not None
    seen = {name: probe.parameters[name] for name in ("Bucket", "Key", "Metadata", "ContentLength")}
    assert seen == {"Bucket": "bkt", "Key": "a/b c", "Metadata": {"k": "v"}, "ContentLength": 4}
    assert isinstance(probe.parameters["Body"], io.BytesIO)
    assert probe.parameters["Body"].read() == b"data"
    s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": "x"}, {"Key": "y"}], "Quiet": True})
    assert probe.parameters["Delete"] == {"Objects": [{"Key": "x"}, {"Key": "y"}], "Quiet": True}
    grant = {"Grantee": {"ID": "i", "Type": "CanonicalUser"}, "Permission": "READ"}
    policy = {"Grants": [grant], "Owner": {"ID": "o"}}
    s3.put_bucket_acl(Bucket="bkt", AccessControlPolicy=policy)
    assert probe.parameters["AccessControlPolicy"] == policy
    since = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    s3.get_object(Bucket="bkt", Key="a/b c", Range="bytes=0-1", IfModifiedSince=since)
    expected = {"Bucket": "bkt", "Key": "a/b c", "Range": "bytes=0-1", "IfModifiedSince": since}
    assert probe.parameters == expected | {"ChecksumMode": "ENABLED"}
    assert probe.context.service_response == {}


def test_values_have_their_types(aws: AwsServer) -> None:
    probe = Probe(aws)
    item = {"b": {"B": b"\x00\xff"}, "n": {"N": "1"}, "l": {"L": [{"BOOL": True}, {"NULL": True}]}}
    with pytest.raises(ClientError):
        aws.client("dynamodb").put_item(TableName="t", Item=item)
    assert probe.parameters == {"TableName": "t", "Item": item}
    when = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    aws.client("logs").describe_log_groups(limit=3)
    assert probe.parameters == {"limit": 3}
    aws.client("cloudwatch").put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "m", "Timestamp": when, "Value": 0.5}]
    )
    assert probe.parameters == {"Namespace": "n", "MetricData": [{"MetricName": "m", "Timestamp": when, "Value": 0.5}]}


def test_a_map_of_the_query_string_has_what_has_no_name_of_its_own(aws: AwsServer) -> None:
    probe = Probe(aws)
    aws.client("apigateway").import_rest_api(body=b"{}", failOnWarnings=True, parameters={"basepath": "ignore"})
    assert probe.parameters is not None
    assert probe.parameters["parameters"] == {"basepath": "ignore"}


def test_what_follows_a_greedy_label_counts(aws: AwsServer) -> None:
    probe = Probe(aws)
    arns = {
        "portalArn": "arn:aws:workspaces-web:::portal/a/b",
        "browserSettingsArn": "arn:aws:workspaces-web:::browserSettings/c",
    }
    with pytest.raises(ClientError):
        aws.client("workspaces-web").associate_browser_settings(**arns)
    assert probe.context.service_operation == ("workspaces-web", "AssociateBrowserSettings")
    assert probe.parameters == arns


def test_items_of_a_list_in_a_header_may_be_quoted(aws: AwsServer) -> None:
    probe = Probe(aws)
    aws.client("s3").create_bucket(Bucket="bkt")
    headers = {"X-Amz-Optional-Object-Attributes": 'RestoreStatus, "a,\\"b" ,c'}
    requests.get(f"{aws.url}/bkt?list-type=2", headers=headers, timeout=10)
    assert probe.parameters is not None
    assert probe.parameters["OptionalObjectAttributes"] == ["RestoreStatus", 'a,"b', "c"]


@pytest.mark.parametrize("name", ["s3", "s3express", "s3-object-lambda"])
def test_clients_of_s3_sign_with_several_names(aws: AwsServer, name: str) -> None:
    probe = Probe(aws)
    scope = f"Credential=test/20260101/us-east-1/{name}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    requests.get(f"{aws.url}/bkt/key", headers=headers, timeout=10)
    assert probe.context.service_operation == ("s3", "GetObject")


def test_required_parameters_that_were_not_sent_are_none(aws: AwsServer) -> None:
    probe = Probe(aws)
    requests.post(aws.url, headers={"X-Amz-Target": "AmazonSQS.SendMessage"}, data=b'{"MessageBody": "b"}', timeout=10)
    assert probe.parameters == {"QueueUrl": None, "MessageBody": "b"}


def test_an_error_of_the_service_is_seen_as_exception(aws: AwsServer) -> None:
    probe = Probe(aws)
    with pytest.raises(ClientError):
        aws.client("iam").get_user(UserName="nobody")
    assert probe.context.service_response is None
    assert probe.context.service_exception is not None
    assert (probe.context.service_exception.code, probe.context.service_exception.status_code) == ("NoSuchEntity", 404)


def test_the_answer_is_read_only_when_somebody_asks(aws: AwsServer) -> None:
    probe = Probe(aws)
    aws.client("sts").get_caller_identity()
    assert "service_response" not in vars(probe.context)
    assert probe.context.get("service_response")["Account"] == "000000000000"
    assert "service_response" in vars(probe.context)


def test_what_a_handler_answers_itself_is_read_without_failing(aws: AwsServer) -> None:
    probe = Probe(aws)
    aws.request_handlers.append(lambda chain, context, response: chain.respond(418, "tea"))
    assert requests.get(f"{aws.url}/?Action=ListTopics&Version=2010-03-31", timeout=10).text == "tea"
    assert probe.context.service_exception is not None
    assert (probe.context.service_exception.code, probe.context.service_exception.status_code) == ("", 418)


def test_a_handler_changes_what_sqs_receives(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.operation.name == "SendMessage":  # type: ignore[union-attr]
            assert context.service_request is not None
            context.service_request["MessageBody"] += " <changed> & ü"
            context.service_request["MessageAttributes"]["kind"]["StringValue"] = "nested"

    aws.request_handlers.append(handler)
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    sqs.send_message(QueueUrl=url, MessageBody="original", MessageAttributes=attributes)
    aws.request_handlers.clear()
    message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert message["Body"] == "original <changed> & ü"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "nested"


def test_changes_count_in_the_old_protocol_of_sqs(aws: AwsServer) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    probe = Probe(aws)

    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        assert context.service_request is not None
        context.service_request["Entries"][0]["MessageBody"] = "changed"

    aws.request_handlers.append(handler)
    entry = "SendMessageBatchRequestEntry.1"
    form = {"Action": "SendMessageBatch", "QueueUrl": url, f"{entry}.Id": "i", f"{entry}.MessageBody": "original"}
    value = {f"{entry}.MessageAttribute.1.Value.DataType": "String"}
    attribute = {f"{entry}.MessageAttribute.1.Name": "a", **value, f"{entry}.MessageAttribute.1.Value.StringValue": "x"}
    answer = requests.post(url, data=form | attribute, timeout=10)
    assert answer.text.startswith("<SendMessageBatchResponse")
    assert probe.context.protocol == "query"
    aws.request_handlers.clear()
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "changed"


def test_parameters_may_be_replaced_as_a_whole(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_request = {"Name": "other", "Tags": [{"Key": "a", "Value": "b"}]}

    aws.request_handlers.append(handler)
    assert aws.client("sns").create_topic(Name="asked")["TopicArn"].endswith(":other")


def test_changes_of_an_object_reach_s3(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.operation.name == "PutObject":  # type: ignore[union-attr]
            assert context.service_request is not None
            context.service_request["Key"] = "other/ü %2F"
            context.service_request["Metadata"]["added"] = "yes"
            context.service_request["Body"] = context.service_request["Body"].read().upper()

    aws.request_handlers.append(handler)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    s3.put_object(Bucket="bkt", Key="k", Body=b"text", Metadata={"sent": "1"}, ContentType="text/x")
    answer = s3.get_object(Bucket="bkt", Key="other/ü %2F")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"TEXT", {"sent": "1", "added": "yes"})
    assert answer["ContentType"] == "text/x"


def test_a_body_that_a_handler_has_read_still_reaches_s3(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        if context.operation.name == "PutObject":  # type: ignore[union-attr]
            assert context.service_request is not None
            context.service_request["Body"].read()
            context.service_request["ContentType"] = "text/changed"

    aws.request_handlers.append(handler)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bkt")
    s3.put_object(Bucket="bkt", Key="k", Body=b"text")
    answer = s3.get_object(Bucket="bkt", Key="k")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"text", "text/changed")


def test_parameters_that_do_not_fit_are_told_to_the_client(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.service_request = {"QueueName": 5}

    aws.request_handlers.append(handler)
    with pytest.raises(ClientError, match=r"(?s)ValidationException.*QueueName"):
        aws.client("sqs").create_queue(QueueName="q")


def test_clients_that_speak_cbor_are_answered_in_cbor(aws: AwsServer) -> None:
    probe = Probe(aws)
    when = datetime(2026, 1, 1, tzinfo=UTC)
    data = [{"MetricName": "m", "Value": 2.5, "Timestamp": when}]
    assert _rpc(aws, "cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": data})[0] == 200
    assert probe.context.protocol == "smithy-rpc-v2-cbor"
    assert probe.parameters == {"Namespace": "n", "MetricData": data}
    status, listed = _rpc(aws, "cloudwatch", "ListMetrics", {"Namespace": "n"})
    assert (status, listed["Metrics"][0]["MetricName"]) == (200, "m")
    status, missing = _rpc(aws, "cloudwatch", "GetDashboard", {"DashboardName": "none"})
    assert (status, missing["Error"]["Code"]) == (404, "ResourceNotFound")


def test_kinesis_speaks_cbor_with_some_clients(aws: AwsServer) -> None:
    aws.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    parameters = {"StreamName": "s", "Data": b"\x00\xff", "PartitionKey": "p"}
    status, put = _json_in_cbor(aws, "PutRecord", parameters)
    assert (status, put["ShardId"]) == (200, "shardId-000000000000")
    status, missing = _json_in_cbor(aws, "PutRecord", parameters | {"StreamName": "none"})
    assert (status, missing["__type"]) == (400, "ResourceNotFoundException")


def test_kinesis_counts_time_in_milliseconds_in_cbor(aws: AwsServer) -> None:
    """As the SDKs for Java do: https://github.com/aws/aws-sdk-java-v2/issues/4661."""
    probe = Probe(aws)
    aws.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    put = {"StreamName": "s", "Data": b"\x00\xff", "PartitionKey": "p"}
    _json_in_cbor(aws, "PutRecord", put)
    when = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    iterator = {"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP"}
    _json_in_cbor(aws, "GetShardIterator", iterator | {"Timestamp": when})
    assert probe.parameters == iterator | {"Timestamp": when}
    start = iterator | {"ShardIteratorType": "TRIM_HORIZON"}
    _, shard = _json_in_cbor(aws, "GetShardIterator", start)
    status, records = _json_in_cbor(aws, "GetRecords", {"ShardIterator": shard["ShardIterator"]})
    assert (status, records["Records"][0]["Data"]) == (200, b"\x00\xff")
    arrived = records["Records"][0]["ApproximateArrivalTimestamp"]
    assert abs(arrived - datetime.now(UTC)) < timedelta(hours=1)
    assert probe.context.service_response is not None
    assert probe.context.service_response["Records"][0]["ApproximateArrivalTimestamp"] == arrived


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("cloudwatch", "DescribeAlarms"),
        ("codebuild", "ListProjects"),
        ("ds", "DescribeDirectories"),
        ("memorydb", "DescribeClusters"),
        ("resourcegroupstaggingapi", "GetResources"),
        ("route53domains", "ListDomains"),
        ("workspaces", "DescribeWorkspaces"),
    ],
)
def test_an_answer_says_the_same_in_cbor_as_in_json(aws: AwsServer, service: str, operation: str) -> None:
    """Newer SDKs prefer CBOR for these services; boto3 prefers JSON."""
    from botocore import xform_name

    in_json = getattr(aws.client(service), xform_name(operation))()
    status, in_cbor = _rpc(aws, service, operation, {})
    del in_json["ResponseMetadata"], in_cbor["ResponseMetadata"]
    assert (status, in_cbor) == (200, in_json)


def test_a_service_that_speaks_cbor_only_is_answered_in_cbor(aws: AwsServer) -> None:
    status, error = _rpc(aws, "eventbridgev2", "ListEventBuses", {})
    assert (status, error["Error"]["Code"]) == (501, "InternalFailure")


def test_what_is_no_cbor_answers_400(aws: AwsServer) -> None:
    headers = {"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    for body in (b"\xa1", b"\xa1\x69Namespace\xc1\x1b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x01"):
        answer = requests.post(aws.url + path, data=body, headers=headers, timeout=10)
        assert (answer.status_code, b"SerializationException" in answer.content) == (400, True), body


def _json_in_cbor(aws: AwsServer, operation: str, parameters: dict[str, Any]) -> tuple[int, Any]:
    headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-cbor-1.1"}
    body = cbor.encode(parameters, in_milliseconds=True)
    answer = requests.post(aws.url, data=body, headers=headers, timeout=10)
    assert answer.headers["Content-Type"] == "application/x-amz-cbor-1.1"
    return answer.status_code, cbor.decode(answer.content, in_milliseconds=True)


def test_a_handler_may_move_a_call_to_another_account_and_region(aws: AwsServer) -> None:
    def handler(chain: Any, context: RequestContext, response: Any) -> None:
        context.region, context.account_id = "eu-west-1", "111111111111"

    aws.request_handlers.append(handler)
    assert aws.client("sns").create_topic(Name="t")["TopicArn"] == "arn:aws:sns:eu-west-1:111111111111:t"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sqs", "list_queues"),
        ("sns", "list_topics"),
        ("lambda", "list_functions"),
        ("route53", "list_hosted_zones"),
        ("ec2", "describe_vpcs"),
    ],
)
def test_the_id_of_an_answer_is_that_of_the_request(aws: AwsServer, service: str, operation: str) -> None:
    probe = Probe(aws)
    metadata = getattr(aws.client(service), operation)()["ResponseMetadata"]
    assert metadata["RequestId"] == probe.context.request_id == metadata["HTTPHeaders"]["x-amzn-requestid"]


def _rpc(aws: AwsServer, service: str, operation: str, parameters: dict[str, Any]) -> tuple[int, Any]:
    """A call in ``smithy-rpc-v2-cbor``, which boto3 has but prefers JSON to."""
    from botocore.parsers import RpcV2CBORParser
    from botocore.serialize import RpcV2CBORSerializer

    model = aws.client(service).meta.service_model.operation_model(operation)
    request = RpcV2CBORSerializer().serialize_to_request(parameters, model)
    answer = requests.post(
        aws.url + request["url_path"], data=bytes(request["body"]), headers=request["headers"], timeout=10
    )
    assert answer.headers["Smithy-Protocol"] == "rpc-v2-cbor"
    parts = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
    return answer.status_code, RpcV2CBORParser().parse(parts, model.output_shape)
