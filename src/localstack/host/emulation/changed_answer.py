"""Send what handlers made of an answer: they assign or change ``service_response``, or assign ``service_exception``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localstack.aws.api import RequestContext, ServiceException
from localstack.host.emulation.failure import write_request_id
from localstack.host.emulation.message import Snapshot
from localstack.host.emulation.serializer import Written, serialise

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from rolo import Response

_LOG = logging.getLogger(__name__)
_OF_THE_BODY = ("content-encoding", "content-md5", "etag", "x-amz-crc32")
_CHECKSUM = "x-amz-checksum-"
_OF_AN_ERROR = ("x-amzn-errortype", "x-amzn-query-error")


@dataclass(frozen=True)
class ReadAnswer:
    """What was read of the answer for handlers, before they could change it."""

    response: Snapshot | None
    exception: ServiceException | None


def changed_exception(context: RequestContext) -> ServiceException | None:
    """The exception that a handler assigned; None when it is the one that was read, or there is none."""
    values = vars(context)
    exception: ServiceException | None = values.get("service_exception")
    read: ReadAnswer | None = values.get("answer_read")
    return None if read is not None and exception is read.exception else exception


def changed_response(context: RequestContext) -> dict[str, Any] | None:
    """The answer that a handler assigned or changed; None when it is as it was read, or nobody has read it."""
    values = vars(context)
    parsed: dict[str, Any] | None = values.get("service_response")
    read: ReadAnswer | None = values.get("answer_read")
    if parsed is None or read is None or read.response is None:
        return parsed
    return parsed if read.response.differs_from(parsed) else None


def write_changed(parsed: dict[str, Any], context: RequestContext, protocol: str, response: Response) -> None:
    """Replace the answer by another; headers that handlers have set stay.

    Of a streaming operation only the members that are given are replaced: the answer is not read for handlers.

    :param protocol: one of botocore's, or ``JSON_IN_CBOR``
    :raises ValueError: when the values are not what the model says
    """
    operation = context.operation
    assert operation is not None
    if operation.has_event_stream_output:
        _LOG.warning("the answer of %s is a stream of events, which a handler can't replace", operation.name)
        return
    try:
        written = serialise(parsed, operation, protocol, str(context.request_id))
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"the service_response that a handler made for {operation.name} does not fit: {error}"
        ) from error
    was_error = response.status_code >= 300
    _drop_headers(response, operation, written, is_complete=was_error or not operation.has_streaming_output)
    for name, value in written.headers.items():
        response.headers[name] = value
    if was_error or written.is_status_given:
        response.status_code = written.status
    if written.body is not None and context.request.method != "HEAD":
        response.set_data(written.body)
    write_request_id(response, context)


def _drop_headers(response: Response, operation: OperationModel, written: Written, *, is_complete: bool) -> None:
    """Drop the headers of members that are gone, and those that told of the old body."""
    carrying = tuple(_carrying(operation)) if is_complete else ()
    for name in {name.lower() for name in response.headers.keys()}:  # noqa: SIM118 - iterating Headers gives pairs
        tells_of_body = written.body is not None and (name in _OF_THE_BODY or name.startswith(_CHECKSUM))
        if tells_of_body or name in _OF_AN_ERROR or any(name == n or (p and name.startswith(n)) for n, p in carrying):
            response.headers.remove(name)


def _carrying(operation: OperationModel) -> Iterator[tuple[str, bool]]:
    """Names of headers that carry a member, and whether the name is a prefix."""
    shape = operation.output_shape
    for name, member in shape.members.items() if shape is not None else ():
        location = member.serialization.get("location")
        if location in ("header", "headers"):
            yield member.serialization.get("name", name).lower(), location == "headers"
