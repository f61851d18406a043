"""Hosts that clients give services: Terraform and its wrappers, the SDKs with a domain of ours, AWS's own names."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.config import Config

from aws_server import AwsServer


@pytest.fixture
def every_name_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the entries of somebody's DNS have it; nothing is asked for over the network."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))


@pytest.mark.usefixtures("every_name_is_ours")
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.localstack.cloud",
        "{service}.localhost.localstack.cloud",
        "{service}.eu-west-1.localhost.localstack.cloud",
        "{service}.eu-west-1.amazonaws.com",
    ],
)
def test_services_are_found_under(aws: AwsServer, host: str) -> None:
    def client(service: str, endpoint: str | None = None) -> Any:
        named = host.format(service=endpoint or service)
        terms = {"account": "123456789012", "region_name": "eu-west-1"}
        return aws.client(service, endpoint_url=f"http://{named}:{aws.port}", **terms)

    sqs, sns, dynamodb = client("sqs"), client("sns"), client("dynamodb")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert url == f"http://{host.format(service='sqs')}:{aws.port}/123456789012/q"
    sqs.send_message(QueueUrl=url, MessageBody="found")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "found"
    assert sns.create_topic(Name="t")["TopicArn"] == "arn:aws:sns:eu-west-1:123456789012:t"
    assert dynamodb.list_tables()["TableNames"] == []
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert client("cloudwatch", "monitoring").list_metrics()["Metrics"] == []
    assert client("elbv2", "elasticloadbalancing").describe_load_balancers()["LoadBalancers"] == []


@pytest.mark.usefixtures("every_name_is_ours")
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("host", ["s3.localhost.localstack.cloud", "s3.eu-west-1.localhost.localstack.cloud"])
def test_s3_is_found_under(aws: AwsServer, host: str, style: str) -> None:
    s3 = aws.client("s3", endpoint_url=f"http://{host}:{aws.port}", config=Config(s3={"addressing_style": style}))
    s3.create_bucket(Bucket="bkt")
    s3.put_object(Bucket="bkt", Key="a/b%2F", Body=b"found")
    assert s3.get_object(Bucket="bkt", Key="a/b%2F")["Body"].read() == b"found"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="bkt")["Contents"]] == ["a/b%2F"]
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["bkt"]
