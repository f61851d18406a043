"""The operations that are used most: a probe sees of each what boto3 sent and received."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from aws_probe import ACCOUNT, REGION, Caller, probed_platform
from platforms import Platform

State = dict[str, Any]
"""What earlier calls answered, by the name of the operation."""

Step = tuple[str, dict[str, Any] | Callable[[State], dict[str, Any]]]

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STATEMENT = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
ROLE = f"arn:aws:iam::{ACCOUNT}:role/role"
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ITEM = {"id": {"S": "1"}, "blob": {"B": b"\x00\xff"}, "list": {"L": [{"N": "1.5"}, {"BOOL": True}, {"NULL": True}]}}
KEY = {"id": {"S": "1"}}


def code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handler(event, context): return event")
    return archive.getvalue()


def queue(**others: Any) -> Callable[[State], dict[str, Any]]:
    return lambda state: {"QueueUrl": state["CreateQueue"]["QueueUrl"], **others}


SERVICES: dict[str, list[Step]] = {
    "s3": [
        ("CreateBucket", {"Bucket": "bkt", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
        ("GetBucketLocation", {"Bucket": "bkt"}),
        ("ListBuckets", {}),
        ("PutObject", {"Bucket": "bkt", "Key": "a/ü b", "Body": b"\x00\xff", "Metadata": {"k": "v"}, "Expires": WHEN}),
        ("HeadObject", {"Bucket": "bkt", "Key": "a/ü b"}),
        ("GetObject", {"Bucket": "bkt", "Key": "a/ü b", "Range": "bytes=0-0"}),
        ("CopyObject", {"Bucket": "bkt", "Key": "copy", "CopySource": {"Bucket": "bkt", "Key": "a/ü b"}}),
        ("ListObjectsV2", {"Bucket": "bkt", "Prefix": "a/", "MaxKeys": 5}),
        ("PutBucketTagging", {"Bucket": "bkt", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}),
        ("DeleteObject", {"Bucket": "bkt", "Key": "copy"}),
        ("DeleteObjects", {"Bucket": "bkt", "Delete": {"Objects": [{"Key": "a/ü b"}]}}),
    ],
    "sqs": [
        ("CreateQueue", {"QueueName": "q", "Attributes": {"DelaySeconds": "0"}}),
        ("GetQueueUrl", {"QueueName": "q"}),
        ("ListQueues", {}),
        (
            "SendMessage",
            queue(MessageBody="<ü>", MessageAttributes={"a": {"DataType": "Binary", "BinaryValue": b"\xff"}}),
        ),
        ("SendMessageBatch", queue(Entries=[{"Id": "1", "MessageBody": "b"}])),
        ("ReceiveMessage", queue(MessageAttributeNames=["All"], MaxNumberOfMessages=1)),
        (
            "DeleteMessage",
            lambda state: {
                "QueueUrl": state["CreateQueue"]["QueueUrl"],
                "ReceiptHandle": state["ReceiveMessage"]["Messages"][0]["ReceiptHandle"],
            },
        ),
        ("GetQueueAttributes", queue(AttributeNames=["All"])),
    ],
    "sns": [
        ("CreateTopic", {"Name": "t"}),
        (
            "Subscribe",
            lambda state: {
                "TopicArn": state["CreateTopic"]["TopicArn"],
                "Protocol": "sqs",
                "Endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q",
            },
        ),
        ("Publish", lambda state: {"TopicArn": state["CreateTopic"]["TopicArn"], "Message": "m", "Subject": "s"}),
        ("ListTopics", {}),
    ],
    "dynamodb": [
        (
            "CreateTable",
            {
                "TableName": "t",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        ),
        ("DescribeTable", {"TableName": "t"}),
        ("PutItem", {"TableName": "t", "Item": ITEM}),
        ("GetItem", {"TableName": "t", "Key": KEY, "ConsistentRead": True}),
        (
            "UpdateItem",
            {
                "TableName": "t",
                "Key": KEY,
                "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": {":n": {"N": "7"}},
                "ReturnValues": "ALL_NEW",
            },
        ),
        (
            "Query",
            {
                "TableName": "t",
                "KeyConditionExpression": "id = :id",
                "ExpressionAttributeValues": {":id": {"S": "1"}},
            },
        ),
        ("Scan", {"TableName": "t", "Limit": 5}),
        ("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": {"id": {"S": "2"}}}}]}}),
        ("DeleteItem", {"TableName": "t", "Key": KEY}),
    ],
    "iam": [
        ("CreateRole", {"RoleName": "role", "AssumeRolePolicyDocument": POLICY}),
        ("GetRole", {"RoleName": "role"}),
        ("PutRolePolicy", {"RoleName": "role", "PolicyName": "p", "PolicyDocument": POLICY}),
        ("ListRoles", {}),
    ],
    "lambda": [
        (
            "CreateFunction",
            {
                "FunctionName": "f",
                "Runtime": "python3.12",
                "Role": ROLE,
                "Handler": "app.handler",
                "Code": {"ZipFile": code()},
            },
        ),
        ("GetFunction", {"FunctionName": "f"}),
        ("ListFunctions", {"MaxItems": 5}),
        ("Invoke", {"FunctionName": "f", "Payload": b"{}"}),
    ],
    "sts": [("GetCallerIdentity", {}), ("AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "me"})],
    "ssm": [
        ("PutParameter", {"Name": "/a/b", "Value": "v", "Type": "String"}),
        ("GetParameter", {"Name": "/a/b"}),
        ("GetParametersByPath", {"Path": "/a", "Recursive": True}),
    ],
    "secretsmanager": [
        ("CreateSecret", {"Name": "s", "SecretBinary": b"\x00"}),
        ("GetSecretValue", {"SecretId": "s"}),
    ],
    "kms": [
        ("CreateKey", {}),
        ("Encrypt", lambda state: {"KeyId": state["CreateKey"]["KeyMetadata"]["KeyId"], "Plaintext": b"\xff"}),
        ("Decrypt", lambda state: {"CiphertextBlob": state["Encrypt"]["CiphertextBlob"]}),
    ],
    "logs": [
        ("CreateLogGroup", {"logGroupName": "g"}),
        ("CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}),
        (
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1767323045000, "message": "m"}]},
        ),
        ("DescribeLogGroups", {}),
    ],
    "events": [
        ("PutRule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}),
        ("PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}]}),
        ("PutEvents", {"Entries": [{"Time": WHEN, "Source": "s", "DetailType": "d", "Detail": "{}"}]}),
    ],
    "cloudwatch": [
        ("PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Timestamp": WHEN, "Value": 0.5}]}),
        (
            "GetMetricStatistics",
            {
                "Namespace": "n",
                "MetricName": "m",
                "StartTime": WHEN,
                "EndTime": datetime(2026, 1, 3, tzinfo=UTC),
                "Period": 60,
                "Statistics": ["Sum"],
            },
        ),
    ],
    "ec2": [
        ("DescribeVpcs", {"Filters": [{"Name": "is-default", "Values": ["true"]}]}),
        ("CreateSecurityGroup", {"GroupName": "g", "Description": "d"}),
        ("RunInstances", {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "ClientToken": "t"}),
        ("DescribeInstances", {}),
    ],
    "kinesis": [
        ("CreateStream", {"StreamName": "s", "ShardCount": 1}),
        ("PutRecord", {"StreamName": "s", "Data": b"\xff", "PartitionKey": "p"}),
    ],
    "stepfunctions": [("CreateStateMachine", {"name": "m", "definition": DEFINITION, "roleArn": ROLE})],
    "route53": [("CreateHostedZone", {"Name": "example.org", "CallerReference": "c"}), ("ListHostedZones", {})],
    "apigateway": [("CreateRestApi", {"name": "a"}), ("GetRestApis", {})],
    "cloudformation": [
        (
            "CreateStack",
            {"StackName": "s", "TemplateBody": json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})},
        ),
        ("DescribeStacks", {"StackName": "s"}),
    ],
}

MADE_BY_BOTOCORE = {"ChecksumAlgorithm", "ChecksumCRC32", "ChecksumMode", "ContentLength", "ContentMD5"}


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with probed_platform(tmp_path_factory.mktemp("probed")) as platform:
        yield platform


IN_CBOR = ("cloudwatch", "smithy-rpc-v2-cbor")
"""boto3 prefers another protocol, newer SDKs for other languages this one."""


@pytest.mark.parametrize(("service", "protocol"), [*((service, None) for service in SERVICES), IN_CBOR])
def test_the_probe_sees_what_boto3_sent_and_received(probed: Platform, service: str, protocol: str | None) -> None:
    caller = Caller(probed, service, protocol=protocol)
    state: State = {}
    for operation, given in SERVICES[service]:
        call = caller.call(operation, given(state) if callable(given) else given)
        seen = call.seen
        state[operation] = call.answer
        assert (seen["service"], seen["operation"], seen["protocol"]) == (service, operation, caller.protocol)
        assert (seen["region"], seen["account"]) == (REGION, ACCOUNT)
        kept = {name: value for name, value in seen["parameters"].items() if name not in MADE_BY_BOTOCORE}
        sent = {name: value for name, value in call.parameters.items() if name not in MADE_BY_BOTOCORE}
        assert kept == sent, operation
        assert seen["answer"] == call.answer, operation


def test_these_are_forty_operations_and_more_in_every_protocol(probed: Platform) -> None:
    assert sum(map(len, SERVICES.values())) >= 40
    protocols = {Caller(probed, service).protocol for service in SERVICES} | {IN_CBOR[1]}
    assert protocols == {"query", "json", "rest-json", "rest-xml", "ec2", "smithy-rpc-v2-cbor"}
