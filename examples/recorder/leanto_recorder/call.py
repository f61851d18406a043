"""A recorded call, as JSON and as a line of Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SCRIPT = '''\
"""Makes the recorded AWS calls again: python script.py [ENDPOINT URL]"""

import datetime
import functools
import sys

import boto3
from dateutil.tz import tzutc  # of the times below; boto3 brings it

ENDPOINT = sys.argv[1] if len(sys.argv) > 1 else {endpoint!r}


@functools.cache
def client(service, region, account):
    return boto3.client(
        service, region, endpoint_url=ENDPOINT, aws_access_key_id=account, aws_secret_access_key="test"
    )


{calls}
'''


@dataclass(frozen=True)
class Call:
    """One AWS call; parameters and answer are named as in the API."""

    service: str
    operation: str
    region: str
    account: str
    parameters: dict[str, Any]
    answer: dict[str, Any]
    error: str | None

    def document(self) -> dict[str, Any]:
        """E.g. ``{"service": "sqs", "operation": "CreateQueue", …, "error": null}``."""
        return vars(self) | {"parameters": _plain(self.parameters), "answer": _plain(self.answer)}

    def line(self) -> str:
        """E.g. ``client('sqs', 'us-east-1', '000000000000').create_queue(QueueName='jobs')``."""
        from botocore import xform_name

        arguments = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items() if value is not None)
        return f"client({self.service!r}, {self.region!r}, {self.account!r}).{xform_name(self.operation)}({arguments})"


def script_of(calls: Sequence[Call], endpoint: str) -> str:
    """A Python program that makes calls in the same order."""
    return SCRIPT.format(endpoint=endpoint, calls="\n".join(call.line() for call in calls))


def _plain(value: Any) -> Any:
    """A value for JSON: what it has no notion of, times and bytes, becomes text."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | bool | None) else str(value)
