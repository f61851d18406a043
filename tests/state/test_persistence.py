"""With ``PERSISTENCE=1`` what the services hold outlives the platform, and nothing that happens loses it."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any

import requests

from platforms import Home, Platform
from snapshots import LARGE, contents, kept_of, manifest_of, queue_names, section_of, snapshot_of, wait_for_section


def rewrite(home: Home, change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    """Change the manifest of the snapshot; its files then."""
    manifest = manifest_of(home)
    change(manifest)
    (snapshot_of(home) / "manifest.json").write_text(json.dumps(manifest))
    return contents(snapshot_of(home))


def save_a_queue(start: Callable[..., Platform]) -> None:
    """A snapshot with a queue named ``queue``, written by a platform that has ended."""
    platform = start(PERSISTENCE="1")
    platform.client("sqs").create_queue(QueueName="queue")
    assert platform.signal() == 0


def test_what_services_hold_is_there_after_a_stop_and_a_start(start: Callable[..., Platform], home: Home) -> None:
    first = start(PERSISTENCE="1")
    key_id = fill(first)
    assert first.signal() == 0
    assert {stat.S_IMODE(path.stat().st_mode) for path in snapshot_of(home).iterdir()} == {0o600}

    second = start(PERSISTENCE="1")
    assert second.client("sqs", region_name="eu-west-1").list_queues()["QueueUrls"][0].endswith("/far")
    second.client("sqs").create_queue(QueueName="later")
    assert second.signal() == 0

    third = start(PERSISTENCE="1")  # what nobody looked at in between is still there
    check(third, key_id)
    assert "later" in queue_names(third)


def fill(platform: Platform) -> str:
    """Something in services whose objects are hard to keep; the id of a key."""
    s3, sqs, sns, dynamodb = (platform.client(service) for service in ("s3", "sqs", "sns", "dynamodb"))
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=LARGE)
    s3.put_object(Bucket="bucket", Key="small", Body=b"small", Metadata={"color": "red"})
    queue = sqs.create_queue(QueueName="near")["QueueUrl"]
    platform.client("sqs", region_name="eu-west-1").create_queue(QueueName="far")
    sqs.send_message(QueueUrl=queue, MessageBody="direct")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    dynamodb.create_table(
        TableName="table",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="table", Item={"id": {"S": "1"}, "n": {"N": "7"}})
    platform.client("ssm").put_parameter(Name="/parameter", Value="value", Type="String")
    autoscaling = platform.client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="launch", ImageId="ami-12345678", InstanceType="t2.micro"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="group",
        LaunchConfigurationName="launch",
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )
    key = platform.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    return str(key["KeyMetadata"]["KeyId"])


def check(platform: Platform, key_id: str) -> None:
    s3, sqs = platform.client("s3"), platform.client("sqs")
    topic = platform.client("sns").list_topics()["Topics"][0]["TopicArn"]
    platform.client("sns").publish(TopicArn=topic, Message="through the topic")  # finds a queue not looked at yet
    queue = sqs.get_queue_url(QueueName="near")["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == ["direct", "through the topic"]
    assert s3.get_object(Bucket="bucket", Key="large")["Body"].read() == LARGE
    small = s3.get_object(Bucket="bucket", Key="small")
    assert (small["Body"].read(), small["Metadata"]) == (b"small", {"color": "red"})
    item = platform.client("dynamodb").get_item(TableName="table", Key={"id": {"S": "1"}})["Item"]
    assert item == {"id": {"S": "1"}, "n": {"N": "7"}}
    assert platform.client("ssm").get_parameter(Name="/parameter")["Parameter"]["Value"] == "value"
    kms = platform.client("kms")
    kept = {"KeyId": key_id, "Message": b"text", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    assert kms.verify(Signature=kms.sign(**kept)["Signature"], **kept)["SignatureValid"]
    # the group and EC2 have the same instance, not two copies of it
    (instance,) = platform.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    platform.client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
    left = platform.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    assert instance["InstanceId"] not in [each["InstanceId"] for each in left]


def test_a_key_that_was_issued_before_belongs_to_its_account_from_the_first_call_on(
    start: Callable[..., Platform],
) -> None:
    first = start(PERSISTENCE="1")
    iam = first.client("iam", aws_access_key_id="111111111111")
    iam.create_user(UserName="jane")
    key = iam.create_access_key(UserName="jane")["AccessKey"]
    assert first.signal() == 0

    issued = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    queue = start(PERSISTENCE="1").client("sqs", **issued).create_queue(QueueName="queue")["QueueUrl"]
    assert queue.endswith("/111111111111/queue")


def test_without_persistence_nothing_is_kept(start: Callable[..., Platform], home: Home) -> None:
    platform = start()
    platform.client("sqs").create_queue(QueueName="queue")
    assert platform.signal() == 0
    assert not snapshot_of(home).exists()


def test_a_start_with_saved_state_imports_moto_only_when_it_is_asked_for(
    start: Callable[..., Platform], home: Home
) -> None:
    home.write_extension(
        "modules",
        """
        import sys
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "modules"
            def update_gateway_routes(self, router):
                router.add("/modules", lambda request: sorted(sys.modules))
        """,
    )
    first = start(PERSISTENCE="1")
    first.client("sqs").create_queue(QueueName="queue")
    first.client("sns").create_topic(Name="topic")
    first.signal()
    second = start(PERSISTENCE="1")
    assert not [name for name in second.get("/modules").json() if name.partition(".")[0] in ("moto", "botocore")]
    assert queue_names(second) == ["queue"]
    assert "moto.sns.models" not in second.get("/modules").json()
    second.signal()
    third = start(PERSISTENCE="1", SNAPSHOT_LOAD_STRATEGY="ON_STARTUP")
    assert {"moto.sqs.models", "moto.sns.models"} <= set(third.get("/modules").json())


def test_many_first_calls_at_once_see_all_of_the_state(start: Callable[..., Platform]) -> None:
    save_a_queue(start)
    platform = start(PERSISTENCE="1")
    clients = [platform.client("sqs") for _ in range(16)]
    with ThreadPoolExecutor(len(clients)) as pool:
        urls = list(pool.map(lambda client: client.get_queue_url(QueueName="queue")["QueueUrl"], clients * 4))
    assert len(urls) == 64
    assert len(set(urls)) == 1


def test_a_kill_at_any_step_of_a_save_leaves_what_was_saved_last(start: Callable[..., Platform], home: Home) -> None:
    """An extension kills the platform at one step after the other, until a save has no more steps."""
    home.write_extension(
        "killer",
        """
        import os, signal, sys
        from localstack.extensions.api import Extension

        folder, step = os.environ["STATE_FOLDER"], int(os.environ["KILL_AT_STEP"])
        steps = 0

        def count(event, arguments):
            global steps
            if event in ("open", "os.rename", "os.remove") and str(arguments[0]).startswith(folder):
                is_write = event != "open" or arguments[1] is None or arguments[2] & (os.O_WRONLY | os.O_RDWR)
                steps += bool(is_write)
                if steps == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        class TheExtension(Extension):
            name = "killer"
            def on_platform_ready(self):
                sys.addaudithook(count)
        """,
    )
    settings = {"PERSISTENCE": "1", "SNAPSHOT_SAVE_STRATEGY": "ON_SHUTDOWN", "STATE_FOLDER": str(snapshot_of(home))}
    first = start(**settings, KILL_AT_STEP="-1")
    first.client("sqs").create_queue(QueueName="queue-00")
    assert first.signal() == 0
    saved = ["queue-00"]
    for step in count(1):
        platform = start(**settings, KILL_AT_STEP=str(step))
        assert queue_names(platform) in (saved, [*saved, f"queue-{step - 1:02}"]), f"killed at step {step - 1}"
        saved = queue_names(platform)
        platform.client("sqs").create_queue(QueueName=f"queue-{step:02}")
        if step % 2:
            platform.process.terminate()
        else:
            with suppress(requests.ConnectionError):
                platform.request("POST", "/_localstack/state/save")
                platform.process.terminate()
        if platform.process.wait(30) == 0:
            break
    assert step > 5
    last = start(PERSISTENCE="1", STATE_FOLDER="/nowhere", KILL_AT_STEP="-1")
    assert queue_names(last) == [*saved, f"queue-{step:02}"]
    assert {path.name for path in snapshot_of(home).iterdir()} == {
        "manifest.json",
        *(section["pickle"] for section in manifest_of(home)["sections"]),
    }


def test_what_was_saved_meanwhile_outlives_a_kill_of_the_platform(start: Callable[..., Platform], home: Home) -> None:
    first = start(PERSISTENCE="1", SNAPSHOT_SAVE_STRATEGY="ON_REQUEST")
    first.client("sqs").create_queue(QueueName="queue")
    wait_for_section("sqs", home, first)
    first.signal(signal.SIGKILL)
    assert queue_names(start(PERSISTENCE="1")) == ["queue"]


def test_a_snapshot_of_another_moto_is_refused_with_a_reason_and_kept(
    start: Callable[..., Platform], home: Home
) -> None:
    save_a_queue(start)
    content = rewrite(home, lambda manifest: manifest.update(moto="4.0.1"))
    second = start(PERSISTENCE="1")
    line = second.wait_for("was saved with moto 4.0.1; this is moto 5")
    assert f"it is kept as {kept_of(home)}" in line
    assert queue_names(second) == []
    second.client("sqs").create_queue(QueueName="new")
    second.signal()
    assert contents(kept_of(home)) == content
    assert queue_names(start(PERSISTENCE="1")) == ["new"]


def test_a_damaged_section_is_reported_and_kept_and_the_others_are_read(
    start: Callable[..., Platform], home: Home
) -> None:
    first = start(PERSISTENCE="1")
    first.client("sqs").create_queue(QueueName="queue")
    first.client("ssm").put_parameter(Name="name", Value="unmistakable", Type="String")
    first.signal()
    part = snapshot_of(home) / section_of("ssm", home)["pickle"]
    part.write_bytes(part.read_bytes().replace(b"unmistakable", b"unmistakablE"))
    damaged = contents(snapshot_of(home))
    second = start(PERSISTENCE="1")
    assert second.client("ssm").describe_parameters()["Parameters"] == []
    second.wait_for(f"the state of ssm can't be read: .*its checksum is wrong; it is kept as {kept_of(home)}")
    assert queue_names(second) == ["queue"]
    second.client("sqs").create_queue(QueueName="other")
    second.signal()
    assert contents(kept_of(home)) == damaged
    assert "Traceback" not in second.log


def test_a_snapshot_that_is_not_loaded_is_kept_when_the_next_one_takes_its_place(
    start: Callable[..., Platform], home: Home
) -> None:
    save_a_queue(start)
    content = contents(snapshot_of(home))
    second = start(PERSISTENCE="1", SNAPSHOT_LOAD_STRATEGY="MANUAL")
    assert queue_names(second) == []
    second.client("sqs").create_queue(QueueName="new")
    second.signal()
    assert contents(kept_of(home)) == content
    third = start(PERSISTENCE="1", SNAPSHOT_LOAD_STRATEGY="MANUAL")
    assert third.request("POST", "/_localstack/state/load").json()["status"] == "ok"
    assert queue_names(third) == ["new"]


def test_a_service_that_can_not_be_saved_is_named_and_what_was_saved_of_it_is_kept(
    start: Callable[..., Platform], home: Home
) -> None:
    home.write_extension(
        "spoiler",
        """
        from localstack.extensions.api import Extension

        class TheExtension(Extension):
            name = "spoiler"
            def update_gateway_routes(self, router):
                router.add("/spoil", self.spoil)
            def spoil(self, request):
                from moto.sqs.models import sqs_backends
                sqs_backends["000000000000"]["us-east-1"].spoiled = (number for number in range(3))
                return "spoiled"
        """,
    )
    first = start(PERSISTENCE="1")
    first.client("sqs").create_queue(QueueName="queue")
    first.client("ssm").put_parameter(Name="name", Value="value", Type="String")
    first.request("POST", "/_localstack/state/save")
    whole = contents(snapshot_of(home))
    first.get("/spoil")
    answer = first.request("POST", "/_localstack/state/save").json()
    assert (answer["status"], list(answer["lost"])) == ("ok", ["sqs"])
    assert "generator" in answer["lost"]["sqs"]
    first.wait_for("the state of sqs is not in emulation: TypeError: .*generator")
    assert "ssm" in answer["services"]
    assert contents(kept_of(home)) == whole
    assert first.signal() == 0
    second = start(PERSISTENCE="1")
    assert queue_names(second) == []
    assert second.client("ssm").get_parameter(Name="name")["Parameter"]["Value"] == "value"


def test_a_snapshot_that_can_not_be_loaded_is_kept_and_what_is_there_now_does_not_replace_it(
    start: Callable[..., Platform], home: Home
) -> None:
    save_a_queue(start)

    def name_another_class(manifest: dict[str, Any]) -> None:
        for section in manifest["sections"]:
            section["keys"] = ["moto.sqs.models:NoSuchBackend"]

    content = rewrite(home, name_another_class)
    second = start(PERSISTENCE="1", SNAPSHOT_LOAD_STRATEGY="ON_STARTUP")
    assert "can't be loaded" in second.wait_for("the saved state is not used")
    second.client("sqs").create_queue(QueueName="other")
    second.signal()
    assert contents(kept_of(home)) == content
    assert "Traceback" not in second.log
