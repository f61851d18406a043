"""Stands in for terraform with its AWS provider: makes the buckets and queues of a project, where it is told to."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import boto3

folder = next((Path(a.removeprefix("-chdir=")) for a in sys.argv if a.startswith("-chdir=")), Path())
command = next(a for a in sys.argv[1:] if not a.startswith("-"))
project = "\n".join(file.read_text() for file in sorted(folder.glob("*.tf")))


def made_at(service: str) -> str:
    """The endpoint of a service, from the provider's settings in the project."""
    found = re.search(rf'\b{service}\s*=\s*"(http[^"]+)"', project)
    assert found, f"the project names no endpoint of {service}:\n{project}"
    return found[1]


def names(kind: str, attribute: str) -> list[str]:
    return re.findall(rf'resource\s+"{kind}"\s+"\w+"\s*{{[^}}]*\b{attribute}\s*=\s*"([^"]+)"', project)


def client(service: str):  # type: ignore[no-untyped-def]
    return boto3.client(
        service,
        endpoint_url=made_at(service),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


if command == "version":
    sys.stdout.write(json.dumps({"terraform_version": "1.5.7"}))
elif command == "apply":
    for bucket in names("aws_s3_bucket", "bucket"):
        client("s3").create_bucket(Bucket=bucket)
    for queue in names("aws_sqs_queue", "name"):
        client("sqs").create_queue(QueueName=queue)
    sys.stdout.write("Apply complete!\n")
