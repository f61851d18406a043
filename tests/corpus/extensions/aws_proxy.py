"""aws-proxy: sends chosen AWS requests to a proxy. Another platform is what the proxy leads to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home, Platform, platforms_of

PROXIES = "/_localstack/aws/proxies"
CONFIGURATION = {"services": {"s3": {"resources": [".*"]}, "sqs": {"resources": [".*"], "read_only": True}}}


def check(visit: Visit) -> None:
    with other_cloud(visit) as cloud:
        added = visit.request("POST", PROXIES, json={"port": cloud.port, "config": CONFIGURATION})
        assert added.json() == {"port": cloud.port}
        check_proxied(visit)
        removed = visit.request("DELETE", f"{PROXIES}/{cloud.port}")
        assert removed.json() == {"removed": True}
        assert "in-the-cloud" not in [bucket["Name"] for bucket in visit.client("s3").list_buckets()["Buckets"]]
    page = visit.get("/_extension/aws-proxy/")
    assert page.status_code == 200
    assert "<html" in page.text


def check_proxied(visit: Visit) -> None:
    """All of S3 is the other cloud's; of SQS only what changes nothing."""
    assert [bucket["Name"] for bucket in visit.client("s3").list_buckets()["Buckets"]] == ["in-the-cloud"]
    sqs = visit.client("sqs")
    sqs.create_queue(QueueName="here")
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["in-the-cloud"]


@contextmanager
def other_cloud(visit: Visit) -> Iterator[Platform]:
    """A platform without extensions, with a bucket and a queue."""
    folder = visit.home.path / "cloud"
    folder.mkdir()
    with platforms_of(Home(folder, visit.home.python)) as start:
        cloud = start()
        cloud.client("s3").create_bucket(Bucket="in-the-cloud")
        cloud.client("sqs").create_queue(QueueName="in-the-cloud")
        yield cloud


PUBLISHED = Published("localstack-extension-aws-proxy", "aws-proxy", Tier.TOOLS, check)
