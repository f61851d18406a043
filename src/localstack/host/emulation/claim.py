"""Is a request meant for AWS? Decided without botocore and moto, and mostly from the headers."""

from __future__ import annotations

import sys
from urllib.parse import unquote

from rolo import Request

from localstack.host.emulation.hosts import Hosts
from localstack.host.emulation.wire import Wire

_HEADERS = ("smithy-protocol", "x-amz-target")
_HEADER_PREFIX = "x-amz-"
_SIGNED_QUERIES = ({"X-Amz-Signature"}, {"X-Amz-Credential"}, {"AWSAccessKeyId", "Signature"})


def is_for_aws(request: Request, hosts: Hosts) -> bool:
    """True for what is signed, sent to an AWS host, has an AWS header, an ``Action``, or names an existing bucket.

    WebSocket upgrades are never for AWS. A body is read only when it is a form, and stays readable.
    """
    if request.shallow:
        return False
    wire = Wire(request)
    return _has_aws_header(request) or _has_aws_query(wire) or hosts.read(wire.host) is not None or _names_bucket(wire)


def _has_aws_header(request: Request) -> bool:
    if request.headers.get("Authorization", "").startswith("AWS"):
        return True
    names = (name.lower() for name in request.headers.keys())  # noqa: SIM118 - iterating Headers gives pairs
    return any(name.startswith(_HEADER_PREFIX) or name in _HEADERS for name in names)


def _has_aws_query(wire: Wire) -> bool:
    if "Action" in wire.query or any(names <= wire.query.keys() for names in _SIGNED_QUERIES):
        return True
    return wire.is_form and "Action" in wire.form


def _names_bucket(wire: Wire) -> bool:
    """Whether the first path segment is a bucket of any account; there are none before moto's S3 is imported."""
    models = sys.modules.get("moto.s3.models")
    backends = getattr(models, "s3_backends", None)  # absent while another thread is importing the module
    bucket = unquote(wire.path.split("/", 2)[1])
    return backends is not None and bucket in backends.bucket_accounts
