"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
import requests
from botocore.exceptions import ClientError

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
MODELS = Path(__file__).parent / "leanto_flags" / "data"


def client(region: str = "us-east-1") -> Any:
    """A client of the service, as ``AWS_DATA_PATH`` gives it to every boto3 and to the AWS command line."""
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return session.create_client("flags", region, endpoint_url=f"{URL}/flags", **keys)


def test_flags_are_put_read_listed_and_deleted() -> None:
    flags = client()
    assert flags.put_flag(Name="search", Rollout=50)["Flag"] == {"Name": "search", "Rollout": 50}
    flags.put_flag(Name="basket")
    assert [flag["Name"] for flag in flags.list_flags()["Flags"]] == ["basket", "search"]
    flags.delete_flag(Name="basket")
    with pytest.raises(flags.exceptions.ResourceNotFoundException, match="there is no flag 'basket'"):
        flags.get_flag(Name="basket")
    assert client("eu-west-1").list_flags()["Flags"] == []


def test_a_flag_is_on_for_its_share_of_the_subjects_and_stays_so_for_each() -> None:
    flags = client()
    flags.put_flag(Name="checkout", Rollout=40)
    subjects = [f"user-{number}" for number in range(100)]
    first, second = ([flags.evaluate_flag(Name="checkout", Subject=s)["Enabled"] for s in subjects] for _ in "ab")
    assert first == second
    assert 20 < sum(first) < 60
    flags.put_flag(Name="checkout", Rollout=100)
    assert flags.evaluate_flag(Name="checkout", Subject="user-1")["Enabled"] is True


def test_what_makes_no_sense_is_an_error_of_the_service() -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Rollout is 101"):
        client().put_flag(Name="search", Rollout=101)


def test_it_has_a_host_too() -> None:
    host = f"flags.localhost.localstack.cloud:{urlsplit(URL).port}"
    headers = {"Host": host, "X-Amz-Target": "Flags.Nonsense"}
    answer = requests.post(URL, headers=headers, data="{}", timeout=10)
    assert answer.status_code == 400
    assert answer.json() == {"__type": "UnknownOperationException", "message": "there is no operation 'Nonsense'"}
