"""The short way to moto for the calls that are made most: its own method for the operation, without its request layer.

The parameters are those that were parsed for the handlers already. Rules, state and errors are moto's, and so is the
serialiser: one suite compares the answers with those of the long way. An operation is added by its name here.
"""

from __future__ import annotations

import binascii
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from localstack.host.emulation import moto_shortcuts

if TYPE_CHECKING:
    from localstack.aws.api import RequestContext

OPERATIONS = {
    ("dynamodb", "DeleteItem"): "delete_item",
    ("dynamodb", "GetItem"): "get_item",
    ("dynamodb", "PutItem"): "put_item",
    ("sns", "Publish"): "publish",
    ("sqs", "DeleteMessage"): "delete_message",
    ("sqs", "GetQueueUrl"): "get_queue_url",
    ("sqs", "ReceiveMessage"): "receive_message",
    ("sqs", "SendMessage"): "send_message",
    ("ssm", "GetParameter"): "get_parameter",
    ("sts", "GetCallerIdentity"): "get_caller_identity",
}
"""Service and operation to the name of moto's method."""


def can_answer(service: str, operation: str) -> bool:
    """Whether the call may go the short way: a known version of moto, which is not told to check permissions."""
    if (service, operation) not in OPERATIONS or not moto_shortcuts.is_known_version():
        return False
    from moto import settings

    return bool(float("inf") == settings.INITIAL_NO_AUTH_ACTION_COUNT)


def answer(response_class: Any, context: RequestContext, url: str, protocol: str) -> tuple[int, Headers, str | bytes]:
    """Call the method of moto's response class: status, headers and body of the answer.

    :param url: that of the request as the client should see it, e.g. ``"http://localhost:4566/"``
    :param protocol: that of the request
    """
    from moto.core.exceptions import ServiceException
    from moto.core.responses import ActionContext, ActionResult, get_serializer_class

    operation = _operation_model(context)
    moto = _prepared(response_class, context, url)
    try:
        result = getattr(moto, OPERATIONS[moto.service_name, operation.name])()
    except ServiceException as error:
        result = ActionResult(error)
    except HTTPException as error:
        result = error
    if isinstance(result, HTTPException):
        status, headers, body = result.code or 500, dict(result.get_headers()), result.description or ""
    else:
        serializer = get_serializer_class(operation.service_model.service_name, protocol)
        written = ActionContext(operation.service_model, operation, serializer, moto)
        status, headers, body = result.execute_result(written)
    if moto.service_name == "dynamodb":
        headers["x-amz-crc32"] = str(binascii.crc32(body.encode() if isinstance(body, str) else body))
    return status, Headers(headers), body


def _prepared(response_class: Any, context: RequestContext, url: str) -> Any:
    """A response object as moto's ``setup_class`` leaves it, as far as the methods above look at it."""
    from urllib.parse import urlsplit

    from moto.iam.models import mark_account_as_visited
    from moto.utilities.utils import get_partition

    moto = response_class()
    moto.automated_parameter_parsing = True
    moto.region, moto.current_account = str(context.region), str(context.account_id)
    moto.partition = get_partition(moto.region)
    moto.params = moto.body = _copied(context.service_request or {})  # moto keeps parts of it in its state
    moto.headers, moto.querystring, moto.uri_match = context.request.headers, {}, {}
    moto.uri, moto.parsed_url = url, urlsplit(url)
    moto.path = moto.parsed_url.path  # some clients of SQS name the queue there
    moto.response_headers = {}
    moto.access_key = moto.get_access_key()
    mark_account_as_visited(
        account_id=moto.current_account, access_key=moto.access_key, service=moto.service_name, region=moto.region
    )
    return moto


def _operation_model(context: RequestContext) -> Any:
    assert context.service is not None
    assert context.operation is not None
    return _moto_model(context.service.service_name).operation_model(context.operation.name)


@cache
def _moto_model(service: str) -> Any:
    from moto.core.responses import get_service_model

    return get_service_model(service)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
