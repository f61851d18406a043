"""Against a platform that runs with the extension: ``AWS_ENDPOINT_URL``, without it http://localhost:4566."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

URL = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")
FAULTS = f"{URL}/_localstack/chaos/faults"


def client(service: str, region: str = "eu-north-1") -> Any:
    no_retries = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region, endpoint_url=URL, config=no_retries, **keys)


@pytest.fixture(autouse=True)
def no_rules() -> Iterator[None]:
    requests.post(FAULTS, json=[], timeout=10)
    yield
    requests.post(FAULTS, json=[], timeout=10)


def test_calls_fail_as_the_rules_say_and_others_do_not() -> None:
    rule = {"service": "sqs", "region": "eu-north-1", "error": {"statusCode": 400, "code": "OverLimit"}}
    assert requests.post(FAULTS, json=[rule], timeout=10).json() == [{"probability": 1.0} | rule]
    with pytest.raises(ClientError, match="OverLimit") as failed:
        client("sqs").list_queues()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    client("sqs", "eu-west-3").list_queues()
    client("sns").list_topics()
    requests.patch(FAULTS, json=[{"service": "sns", "operation": "ListTopics"}], timeout=10)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        client("sns").list_topics()
    client("sns").list_subscriptions()
    assert requests.delete(FAULTS, json=[rule], timeout=10).json() == requests.get(FAULTS, timeout=10).json()
    client("sqs").list_queues()


def test_a_probability_lets_some_calls_through() -> None:
    requests.post(FAULTS, json=[{"service": "sts", "probability": 0.5}], timeout=10)
    sts = client("sts")
    outcomes: set[str] = set()
    while len(outcomes) < 2:
        try:
            sts.get_caller_identity()
            outcomes.add("answered")
        except ClientError:
            outcomes.add("failed")


def test_a_rule_that_makes_no_sense_is_refused_and_changes_nothing() -> None:
    requests.post(FAULTS, json=[{"service": "sns"}], timeout=10)
    refused = requests.post(FAULTS, json=[{"service": "sqs"}, {"probability": 2}], timeout=10)
    assert (refused.status_code, refused.text) == (400, "rule 2: probability is 2 and has to be from 0 to 1\n")
    assert [rule["service"] for rule in requests.get(FAULTS, timeout=10).json()] == ["sns"]


def test_latency_is_set_and_read() -> None:
    effects = f"{URL}/_localstack/chaos/effects"
    assert requests.post(effects, json={"latency": 1}, timeout=10).json() == {"latency": 1}
    client("sts").get_caller_identity()
    assert requests.post(effects, json={"latency": "soon"}, timeout=10).status_code == 400
    assert requests.post(effects, json={"latency": 0}, timeout=10).json() == {"latency": 0}
