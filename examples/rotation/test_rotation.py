"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import json
import os
from typing import Any
from uuid import uuid4

import boto3
import pytest
import requests

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")


@pytest.fixture
def secrets() -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("secretsmanager", "us-east-1", endpoint_url=URL, **keys)


def test_a_secret_changes_by_itself_when_its_time_has_come(secrets: Any) -> None:
    name = f"app/{uuid4()}"
    tags = [{"Key": "rotate-every-seconds", "Value": "0"}]
    first = secrets.create_secret(Name=name, SecretString='{"user": "app", "password": "first"}', Tags=tags)
    while (value := secrets.get_secret_value(SecretId=name))["VersionId"] == first["VersionId"]:
        pass
    secrets.untag_resource(SecretId=name, TagKeys=["rotate-every-seconds"])
    document = json.loads(value["SecretString"])
    assert document["user"] == "app"
    assert len(document["password"]) == 32


def test_a_secret_is_rotated_on_demand_and_the_old_value_stays_as_the_previous_one(secrets: Any) -> None:
    name = f"key/{uuid4()}"
    secrets.create_secret(Name=name, SecretString="old")
    answer = requests.post(f"{URL}/rotation/{name}", timeout=10).json()
    assert answer["name"] == name
    current = secrets.get_secret_value(SecretId=name)
    assert current["VersionId"] == answer["version"]
    assert current["SecretString"] != "old"
    assert secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "old"


def test_a_secret_that_is_not_there_is_named() -> None:
    answer = requests.post(f"{URL}/rotation/nothing", timeout=10)
    assert (answer.status_code, answer.text) == (404, "there is no secret nothing\n")
