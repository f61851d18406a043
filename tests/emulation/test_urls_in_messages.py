"""URLs that services send on, outside of an answer, lead to the platform: in messages of SNS, in stacks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from aws_server import AwsServer
from localstack.host.emulation.moto import urls
from platforms import Home, Platform, platforms_of

PLACE = {"region_name": "eu-west-1", "aws_access_key_id": "123456789012"}
TEMPLATE = {
    "Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}},
    "Outputs": {"Url": {"Value": {"Ref": "Jobs"}}},
}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose clients come to 127.0.0.1, and are told another name."""
    with platforms_of(Home(tmp_path_factory.mktemp("named"))) as start:
        yield start(LOCALSTACK_HOST="localhost")


@pytest.fixture
def message(named: Platform) -> dict[str, Any]:
    """A message of SNS as a queue gets it."""
    sns, sqs = named.client("sns", **PLACE), named.client("sqs", **PLACE)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:q")
    sns.publish(TopicArn=topic, Message="hello")
    (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
    content: dict[str, Any] = json.loads(received["Body"])
    return content


def test_a_message_is_signed_by_the_certificate_that_it_names(named: Platform, message: dict[str, Any]) -> None:
    assert message["SigningCertURL"].startswith(f"http://localhost:{named.port}/")
    assert message["SigningCertURL"].endswith(".pem")
    answer = requests.get(message["SigningCertURL"], timeout=10)
    key = load_pem_x509_certificate(answer.content).public_key()
    assert isinstance(key, RSAPublicKey)
    names = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
    signed = "".join(f"{name}\n{message[name]}\n" for name in names)
    key.verify(base64.b64decode(message["Signature"]), signed.encode(), padding.PKCS1v15(), SHA256())


def test_a_certificate_that_nobody_made_is_not_found(named: Platform) -> None:
    assert named.get("/_localstack/sns/SimpleNotificationService-0.pem").status_code == 404


def test_old_certificates_are_forgotten(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "CERTIFICATES_KEPT", 2)
    sns, sqs = aws.client("sns"), aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:q")
    for number in range(3):
        sns.publish(TopicArn=topic, Message=str(number))
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3)["Messages"]
    names = [json.loads(message["Body"])["SigningCertURL"].rpartition("/")[2] for message in messages]
    assert [urls.signing_certificate(name) is None for name in names] == [True, False, False]


def test_who_follows_the_link_is_unsubscribed(named: Platform, message: dict[str, Any]) -> None:
    sns = named.client("sns", **PLACE)
    (subscription,) = sns.list_subscriptions()["Subscriptions"]
    assert message["UnsubscribeURL"] == (
        f"http://localhost:{named.port}/?Action=Unsubscribe&SubscriptionArn={subscription['SubscriptionArn']}"
    )
    assert requests.get(message["UnsubscribeURL"], timeout=10).status_code == 200
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_without_a_name_the_publisher_says_where_the_platform_is(aws: AwsServer) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:q")
    sns.publish(TopicArn=topic, Message="hello")
    message = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert message["UnsubscribeURL"].startswith(f"{aws.url}/?")


def test_a_stack_names_its_queue_by_the_queues_url(named: Platform) -> None:
    stacks, sqs = named.client("cloudformation"), named.client("sqs")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(TEMPLATE))
    url = f"http://localhost:{named.port}/000000000000/jobs"
    (resource,) = stacks.describe_stack_resources(StackName="s")["StackResources"]
    (stack,) = stacks.describe_stacks(StackName="s")["Stacks"]
    assert [resource["PhysicalResourceId"], stack["Outputs"][0]["OutputValue"]] == [url, url]
    assert sqs.get_queue_url(QueueName="jobs")["QueueUrl"] == url
    stacks.delete_stack(StackName="s")
    assert "QueueUrls" not in sqs.list_queues()
