"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from websockets.sync.client import connect

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
PAGE = f"{URL}/_extension/dashboard/"


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, "ap-south-1", endpoint_url=URL, **keys)


def test_the_page_and_its_files_are_served() -> None:
    page = requests.get(PAGE, timeout=10)
    assert "<title>AWS calls</title>" in page.text
    for name in ("dashboard.js", "dashboard.css"):
        assert f"static/{name}" in page.text
        assert requests.get(f"{PAGE}static/{name}", timeout=10).status_code == 200


def test_calls_appear_on_every_open_page_as_they_happen() -> None:
    address = PAGE.replace("http", "ws", 1) + "events"
    with connect(address) as first, connect(address) as second:
        for page in (first, second):
            assert json.loads(page.recv(10)) == {"connected": True}
        client("sns").create_topic(Name="news")
        with pytest.raises(ClientError):
            client("sqs").get_queue_url(QueueName="nowhere")
        for page in (first, second):
            good, bad = (next_call(page) for _ in range(2))
            assert (good["service"], good["operation"], good["region"]) == ("sns", "CreateTopic", "ap-south-1")
            assert (good["status"], good["error"]) == (200, None)
            assert good["milliseconds"] > 0
            assert (bad["status"], bad["error"]) == (400, "AWS.SimpleQueueService.NonExistentQueue")


def next_call(page: Any) -> Any:
    """The next call of this test: other programs may be using the platform, too."""
    while (call := json.loads(page.recv(10)))["region"] != "ap-south-1":
        pass
    return call
