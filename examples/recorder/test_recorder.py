"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
CALLS = f"{URL}/recorder/calls"


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "111122223333", "aws_secret_access_key": "test"}
    return boto3.client(service, "eu-central-1", endpoint_url=URL, **keys)


def test_calls_are_recorded_with_parameters_answers_and_errors() -> None:
    requests.delete(CALLS, timeout=10)
    queue = client("sqs").create_queue(QueueName="tape")["QueueUrl"]
    with pytest.raises(ClientError):
        client("sqs").get_queue_url(QueueName="nowhere")
    created, failed = requests.get(CALLS, timeout=10).json()
    assert (created["service"], created["operation"], created["region"]) == ("sqs", "CreateQueue", "eu-central-1")
    assert (created["parameters"]["QueueName"], created["answer"]["QueueUrl"]) == ("tape", queue)
    assert (failed["operation"], failed["error"]) == ("GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue")


def test_the_script_makes_the_same_state_again(tmp_path: Path) -> None:
    s3, logs = client("s3"), client("logs")
    requests.delete(CALLS, timeout=10)
    s3.create_bucket(Bucket="tape", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="tape", Key="a b", Body=b"\x00'bytes\"", Expires=datetime(2030, 1, 2, tzinfo=UTC))
    logs.create_log_group(logGroupName="tape", tags={"made": "by hand"})
    script = tmp_path / "script.py"
    script.write_text(requests.get(f"{URL}/recorder/script", timeout=10).text)
    s3.delete_object(Bucket="tape", Key="a b")
    s3.delete_bucket(Bucket="tape")
    logs.delete_log_group(logGroupName="tape")
    subprocess.run([sys.executable, script, URL], check=True, timeout=60)
    assert s3.get_object(Bucket="tape", Key="a b")["Body"].read() == b"\x00'bytes\""
    assert logs.list_tags_log_group(logGroupName="tape")["tags"] == {"made": "by hand"}


def test_the_script_of_one_service_leaves_the_others_out() -> None:
    requests.delete(CALLS, timeout=10)
    client("sts").get_caller_identity()
    client("sns").list_topics()
    script = requests.get(f"{URL}/recorder/script", params={"service": "sns"}, timeout=10).text
    assert "client('sns', 'eu-central-1', '111122223333').list_topics()" in script
    assert "sts" not in script
