"""State over HTTP: reset, save, load, list, and pods with the clients that are published for them."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.sdk.api import PodsApi, StateApi
from localstack.sdk.api_client import ApiClient
from localstack.sdk.configuration import Configuration
from localstack.sdk.exceptions import NotFoundException
from localstack.sdk.models import RemoteConfig
from localstack.sdk.pods import PodsClient
from localstack.sdk.pods.exceptions import PodLoadException
from localstack.sdk.state import StateClient
from platforms import Home, Platform, platforms_of


@pytest.fixture(scope="module")
def home_of_all(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def _running(home_of_all: Home) -> Iterator[Platform]:
    with platforms_of(home_of_all) as start_here:
        yield start_here()


@pytest.fixture
def platform(_running: Platform) -> Platform:
    """A running platform that holds nothing."""
    assert _running.request("POST", "/_localstack/state/reset").json() == {"status": "ok"}
    return _running


def queues(platform: Platform, **client: str) -> list[str]:
    urls = platform.client("sqs", **client).list_queues().get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in urls)


def topics(platform: Platform) -> list[str]:
    return [topic["TopicArn"].rpartition(":")[2] for topic in platform.client("sns").list_topics()["Topics"]]


def fill(platform: Platform) -> None:
    platform.client("sqs").create_queue(QueueName="queue")
    platform.client("sns").create_topic(Name="topic")
    platform.client("s3").create_bucket(Bucket="bucket")


def test_reset_forgets_everything(platform: Platform) -> None:
    fill(platform)
    StateClient(host=platform.url).reset_state()
    assert (queues(platform), topics(platform)) == ([], [])
    platform.client("s3", aws_access_key_id="1" * 12).create_bucket(Bucket="bucket")  # the name is free for all


@pytest.mark.parametrize("path", ["reset/sqs", "sqs/reset"])
def test_reset_of_one_service_leaves_the_others_alone(path: str, platform: Platform) -> None:
    fill(platform)
    assert platform.request("POST", f"/_localstack/state/{path}").status_code == 200
    assert (queues(platform), topics(platform)) == ([], ["topic"])


def test_reset_of_an_unknown_service_is_404_and_says_so(platform: Platform) -> None:
    fill(platform)
    answer = platform.request("POST", "/_localstack/state/reset/sqqs")
    assert answer.status_code == 404
    assert answer.json() == {"status": "error", "message": "there is no service 'sqqs' in the emulation"}
    assert queues(platform) == ["queue"]


@pytest.mark.parametrize("path", ["reset", "save", "load"])
def test_get_changes_nothing(path: str, platform: Platform) -> None:
    fill(platform)
    assert platform.get(f"/_localstack/state/{path}").status_code == 405
    assert queues(platform) == ["queue"]


def test_resources_are_listed_by_their_type(platform: Platform) -> None:
    assert platform.get("/_localstack/resources").text == ""
    fill(platform)
    platform.client("sns", region_name="eu-west-1", aws_access_key_id="1" * 12).create_topic(Name="far")
    answer = platform.get("/_localstack/resources")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    found: dict[str, Any] = {}
    for line in answer.text.splitlines():
        found |= json.loads(line)
    assert found["AWS::S3::Bucket"] == [{"region_name": "us-east-1", "account_id": "000000000000", "id": "bucket"}]
    assert [resource["region_name"] for resource in found["AWS::SNS::Topic"]] == ["us-east-1", "eu-west-1"]
    assert found["AWS::SNS::Topic"][1]["id"] == f"arn:aws:sns:eu-west-1:{'1' * 12}:far"


def test_state_is_saved_and_loaded_on_request(platform: Platform, home_of_all: Home) -> None:
    shutil.rmtree(home_of_all.volume / "state" / "emulation", ignore_errors=True)
    nothing = platform.request("POST", "/_localstack/state/load")
    assert nothing.status_code == 404
    assert "there is no snapshot" in nothing.json()["message"]
    fill(platform)
    saved = platform.request("POST", "/_localstack/state/save").json()
    assert (saved["status"], saved["lost"]) == ("ok", {})
    assert {"s3", "sns", "sqs"} <= set(saved["services"])
    platform.client("sqs").create_queue(QueueName="after")
    assert platform.request("POST", "/_localstack/state/load").json() == saved
    assert queues(platform) == ["queue"]


def test_a_snapshot_that_others_may_write_is_not_loaded(platform: Platform, home_of_all: Home) -> None:
    fill(platform)
    platform.request("POST", "/_localstack/state/save")
    snapshot = home_of_all.volume / "state" / "emulation" / "manifest.json"
    snapshot.chmod(0o622)
    answer = platform.request("POST", "/_localstack/state/load")
    assert answer.status_code == 409
    assert f"{snapshot} can be written by others; if you trust it: chmod go-w" in answer.json()["message"]
    assert queues(platform) == ["queue"]


@pytest.mark.parametrize("damage", ["manifest", "pickle", "missing"])
def test_a_damaged_snapshot_is_not_loaded(damage: str, platform: Platform, home_of_all: Home) -> None:
    fill(platform)
    folder = home_of_all.volume / "state" / "emulation"
    shutil.rmtree(folder, ignore_errors=True)
    platform.request("POST", "/_localstack/state/save")
    manifest = folder / "manifest.json"
    part = folder / json.loads(manifest.read_bytes())["sections"][0]["pickle"]
    if damage == "missing":
        part.unlink()
    else:
        path = manifest if damage == "manifest" else part
        path.write_bytes(path.read_bytes()[:-30])
    answer = platform.request("POST", "/_localstack/state/load")
    assert (answer.status_code, queues(platform)) == (409, ["queue"])
    assert str(folder) in answer.json()["message"]
    assert platform.request("POST", "/_localstack/state/save").json()["status"] == "ok"
    assert platform.request("POST", "/_localstack/state/load").json()["status"] == "ok"


def test_a_snapshot_that_can_not_be_written_is_an_error_that_says_why(platform: Platform, home_of_all: Home) -> None:
    pods = home_of_all.volume / "state" / "pods"
    assert not pods.is_file()
    if pods.is_dir():
        for file in pods.iterdir():
            file.unlink()
        pods.rmdir()
    pods.write_text("a file in the way")
    event = platform.request("POST", "/_localstack/pods/any").json()
    pods.unlink()
    assert (event["event"], event["status"]) == ("completion", "error")
    assert "can't be saved as" in event["message"]


def test_one_service_is_saved_and_loaded_by_the_published_client(platform: Platform, home_of_all: Home) -> None:
    shutil.rmtree(home_of_all.volume / "state" / "emulation", ignore_errors=True)
    state = StateApi(ApiClient(Configuration(host=platform.url)))
    fill(platform)
    assert state.localstack_state_save_post().status == "ok"
    platform.client("sqs").create_queue(QueueName="later")
    platform.client("sns").create_topic(Name="later")
    state.localstack_state_service_save_post("sqs")
    platform.request("POST", "/_localstack/state/reset")
    assert state.localstack_state_load_post().status == "ok"
    assert (queues(platform), topics(platform)) == (["later", "queue"], ["topic"])

    platform.client("sqs").create_queue(QueueName="unsaved")
    platform.client("sns").create_topic(Name="unsaved")
    state.localstack_state_service_load_post("sqs")
    assert (queues(platform), topics(platform)) == (["later", "queue"], ["topic", "unsaved"])
    assert platform.request("POST", "/_localstack/state/save/sqs").json()["service"] == "sqs"


@pytest.mark.parametrize("action", ["save", "load"])
def test_a_service_that_there_is_not_is_404_for_the_published_client(action: str, platform: Platform) -> None:
    fill(platform)
    state = StateApi(ApiClient(Configuration(host=platform.url)))
    with pytest.raises(NotFoundException, match="there is no service 'sqqs' in the emulation"):
        getattr(state, f"localstack_state_service_{action}_post")("sqqs")
    assert queues(platform) == ["queue"]


def test_loading_a_service_that_was_not_saved_is_404_and_changes_nothing(platform: Platform) -> None:
    platform.request("POST", "/_localstack/state/save")
    fill(platform)
    answer = platform.request("POST", "/_localstack/state/sqs/load")
    assert (answer.status_code, queues(platform)) == (404, ["queue"])
    assert "holds nothing of sqs" in answer.json()["message"]


def test_the_published_client_saves_lists_loads_and_deletes_pods(platform: Platform) -> None:
    pods = PodsClient(host=platform.url)
    fill(platform)
    pods.save_pod("full")
    platform.request("POST", "/_localstack/state/reset")
    pods.save_pod("empty")
    assert {"empty", "full"} <= {pod.pod_name for pod in pods.list_pods().cloudpods}
    pods.load_pod("full")
    assert (queues(platform), topics(platform)) == (["queue"], ["topic"])
    pods.load_pod("empty")
    assert queues(platform) == ["queue"]
    pods.delete_pod("full")
    assert "full" not in [pod.pod_name for pod in pods.list_pods().cloudpods]
    with pytest.raises(PodLoadException, match="there is no snapshot"):
        pods.load_pod("full")
    assert platform.request("DELETE", "/_localstack/pods/full").status_code == 404


def two_accounts(platform: Platform, *names: str) -> None:
    """Queues, buckets and topics of some names in one account, the queues in another and in another region, too."""
    for name in names:
        platform.client("sqs").create_queue(QueueName=name)
        platform.client("sqs", region_name="eu-west-1").create_queue(QueueName=f"{name}-west")
        platform.client("sqs", aws_access_key_id="1" * 12).create_queue(QueueName=f"{name}-other")
        platform.client("s3").create_bucket(Bucket=name)
        platform.client("s3").put_object(Bucket=name, Key="key", Body=name.encode(), Tagging=f"name={name}")


@pytest.mark.parametrize(
    ("merge", "near", "west", "other", "buckets"),
    [
        ("overwrite", ["both", "pod"], [], [], ["both", "pod"]),
        ("account-region-merge", ["both", "pod"], ["here-west"], ["here-other"], ["both", "pod"]),
        ("service-merge", ["both", "here", "pod"], ["here-west"], ["here-other"], ["both", "here", "pod"]),
    ],
)
def test_a_pod_meets_what_is_there(
    merge: str, near: list[str], west: list[str], other: list[str], buckets: list[str], platform: Platform
) -> None:
    """``both`` is a queue and a bucket in the pod, and another queue and bucket here."""
    s3, sqs = platform.client("s3"), platform.client("sqs")
    for name in ("pod", "both"):
        sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="key", Body=b"from the pod", Tagging="from=pod")
    PodsClient(host=platform.url).save_pod("met")
    platform.request("POST", "/_localstack/state/reset")
    platform.client("iam").create_user(UserName="user")
    sqs.create_queue(QueueName="both", Attributes={"DelaySeconds": "2"})
    s3.create_bucket(Bucket="both")
    s3.put_object(Bucket="both", Key="key", Body=b"from here")
    two_accounts(platform, "here")

    pods = PodsApi(ApiClient(Configuration(host=platform.url)))
    pods.load_pod("met", merge=merge, remote_config=RemoteConfig(oneof_schema_1_validator={}, actual_instance={}))
    assert queues(platform) == near
    assert queues(platform, region_name="eu-west-1") == west
    assert queues(platform, aws_access_key_id="1" * 12) == other
    assert sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"]) == buckets
    url = sqs.get_queue_url(QueueName="both")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes["DelaySeconds"] == "1"
    assert s3.get_object(Bucket="both", Key="key")["Body"].read() == b"from the pod"
    for name in buckets:
        tags = s3.get_object_tagging(Bucket=name, Key="key")["TagSet"]
        assert tags == ([{"Key": "name", "Value": "here"}] if name == "here" else [{"Key": "from", "Value": "pod"}])
    assert [user["UserName"] for user in platform.client("iam").list_users()["Users"]] == (
        [] if merge == "overwrite" else ["user"]
    )
    for queue in near:
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody="still works")
    s3.create_bucket(Bucket="new")
    assert platform.request("POST", "/_localstack/state/save").json()["lost"] == {}
    assert platform.request("POST", "/_localstack/state/load").json()["status"] == "ok"
    assert queues(platform) == near
    assert sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"]) == sorted([*buckets, "new"])


def test_a_merge_strategy_that_there_is_not_changes_nothing(platform: Platform) -> None:
    fill(platform)
    assert platform.request("POST", "/_localstack/pods/one").json()["status"] == "ok"
    platform.client("sqs").create_queue(QueueName="other")
    merged = platform.request("PUT", "/_localstack/pods/one?merge=by-magic")
    assert (merged.status_code, merged.json()["status"]) == (400, "error")
    assert "account-region-merge, overwrite, service-merge" in merged.json()["message"]
    assert queues(platform) == ["other", "queue"]


def test_the_name_of_a_pod_does_not_lead_out_of_its_folder(platform: Platform) -> None:
    outside = platform.request("POST", "/_localstack/pods/..")
    assert outside.status_code == 404 or outside.json()["status"] == "error"
    named = platform.request("POST", "/_localstack/pods/.hidden").json()
    assert "'.hidden' can't name a pod" in named["message"]


def test_calls_go_on_while_state_is_saved_and_none_is_lost(platform: Platform) -> None:
    sqs = platform.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    done = threading.Event()
    statuses: set[int] = set()

    def save() -> None:
        while not done.is_set():
            statuses.add(platform.request("POST", "/_localstack/state/save").status_code)

    saver = threading.Thread(target=save)
    saver.start()
    for number in range(150):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    done.set()
    saver.join()
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == "150"
    assert statuses == {200}


def test_a_long_poll_does_not_hold_a_save(platform: Platform) -> None:
    url = platform.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    received: list[str] = []

    def poll() -> None:
        answer = platform.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        received.extend(message["Body"] for message in answer["Messages"])

    poller = threading.Thread(target=poll)
    poller.start()
    assert platform.request("POST", "/_localstack/state/save").json()["status"] == "ok"
    platform.client("sqs").send_message(QueueUrl=url, MessageBody="late")
    poller.join(15)
    assert received == ["late"]


def test_a_pod_is_saved_by_an_extension_that_shuts_down(start: Callable[..., Platform], home: Home) -> None:
    home.write_extension(
        "saver",
        """
        from localstack import config
        from localstack.extensions.api import Extension
        from localstack.sdk.pods import PodsClient

        class TheExtension(Extension):
            name = "saver"
            def on_platform_shutdown(self):
                PodsClient(host=config.internal_service_url()).save_pod("last")
        """,
    )
    first = start()
    first.client("sqs").create_queue(QueueName="queue")
    assert first.signal() == 0
    second = start()
    loaded = second.request("PUT", "/_localstack/pods/last").json()
    assert loaded["status"] == "ok", loaded
    assert queues(second) == ["queue"]
    with pytest.raises(ClientError, match="NotFound"):
        second.client("sns").get_topic_attributes(TopicArn="arn:aws:sns:us-east-1:000000000000:topic")
