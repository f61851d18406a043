"""The short way for objects: moto's methods for them, with what its S3 would have read from the HTTP request.

S3's methods look at headers and query rather than at parameters, so they get those of the client. Covered is a signed
request for an object as such, or for a list of objects, in a bucket without a policy and without a log; headers of any
kind are moto's business. The rest goes the long way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from localstack.host.emulation.models import IMPORTING

if TYPE_CHECKING:
    from localstack.aws.api import RequestContext
    from localstack.host.emulation.wire import Wire

_OF_LISTS = frozenset(
    {
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "list-type",
        "max-keys",
        "prefix",
        "start-after",
        "x-id",
    }
)
_QUERIES: Mapping[str, frozenset[str]] = {
    "DeleteObject": frozenset({"x-id"}),
    "GetObject": frozenset({"x-id"}),
    "HeadObject": frozenset({"x-id"}),
    "ListObjectsV2": _OF_LISTS,
    "PutObject": frozenset({"x-id"}),
}
"""Operations, and what may stand in the query."""

OPERATIONS = {("s3", operation): "" for operation in _QUERIES}


def covers(operation: str, wire: Wire) -> bool:
    """Whether the request has nothing that only the long way looks at."""
    names = [name.lower() for name, _ in wire.headers]
    return wire.query.keys() <= _QUERIES[operation] and "authorization" in names and len(set(names)) == len(names)


def answer(
    prepared: Any, operation: str, context: RequestContext, wire: Wire, path: str
) -> tuple[int, dict[str, str], str | bytes] | None:
    """Status, headers and body of moto's answer; None when the bucket asks for the long way.

    :param prepared: moto's response object of the call
    :param path: raw path, ``/BUCKET/KEY``
    """
    moto = _moto()
    _prepare(prepared, context, wire, path)
    if _is_watched(prepared.backend, prepared.bucket_name):
        return None
    result: tuple[int, dict[str, str], str | bytes]
    try:
        result = prepared._send_response(_call(prepared, operation))
        if result[0] == 200 and wire.headers.get("Range") and operation != "ListObjectsV2":
            result = prepared._handle_range_header(prepared.request, *result[1:])
    except moto.error as error:
        result = prepared._send_response(prepared.serialized(moto.action_result(error)))
    return result


def _prepare(prepared: Any, context: RequestContext, wire: Wire, path: str) -> None:
    """What S3's ``setup_class`` adds."""
    parameters = context.service_request or {}
    body = parameters.get("Body")
    prepared.automated_parameter_parsing = False
    prepared.request = context.request
    prepared.method = wire.method
    prepared.raw_path = path
    prepared.raw_body = wire.body
    prepared.body = body.getvalue() if isinstance(body, BytesIO) else b""
    prepared.data = prepared.querystring = dict(wire.query)
    prepared.bucket_name = parameters["Bucket"]
    key = "/".join(unquote(path).split("/")[2:])
    prepared.parse_key_name = lambda: key


def _is_watched(backend: Any, name: str) -> bool:
    """Whether the bucket has a policy or keeps a log, for which moto wants to see the HTTP request."""
    try:
        bucket = backend.get_bucket(name)
    except _moto().error:  # the method for the operation says so, too
        return False
    return bucket.policy is not None or bool(bucket.logging)


def _call(prepared: Any, operation: str) -> Any:
    key = prepared.parse_key_name()
    match operation:
        case "GetObject":
            return prepared._key_response_get({}, key)
        case "HeadObject":
            return prepared.head_object(prepared.bucket_name, {}, key, headers=prepared.headers)
        case "PutObject":
            return prepared._key_response_put({}, key)
        case "DeleteObject":
            return prepared._key_response_delete(prepared.bucket_name, {}, key)
        case _:
            return prepared._bucket_response_get(prepared.bucket_name, prepared.querystring)


class _Moto(NamedTuple):
    """What is needed of moto; to import it in a function costs half a microsecond each time."""

    error: Any
    action_result: Any


@cache
def _moto() -> _Moto:
    with IMPORTING:
        from moto.core.responses import ActionResult
        from moto.s3.exceptions import S3ClientError

        return _Moto(S3ClientError, ActionResult)
