"""awscli-local: ``awslocal`` finds the platform by either of its variables."""

from __future__ import annotations

import json
import subprocess

from platforms import Platform


def awslocal(*arguments: str, **environ: str) -> str:
    command = ["awslocal", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=True).stdout


def test_by_endpoint_url(platform: Platform, tools: dict[str, str]) -> None:
    assert awslocal("s3", "mb", "s3://demo", **tools, AWS_ENDPOINT_URL=platform.url) == "make_bucket: demo\n"
    assert "demo" in [bucket["Name"] for bucket in platform.client("s3").list_buckets()["Buckets"]]


def test_by_host(platform: Platform, tools: dict[str, str]) -> None:
    printed = awslocal(
        "sqs", "create-queue", "--queue-name", "demo", **tools, LOCALSTACK_HOST=f"localhost:{platform.port}"
    )
    assert json.loads(printed)["QueueUrl"] == f"http://localhost:{platform.port}/000000000000/demo"
