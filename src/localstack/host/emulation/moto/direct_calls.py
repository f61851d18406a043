"""The short way to moto for the calls that are made most: its own method for the operation, without its request layer.

The parameters are those that were parsed for the handlers already. Rules, state and errors are moto's, and so is the
serialiser: one suite compares the answers with those of the long way. An operation is added by its name here.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException

from localstack.host.emulation.models import IMPORTING
from localstack.host.emulation.moto import direct_s3, shortcuts

if TYPE_CHECKING:
    from localstack.aws.api import RequestContext
    from localstack.host.emulation.message import Snapshot
    from localstack.host.emulation.recognition import Recognised
    from localstack.host.emulation.wire import Wire

OPERATIONS = {
    ("dynamodb", "BatchGetItem"): "batch_get_item",
    ("dynamodb", "BatchWriteItem"): "batch_write_item",
    ("dynamodb", "DeleteItem"): "delete_item",
    ("dynamodb", "GetItem"): "get_item",
    ("dynamodb", "PutItem"): "put_item",
    ("dynamodb", "Query"): "query",
    ("dynamodb", "Scan"): "scan",
    ("dynamodb", "UpdateItem"): "update_item",
    ("sns", "Publish"): "publish",
    ("sns", "PublishBatch"): "publish_batch",
    ("sqs", "ChangeMessageVisibility"): "change_message_visibility",
    ("sqs", "DeleteMessage"): "delete_message",
    ("sqs", "DeleteMessageBatch"): "delete_message_batch",
    ("sqs", "GetQueueAttributes"): "get_queue_attributes",
    ("sqs", "GetQueueUrl"): "get_queue_url",
    ("sqs", "ReceiveMessage"): "receive_message",
    ("sqs", "SendMessage"): "send_message",
    ("sqs", "SendMessageBatch"): "send_message_batch",
    ("ssm", "GetParameter"): "get_parameter",
    ("ssm", "GetParameters"): "get_parameters",
    ("ssm", "GetParametersByPath"): "get_parameters_by_path",
    ("sts", "GetCallerIdentity"): "get_caller_identity",
    **direct_s3.OPERATIONS,
}
"""Service and operation to the name of moto's method; S3 has more than one for each."""


@dataclass(frozen=True)
class DirectCall:
    """A request that may go the short way.

    :ivar before: the parameters as the client sent them
    :ivar url: that of the request as the client should see it, e.g. ``"http://localhost:4566/"``
    """

    context: RequestContext
    recognised: Recognised
    wire: Wire
    before: Snapshot
    url: str

    @property
    def is_changed(self) -> bool:
        """Whether the parameters are others than those that the client sent."""
        return self.before.differs_from(self.context.service_request or {})


def can_answer(call: DirectCall) -> bool:
    """Whether the call may go the short way: a known version of moto, which is not told to check permissions."""
    service, operation = call.recognised.service.service_name, call.recognised.operation.model.name
    if (service, operation) not in OPERATIONS or call.wire.is_cbor or not _is_allowed():
        return False
    if service == "s3":
        return direct_s3.covers(operation, call.wire) and not call.is_changed
    # a client that wants JSON where XML is usual says so in a parameter, which moto alone knows
    return call.recognised.protocol != "query" or "ContentType" not in call.wire.parameters


def _is_allowed() -> bool:
    return shortcuts.is_known_version() and bool(float("inf") == _moto().settings.INITIAL_NO_AUTH_ACTION_COUNT)


def answer(response_class: Any, call: DirectCall) -> tuple[int, dict[str, str], str | bytes] | None:
    """Call the method of moto's response class: status, headers and body of the answer; None for the long way."""
    operation = _moto_model(call.recognised.service.service_name).operation_model(call.recognised.operation.model.name)
    moto = _prepared(response_class, call.context, call.url)
    if moto.service_name == "s3":
        return direct_s3.answer(moto, operation.name, call.context, call.wire, call.recognised.path)
    status, headers, body = _execute(moto, operation, call.recognised.protocol)
    if moto.service_name == "dynamodb":
        headers["x-amz-crc32"] = str(binascii.crc32(body.encode() if isinstance(body, str) else body))
    return status, headers, body


def _execute(moto: Any, operation: Any, protocol: str) -> tuple[int, dict[str, str], str | bytes]:
    parts = _moto()
    try:
        result = getattr(moto, OPERATIONS[moto.service_name, operation.name])()
    except parts.ServiceException as error:
        result = parts.ActionResult(error)
    except HTTPException as error:
        return error.code or 500, dict(error.get_headers()), error.description or ""
    serializer = parts.get_serializer_class(operation.service_model.service_name, protocol)
    written: tuple[int, dict[str, str], str | bytes] = result.execute_result(
        parts.ActionContext(operation.service_model, operation, serializer, moto)
    )
    return written


def _prepared(response_class: Any, context: RequestContext, url: str) -> Any:
    """A response object as moto's ``setup_class`` leaves it, as far as the methods above look at it."""
    parts = _moto()
    moto = response_class()
    moto.automated_parameter_parsing = True
    moto.region, moto.current_account = str(context.region), str(context.account_id)
    moto.partition = parts.get_partition(moto.region)
    moto.params = moto.body = _copied(context.service_request or {})  # moto keeps parts of it in its state
    moto.headers, moto.querystring, moto.uri_match = context.request.headers, {}, {}
    moto.uri, moto.parsed_url = url, urlsplit(url)
    moto.path = moto.parsed_url.path  # some clients of SQS name the queue there
    moto.response_headers = {}
    moto.access_key = moto.get_access_key()
    parts.iam.mark_account_as_visited(
        account_id=moto.current_account, access_key=moto.access_key, service=moto.service_name, region=moto.region
    )
    return moto


@dataclass(frozen=True)
class _Parts:
    """What is needed of moto; to import it in a function costs half a microsecond each time."""

    settings: Any
    ServiceException: Any
    ActionContext: Any
    ActionResult: Any
    get_serializer_class: Any
    get_partition: Any
    iam: Any


@cache
def _moto() -> _Parts:
    with IMPORTING:
        from moto import settings
        from moto.core.exceptions import ServiceException
        from moto.core.responses import ActionContext, ActionResult, get_serializer_class
        from moto.iam import models as iam
        from moto.utilities.utils import get_partition

        return _Parts(
            settings,
            ServiceException,
            ActionContext,
            ActionResult,
            get_serializer_class,
            lru_cache(1024)(get_partition),
            iam,
        )


@cache
def _moto_model(service: str) -> Any:
    from moto.core.responses import get_service_model

    return get_service_model(service)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
