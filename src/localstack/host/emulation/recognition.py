"""Which service, protocol and operation a request is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localstack.aws.api import CommonServiceException
from localstack.host.emulation.catalogue import Catalogue, Service
from localstack.host.emulation.hosts import AwsHost
from localstack.host.emulation.identity import Credential
from localstack.host.emulation.models import service_model
from localstack.host.emulation.operations import Operation, find_operation
from localstack.host.emulation.serializer import RPC_V2_CBOR
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import ServiceModel

_RPC_PATH = re.compile(r"(?:.*/)?service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)/?")
_QUEUE_PATH = re.compile(r"/(?:queue/[^/]+/)?[0-9]{12}/[^/]+/?")
_S3_CONTROL_PATH = "/v20180820/"
_NOT_EMULATED = {
    "execute-api": ("apigateway", "calls of an API that API Gateway hosts are not emulated"),
    "lambda-url": ("lambda", "calls of a Lambda function URL are not emulated"),
    "s3-website": ("s3", "website hosting is not emulated"),
}
_POST_OBJECT = "PostObject"
_SIGNED_FOR_S3 = ("s3", "s3express", "s3-object-lambda")
"""Names that S3's clients sign with; the others are for directory buckets and Object Lambda."""


@dataclass(frozen=True)
class Recognised:
    """What a request is for. ``path`` is the raw path, for S3 always ``/BUCKET/KEY``."""

    service: ServiceModel
    protocol: str
    operation: Operation
    path: str


def recognise(wire: Wire, credential: Credential | None, host: AwsHost | None) -> Recognised:
    """Find out what a request is for.

    :param host: what the host name says, None when it is no AWS name
    :raises CommonServiceException: ``UnknownService`` or ``InvalidAction``, with ``service`` and ``protocol`` as far as
        they are known
    """
    candidates = _candidates(wire, credential, host)
    for service in candidates:
        if found := _recognise_as(service, wire, host):
            return found
    raise _unknown_operation(candidates[0], wire)


def _recognise_as(service: Service, wire: Wire, host: AwsHost | None) -> Recognised | None:
    model = service_model(service.name)
    protocol = _protocol(service, wire)
    path = path_style(wire.path, host) if service.name == "s3" else wire.path
    operation = find_operation(model, protocol, wire, path)
    if operation is None and service.name == "s3" and wire.content_type == "multipart/form-data":
        operation = _post_object(model)
    return Recognised(model, protocol, operation, path) if operation else None


def path_style(path: str, host: AwsHost | None) -> str:
    """Raw path with the bucket in front that the host name has: ``/key`` becomes ``/bucket/key``."""
    return f"/{host.bucket}{path}" if host and host.bucket else path


def _candidates(wire: Wire, credential: Credential | None, host: AwsHost | None) -> list[Service]:
    """Services that the request may be for, the likelier first; never empty.

    What names a service outright goes first (``X-Amz-Target``, the RPC path, the signature); the host, a queue's URL
    and ``Action`` decide for what is unsigned, and what is left can only be S3.

    :raises CommonServiceException: when the name is of no service
    """
    catalogue = Catalogue.load()
    target = _target(wire)
    if target and (targeted := catalogue.targeted_as(target)):
        return targeted
    if credential:
        return _signed_candidates(catalogue, wire, credential)
    if target:
        raise _unknown_service(target)
    if host and host.endpoint in _NOT_EMULATED:
        name, message = _NOT_EMULATED[host.endpoint]
        raise _error("InternalFailure", message, 501, name)
    if host and host.endpoint:
        return [catalogue.endpoints[host.endpoint]]
    if action := wire.query.get("Action") or (wire.is_form and wire.form.get("Action")):
        return _candidates_for_action(catalogue, wire, action[0])
    return [catalogue.services["s3"]]


def _target(wire: Wire) -> str | None:
    if wire.headers.get("Smithy-Protocol") and (match := _RPC_PATH.fullmatch(wire.path)):
        return match["service"]
    return str(wire.headers.get("X-Amz-Target") or "").rpartition(".")[0] or None


def _signed_candidates(catalogue: Catalogue, wire: Wire, credential: Credential) -> list[Service]:
    if credential.service in _SIGNED_FOR_S3:
        return [catalogue.services["s3control" if wire.path.startswith(_S3_CONTROL_PATH) else "s3"]]
    services = catalogue.signed_as(credential.service)
    if not services:
        raise _unknown_service(credential.service)
    if "rds" in (service.name for service in services):  # Neptune and DocumentDB have the same operations
        return [catalogue.services["rds"]]
    version = wire.parameters.get("Version") if wire.is_form else None
    of_version = [service for service in services if service.version == version and "query" in service.protocols]
    return of_version or services


def _candidates_for_action(catalogue: Catalogue, wire: Wire, action: str) -> list[Service]:
    if _QUEUE_PATH.fullmatch(wire.path):
        return [catalogue.services["sqs"]]
    version = wire.parameters.get("Version")
    services = catalogue.speaking_query()
    of_version = [service for service in services if service.version == version]
    for service in of_version or services:
        if action in service_model(service.name).operation_names:
            return [service]
    if of_version:
        raise _unknown_operation(of_version[0], wire)
    raise _error("InvalidAction", f"The action {action} is not valid for any service.", protocol="query")


def _unknown_service(name: str) -> CommonServiceException:
    return _error("UnknownService", f"Unknown service: {name!r} is the name of no AWS service that is known here.")


def _protocol(service: Service, wire: Wire) -> str:
    """The protocol of the request among those that the service speaks."""
    if len(service.protocols) == 1:
        return service.protocols[0]
    has_target = "X-Amz-Target" in wire.headers
    signs = {RPC_V2_CBOR: "Smithy-Protocol" in wire.headers, "json": has_target, "query": not has_target}
    return next(
        (name for name, is_sent in signs.items() if is_sent and name in service.protocols), service.protocols[0]
    )


def _post_object(service: ServiceModel) -> Operation:
    """The upload by an HTML form, which AWS documents as an operation and botocore's model lacks."""
    from botocore.model import OperationModel

    description = {"name": _POST_OBJECT, "http": {"method": "POST", "requestUri": "/{Bucket}"}}
    return Operation(OperationModel(description, service, _POST_OBJECT))


def _unknown_operation(service: Service, wire: Wire) -> CommonServiceException:
    protocol = _protocol(service, wire)
    if protocol.startswith("rest-"):
        asked = f"{wire.method} {wire.path}"
    else:
        target = str(wire.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        asked = target or wire.parameters.get("Action") or wire.path
    message = f"The action {asked} is not valid for the service {service.name}."
    return _error("InvalidAction", message, 400, service.name, protocol)


def _error(
    code: str, message: str, status: int = 400, service: str | None = None, protocol: str | None = None
) -> CommonServiceException:
    """An error that says which service the answer should look like; the context has none at this point."""
    error = CommonServiceException(code, message, status, sender_fault=status < 500)
    error.service = service  # type: ignore[attr-defined]
    error.protocol = protocol or (_first_protocol(service) if service else None)  # type: ignore[attr-defined]
    return error


def _first_protocol(service: str) -> str:
    return Catalogue.load().services[service].protocols[0]
