"""Which service, protocol and operation a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localstack.aws.api import CommonServiceException
from localstack.host.emulation import cognito, form_upload
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
_SIGNED_FOR_S3 = ("s3", "s3express", "s3-object-lambda")
"""Names that S3's clients sign with; the others are for directory buckets and Object Lambda."""


@dataclass(frozen=True)
class Recognised:
    """What a request is for. ``path`` is the raw path, for S3 always ``/BUCKET/KEY``."""

    service: ServiceModel
    protocol: str
    operation: Operation
    path: str

    @property
    def ends_as_modelled(self) -> bool:
        """Whether the path ends with a slash just when the operation's does: some services differ in no more."""
        modelled: str = self.operation.model.http.get("requestUri", "/").partition("?")[0]
        return self.path.endswith("/") == modelled.endswith("/")


def recognise(wire: Wire, credential: Credential | None, host: AwsHost | None) -> Recognised:
    """Find out what a request is for.

    :param host: what the host name says, None when it is no AWS name
    :raises CommonServiceException: ``UnknownService`` or ``InvalidAction``, with ``service`` and ``protocol`` as far as
        they are known
    """
    candidates = _candidates(wire, credential, host)
    if host and len(candidates) > 1:
        candidates = sorted(candidates, key=lambda service: service.endpoint != host.endpoint)
    likeliest: Recognised | None = None
    for service in candidates:
        if found := _recognise_as(service, wire, host):
            likeliest = likeliest or found
            if len(candidates) == 1 or found.ends_as_modelled:
                return _told_by_signature(found, credential)
    if likeliest is None:
        raise _unknown_operation(candidates[0], wire)
    return likeliest


def recognise_as(service: str, wire: Wire, host: AwsHost | None) -> Recognised:
    """Find out what a request is for that is known to be for ``service``.

    :raises CommonServiceException: ``InvalidAction``, as ``recognise``
    :raises KeyError: when there is no such service
    """
    known = Catalogue.load().services[service]
    recognised = _recognise_as(known, wire, host)
    if recognised is None:
        raise _unknown_operation(known, wire)
    return recognised


def _recognise_as(service: Service, wire: Wire, host: AwsHost | None) -> Recognised | None:
    model = service_model(service.name)
    protocol = _protocol(service, wire)
    path = path_style(wire.path, host) if service.name == "s3" else wire.path
    operation = find_operation(model, protocol, wire, path)
    if service.name == "s3" and (operation is None or operation.model.name == form_upload.OPERATION):
        operation = form_upload.find_operation(model, wire, path)
    if service.name == "cognito-idp" and operation is None:
        operation = cognito.find_document(model, wire)
    return Recognised(model, protocol, operation, path) if operation else None


def _told_by_signature(found: Recognised, credential: Credential | None) -> Recognised:
    """``ListDirectoryBuckets`` is ``ListBuckets``, signed for S3 Express."""
    if credential is None or credential.service != "s3express" or found.operation.model.name != "ListBuckets":
        return found
    return replace(found, operation=Operation(found.service.operation_model("ListDirectoryBuckets")))


def path_style(path: str, host: AwsHost | None) -> str:
    """Raw path with the bucket in front that the host name has: ``/key`` becomes ``/bucket/key``."""
    return f"/{host.bucket}{path}" if host and host.bucket else path


def _candidates(wire: Wire, credential: Credential | None, host: AwsHost | None) -> list[Service]:
    """Services that the request may be for, the likelier first; never empty.

    What names a service outright goes first (``X-Amz-Target``, the RPC path, the signature); the host, a queue's URL,
    ``Action`` and the paths of services that need no signature decide for the rest, and what is left can only be S3.

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
    return _candidates_for_path(catalogue, wire)


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
    if len(services) == 1:
        return services
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
    for service, model in _models(of_version or services):
        if action in model.operation_names:
            return [service]
    if of_version:
        raise _unknown_operation(of_version[0], wire)
    raise _error("InvalidAction", f"The action {action} is not valid for any service.", protocol="query")


def _candidates_for_path(catalogue: Catalogue, wire: Wire) -> list[Service]:
    """Of the services that are called without a signature the one that has the path, else S3."""
    if cognito.names_document(wire):
        return [catalogue.services["cognito-idp"]]
    is_bearer = str(wire.headers.get("Authorization") or "").lower().startswith("bearer ")
    for service, model in _models(catalogue.authorised_by("bearer" if is_bearer else "none")):
        if find_operation(model, _protocol(service, wire), wire, wire.path):
            return [service]
    return [catalogue.services["s3"]]


def _models(services: list[Service]) -> Iterator[tuple[Service, ServiceModel]]:
    """Services with their models, without those that are newer than the installed botocore."""
    from botocore.exceptions import DataNotFoundError

    for service in services:
        try:
            model = service_model(service.name)
        except DataNotFoundError:
            continue
        yield service, model


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
