"""sqs-admin: a page that manages queues, by a program of its own that calls port 4566."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home


def prepare(home: Home) -> Mapping[str, str]:
    return {"SQS_AWS_REGION": "us-east-1"}


def check(visit: Visit) -> None:
    visit.client("sqs").create_queue(QueueName="looked-after")
    page = visit.get_until(200, "/_extension/sqs-admin/")
    assert "<html" in page.text
    assert visit.get("/", "sqs-admin").status_code == 200
    listed = visit.request("GET", "/sqs", "sqs-admin")
    assert "looked-after" in listed.text, listed.text


PUBLISHED = Published("sqs-admin", "sqs-admin", Tier.API, check, prepare, ports=(4566, 3999))
