"""Answer an exception in the error format of the service's protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from localstack.aws.api import RequestContext, ServiceException
from localstack.host.emulation import cbor
from localstack.host.emulation.serializer import JSON_IN_CBOR, RPC_V2_CBOR
from localstack.host.emulation.xml_text import elements, text
from localstack.host.errors import said_by

if TYPE_CHECKING:
    from botocore.model import ServiceModel
    from rolo import Response


@dataclass(frozen=True)
class Failure:
    """An error as every protocol can tell it; ``details`` are further members of the modelled error."""

    code: str
    message: str
    status: int
    is_fault_of_sender: bool
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        return "Sender" if self.is_fault_of_sender else "Receiver"


def failure_of(exception: Exception, context: RequestContext) -> Failure:
    """What to tell of an exception: AWS errors as they are, anything else as an internal error that names the call."""
    if isinstance(exception, ServiceException):
        code = getattr(exception, "code", None) or type(exception).__name__
        status = getattr(exception, "status_code", None) or 400
        is_sender = bool(getattr(exception, "sender_fault", False))
        return Failure(code, exception.message, status, is_sender, _details(exception, code, context.service))
    if isinstance(exception, NotImplementedError):
        return Failure("InternalFailure", str(exception) or _not_included(context), 501, False)
    if isinstance(exception, HTTPException) and exception.code:
        return Failure(exception.name.replace(" ", ""), exception.description or exception.name, exception.code, True)
    return Failure("InternalError", f"exception while calling {_called(context)}: {said_by(exception)}", 500, False)


def write_failure(failure: Failure, protocol: str, context: RequestContext, response: Response) -> None:
    """Fill the answer with the error.

    :param protocol: one of botocore's, or ``JSON_IN_CBOR``
    """
    response.headers.clear()
    response.status_code = failure.status
    request_id = str(context.request_id)
    service = context.service
    if protocol == RPC_V2_CBOR:
        response.headers["Smithy-Protocol"] = "rpc-v2-cbor"
        _write(response, "application/cbor", _cbor(failure))
    elif protocol == JSON_IN_CBOR:
        response.headers["X-Amzn-Errortype"] = failure.code
        _write(response, f"application/x-amz-cbor-{_version(service)}", _cbor(failure))
    elif "json" in protocol:
        response.headers["X-Amzn-Errortype"] = failure.code
        content_type = "application/json" if protocol == "rest-json" else f"application/x-amz-json-{_version(service)}"
        _write(response, content_type, _json(failure))
    elif protocol == "ec2":
        _write(response, "text/xml", _ec2_xml(failure, request_id))
    elif service is not None and service.service_name == "s3":
        _write(response, "application/xml", _s3_xml(failure, request_id))
    else:
        _write(response, "text/xml", _query_xml(failure, request_id, service))
    if service is not None and "awsQueryCompatible" in service.metadata:
        response.headers["x-amzn-query-error"] = f"{failure.code};{failure.fault}"
    write_request_id(response, context)


def write_request_id(response: Response, context: RequestContext) -> None:
    for name, value in request_id_headers(context):
        response.headers[name] = value


def request_id_headers(context: RequestContext) -> list[tuple[str, str]]:
    """The headers that carry the request's id: S3 has its own."""
    request_id = str(context.request_id)
    if context.service is not None and context.service.service_name == "s3":
        return [("x-amz-request-id", request_id), ("x-amz-id-2", s3_host_id(request_id))]
    return [("x-amzn-RequestId", request_id)]


def s3_host_id(request_id: str) -> str:
    """S3's second id, here a function of the first."""
    return f"{request_id.replace('-', '')}="


def _details(exception: ServiceException, code: str, service: ServiceModel | None) -> dict[str, Any]:
    """Members of the modelled error that the exception has as attributes, e.g. ``{"BucketName": "b"}``."""
    shape = service.shape_for_error_code(code) if service is not None else None
    names = shape.members if shape is not None else {}
    values = {name: getattr(exception, name, None) for name in names if name.lower() not in ("message", "code")}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def _called(context: RequestContext) -> str:
    service = context.service.service_name if context.service is not None else "AWS"
    operation = f".{context.operation.name}" if context.operation is not None else " with unknown operation"
    return f"{service}{operation}"


def _not_included(context: RequestContext) -> str:
    return f"{_called(context)} is not included in this emulation"


def _write(response: Response, content_type: str, body: str | bytes) -> None:
    response.headers["Content-Type"] = content_type
    response.set_data(body)


def _version(service: ServiceModel | None) -> str:
    return str(service.metadata.get("jsonVersion", "1.0")) if service is not None else "1.0"


def _json(failure: Failure) -> str:
    return json.dumps({"__type": failure.code, "message": failure.message, **failure.details})


def _cbor(failure: Failure) -> bytes:
    return cbor.encode({"__type": failure.code, "message": failure.message, **failure.details})


def _query_xml(failure: Failure, request_id: str, service: ServiceModel | None) -> str:
    namespace = service.metadata.get("xmlNamespace") if service is not None else None
    attribute = f' xmlns="{text(namespace)}"' if isinstance(namespace, str) else ""
    error = elements(Type=failure.fault, Code=failure.code, Message=failure.message, **failure.details)
    return f"<ErrorResponse{attribute}><Error>{error}</Error>{elements(RequestId=request_id)}</ErrorResponse>"


def _ec2_xml(failure: Failure, request_id: str) -> str:
    error = elements(Code=failure.code, Message=failure.message)
    return f"<Response><Errors><Error>{error}</Error></Errors>{elements(RequestID=request_id)}</Response>"


def _s3_xml(failure: Failure, request_id: str) -> str:
    parts = elements(Code=failure.code, Message=failure.message, **failure.details)
    ids = elements(RequestId=request_id, HostId=s3_host_id(request_id))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{parts}{ids}</Error>'
