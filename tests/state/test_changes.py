"""A save takes what has changed since the one before, and all of that."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from platforms import START_TIMEOUT_SECONDS, Home, Platform
from snapshots import LARGE, section_of, snapshot_of


def test_a_save_writes_what_has_changed_and_leaves_the_rest_alone(start: Callable[..., Platform], home: Home) -> None:
    platform = start()
    s3 = platform.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=LARGE)
    s3.put_object(Bucket="bucket", Key="copy", Body=LARGE)
    platform.client("sqs").create_queue(QueueName="queue")

    def save() -> dict[str, int]:
        """Write time of each file of the snapshot."""
        assert platform.request("POST", "/_localstack/state/save").json()["status"] == "ok"
        return {path.name: path.stat().st_mtime_ns for path in snapshot_of(home).iterdir()}

    first = save()
    assert save() == first
    platform.client("sqs").list_queues()
    assert save() == first

    queues_before, objects_before = section_of("sqs", home), section_of("s3", home)
    platform.client("sqs").create_queue(QueueName="other")
    second = save()
    assert section_of("sqs", home)["pickle"] != queues_before["pickle"]
    assert section_of("s3", home) == objects_before
    assert {name for name, written in second.items() if first.get(name) != written} == {
        "manifest.json",
        section_of("sqs", home)["pickle"],
    }
    assert queues_before["pickle"] not in second

    s3.put_object(Bucket="bucket", Key="small", Body=b"small")
    third = save()
    [body] = set(section_of("s3", home)["bodies"])
    assert third[body] == second[body]
    assert (snapshot_of(home) / body).read_bytes() == LARGE
    assert (snapshot_of(home) / section_of("s3", home)["pickle"]).stat().st_size < 100_000
    s3.delete_object(Bucket="bucket", Key="large")
    s3.delete_object(Bucket="bucket", Key="copy")
    assert body not in save()


def test_each_change_after_a_save_is_in_the_next_one(start: Callable[..., Platform]) -> None:
    """Also one that another service makes: a topic's message in a queue, a stack's bucket in S3."""
    platform = start(PERSISTENCE="1")
    make(platform)
    platform.request("POST", "/_localstack/state/save")
    change(platform)
    platform.request("POST", "/_localstack/state/save")
    platform.signal(signal.SIGKILL)
    second = start(PERSISTENCE="1")
    sqs = second.client("sqs")
    url = sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    bodies = [message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert sorted(bodies) == ["direct", "through the topic"]
    item = second.client("dynamodb").get_item(TableName="table", Key={"id": {"S": "1"}})["Item"]
    assert item["n"] == {"N": "7"}
    assert second.client("ssm").get_parameter(Name="/parameter")["Parameter"]["Value"] == "new"
    assert second.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == b"new"
    assert second.client("s3").get_bucket_location(Bucket="of-stack")
    assert second.client("iam").get_role(RoleName="role")["Role"]["Description"] == "new"
    assert second.client("sns").list_subscriptions()["Subscriptions"][0]["Endpoint"].endswith(":queue")


def make(platform: Platform) -> None:
    sqs, sns = platform.client("sqs"), platform.client("sns")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    platform.client("dynamodb").create_table(
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    platform.client("ssm").put_parameter(Name="/parameter", Value="old", Type="String")
    platform.client("s3").create_bucket(Bucket="bucket")
    platform.client("s3").put_object(Bucket="bucket", Key="key", Body=b"old")
    platform.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")


def change(platform: Platform) -> None:
    sqs, sns = platform.client("sqs"), platform.client("sns")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="queue")["QueueUrl"], MessageBody="direct")
    sns.publish(TopicArn=sns.list_topics()["Topics"][0]["TopicArn"], Message="through the topic")
    platform.client("dynamodb").put_item(TableName="table", Item={"id": {"S": "1"}, "n": {"N": "7"}})
    platform.client("ssm").put_parameter(Name="/parameter", Value="new", Type="String", Overwrite=True)
    platform.client("s3").put_object(Bucket="bucket", Key="key", Body=b"new")
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-stack"}}}}
    platform.client("cloudformation").create_stack(StackName="stack", TemplateBody=json.dumps(template))
    platform.client("iam").update_role(RoleName="role", Description="new")


def test_a_change_through_one_service_to_what_it_shares_with_another_is_saved(
    start: Callable[..., Platform], home: Home
) -> None:
    """A stack holds its bucket: both are in one section, whichever of them changes it."""
    platform = start(PERSISTENCE="1")
    s3, cloudformation = platform.client("s3"), platform.client("cloudformation")
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-stack"}}}}
    cloudformation.create_stack(StackName="stack", TemplateBody=json.dumps(template))
    platform.request("POST", "/_localstack/state/save")
    assert {"cloudformation", "s3"} <= set(section_of("s3", home)["services"])
    s3.put_object(Bucket="of-stack", Key="key", Body=LARGE)
    platform.request("POST", "/_localstack/state/save")
    s3.delete_object(Bucket="of-stack", Key="key")
    platform.request("POST", "/_localstack/state/save")
    platform.signal(signal.SIGKILL)
    second = start(PERSISTENCE="1")
    second.client("cloudformation").delete_stack(StackName="stack")
    assert second.client("s3").list_buckets()["Buckets"] == []


def test_a_message_that_a_waiting_call_takes_after_a_save_stays_taken(start: Callable[..., Platform]) -> None:
    """It is the call of before the save that takes the message when its delay is over; nobody else looks."""
    platform = start(PERSISTENCE="1")
    sqs, waiting = platform.client("sqs"), platform.client("sqs")
    url = sqs.create_queue(QueueName="queue", Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="taken", DelaySeconds=2)
    sent = threading.Event()
    waiting.meta.events.register("before-send.sqs", lambda **_: sent.set())
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(waiting.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        sent.wait(START_TIMEOUT_SECONDS)
        platform.get("/_localstack/health")
        platform.request("POST", "/_localstack/state/save")
        assert received.result()["Messages"][0]["Body"] == "taken"
    assert platform.signal() == 0
    again = start(PERSISTENCE="1").client("sqs")
    url = again.get_queue_url(QueueName="queue")["QueueUrl"]
    counts = again.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
