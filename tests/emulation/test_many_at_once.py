"""Mixed calls from 64 connections over three accounts and two regions: nothing lost, nothing mixed up.

``LEANTO_SOAK=1`` makes 10,000 calls of the thousand.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from platforms import Platform

CONNECTIONS = 64
CALLS = 10_000 if os.environ.get("LEANTO_SOAK") == "1" else 1_000
PLACES = tuple(product(("111111111111", "222222222222", "333333333333"), ("eu-west-1", "us-east-1")))
"""Account and region."""


@dataclass
class Connection:
    """One connection to the platform that speaks for one account in one region, and counts what it has done."""

    port: int
    number: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.account, self.region = PLACES[self.number % len(PLACES)]
        self.bucket = f"bucket-{self.account}-{self.region}"
        self._http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def run(self, calls: int) -> Counter[str]:
        """Make so many calls, each of another kind than the one before, and check each answer."""
        kinds: tuple[Callable[[str], None], ...] = (self.send, self.put_item, self.ask_who, self.store, self.set)
        for call in range(calls):
            kind = kinds[(call + self.number) % len(kinds)]
            kind(f"{self.number}-{call}")
            self.done[kind.__name__] += 1
        self._http.close()
        return self.done

    def send(self, name: str) -> None:
        url = f"http://localhost/{self.account}/queue"
        sent = self.json("sqs", "AmazonSQS.SendMessage", {"QueueUrl": url, "MessageBody": name})
        assert sent["MD5OfMessageBody"] == hashlib.md5(name.encode()).hexdigest()

    def put_item(self, name: str) -> None:
        item = {"id": {"S": name}, "place": {"S": self.account + self.region}}
        self.json("dynamodb", "DynamoDB_20120810.PutItem", {"TableName": "table", "Item": item})
        got = self.json("dynamodb", "DynamoDB_20120810.GetItem", {"TableName": "table", "Key": {"id": item["id"]}})
        assert got["Item"] == item

    def ask_who(self, name: str) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/", "sts", b"Action=GetCallerIdentity&Version=2011-06-15", form)
        assert re.findall(rb"<Account>(\d+)</Account>", answer) == [self.account.encode()]

    def store(self, name: str) -> None:
        body = (name * 50 + self.account).encode()
        self.ask("PUT", f"/{self.bucket}/{name}", "s3", body)
        assert self.ask("GET", f"/{self.bucket}/{name}", "s3") == body

    def set(self, name: str) -> None:
        parameter = {"Name": f"/{name}", "Value": self.account + self.region, "Type": "String"}
        self.json("ssm", "AmazonSSM.PutParameter", parameter)
        got = self.json("ssm", "AmazonSSM.GetParameter", {"Name": f"/{name}"})
        assert got["Parameter"]["Value"] == self.account + self.region
        assert f":{self.region}:{self.account}:" in got["Parameter"]["ARN"]

    def json(self, service: str, target: str, parameters: object) -> Any:
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        return json.loads(self.ask("POST", "/", service, json.dumps(parameters).encode(), headers))

    def ask(
        self, method: str, path: str, service: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        scope = f"Credential={self.account}/20260101/{self.region}/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        self._http.request(method, path, body, signed | (headers or {}))
        response = self._http.getresponse()
        content = response.read()
        assert response.status == 200, content
        return content


def test_calls_from_64_connections_are_all_answered_and_kept_apart(start: Callable[..., Platform]) -> None:
    platform = start()
    for account, region in PLACES:
        _prepare(platform, account, region)
    connections = [Connection(platform.port, number) for number in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda connection: connection.run(CALLS // CONNECTIONS + 1), connections))
    for account, region in PLACES:
        ours = (made.done for made in connections if (made.account, made.region) == (account, region))
        done = sum(ours, Counter[str]())
        del done["ask_who"]  # leaves nothing behind
        assert _counts(platform, account, region) == done


def _prepare(platform: Platform, account: str, region: str) -> None:
    terms = {"aws_access_key_id": account, "region_name": region}
    platform.client("sqs", **terms).create_queue(QueueName="queue")
    platform.client("dynamodb", **terms).create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    platform.client("s3", **terms).create_bucket(Bucket=f"bucket-{account}-{region}", **place)


def _counts(platform: Platform, account: str, region: str) -> Counter[str]:
    """What the services hold of each kind."""
    terms = {"aws_access_key_id": account, "region_name": region}
    sqs, s3 = platform.client("sqs", **terms), platform.client("s3", **terms)
    url = sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    objects = s3.get_paginator("list_objects_v2").paginate(Bucket=f"bucket-{account}-{region}")
    parameters = platform.client("ssm", **terms).get_paginator("describe_parameters").paginate()
    return Counter(
        send=int(waiting["ApproximateNumberOfMessages"]),
        put_item=platform.client("dynamodb", **terms).scan(TableName="table", Select="COUNT")["Count"],
        store=sum(page["KeyCount"] for page in objects),
        set=sum(len(page["Parameters"]) for page in parameters),
    )
