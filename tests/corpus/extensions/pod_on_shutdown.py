"""pod-on-shutdown: saves the AWS state in a pod when the platform ends."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home

POD = "corpus"


def prepare(home: Home) -> Mapping[str, str]:
    return {"AUTO_SAVE_POD": POD}


def check(visit: Visit) -> None:
    visit.client("s3").create_bucket(Bucket="kept")


def check_gone(visit: Visit) -> None:
    """It has saved a pod, in which the bucket is."""
    s3 = visit.client("s3")
    s3.delete_bucket(Bucket="kept")
    loaded = visit.request("PUT", f"/_localstack/pods/{POD}")
    assert loaded.status_code == 200, loaded.text
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["kept"]


PUBLISHED = Published(
    "localstack-extension-pod-on-shutdown",
    "pod-on-shutdown",
    Tier.TOOLS,
    check,
    prepare,
    ports=(4566,),  # where its client expects the platform
    check_gone=check_gone,
)
