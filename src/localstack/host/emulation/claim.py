"""Is a request meant for AWS? Decided without botocore and moto, and mostly from the headers."""

from __future__ import annotations

import sys
from urllib.parse import unquote

from rolo import Request

from localstack.host.emulation.cognito import names_document
from localstack.host.emulation.hosts import Hosts
from localstack.host.emulation.wire import Wire

_HEADERS = ("smithy-protocol", "x-amz-target")
_HEADER_PREFIXES = ("x-amz-", "amz-sdk-")
_SIGNED_QUERIES = ({"X-Amz-Signature"}, {"X-Amz-Credential"}, {"AWSAccessKeyId", "Signature"})

_SIGNED_FIELDS = (b"x-amz-credential", b"awsaccesskeyid")
_LONGEST_FIELDS = 20_000
"""Bytes of a form in front of its file, as S3 limits them."""


def is_for_aws(request: Request, hosts: Hosts) -> bool:
    """True for what is signed, sent to an AWS host, has an AWS header, an ``Action``, or names an existing bucket.

    So it is for what asks for a document of a Cognito pool. WebSocket upgrades are never for AWS. A body is read only
    when it is a form, and stays readable.
    """
    if request.shallow:
        return False
    wire = Wire(request)
    if _has_aws_header(request) or _has_aws_query(wire) or hosts.read(wire.host) is not None or _names_bucket(wire):
        return True
    return names_document(wire) or (wire.is_upload and _is_signed_upload(request))


def _has_aws_header(request: Request) -> bool:
    if request.headers.get("Authorization", "").startswith("AWS"):
        return True
    names = (name.lower() for name in request.headers.keys())  # noqa: SIM118 - iterating Headers gives pairs
    return any(name.startswith(_HEADER_PREFIXES) or name in _HEADERS for name in names)


def _has_aws_query(wire: Wire) -> bool:
    if "Action" in wire.query or any(names <= wire.query.keys() for names in _SIGNED_QUERIES):
        return True
    return wire.is_form and "Action" in wire.form


def _is_signed_upload(request: Request) -> bool:
    """Whether the fields in front of a form's file name a signer. The file may be large, and is not looked at."""
    body = request.environ["wsgi.input"]
    if not hasattr(body, "seekable") or not body.seekable():  # Twisted's can be read only once
        return False
    fields = body.read(_LONGEST_FIELDS).lower()
    body.seek(0)
    return any(b'name="%b"' % name in fields for name in _SIGNED_FIELDS)


def _names_bucket(wire: Wire) -> bool:
    """Whether the first path segment is a bucket of any account; there are none before moto's S3 is imported."""
    models = sys.modules.get("moto.s3.models")
    backends = getattr(models, "s3_backends", None)  # absent while another thread is importing the module
    bucket = unquote(wire.path.split("/", 2)[1])
    return backends is not None and bucket in backends.bucket_accounts
