"""The HTTP request that moto gets: the client's own, or one built again from changed parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from localstack.aws.api import CommonServiceException
from localstack.host.emulation.identity import with_region
from localstack.host.emulation.recognition import Recognised
from localstack.host.emulation.returned_urls import Origin
from localstack.host.emulation.serializer import RPC_V2_CBOR
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import OperationModel

_USER_AGENT_REGION = re.compile(r"\bregion/\S+\s*")
_NOT_FOR_A_NEW_BODY = (
    "Content-Length",
    "Content-MD5",
    "Content-Encoding",
    "Transfer-Encoding",
    "Trailer",
    "Smithy-Protocol",
    "X-Amz-Content-Sha256",
    "X-Amz-Decoded-Content-Length",
    "X-Amz-Trailer",
)
_OF_THE_BODY = re.compile(r"Checksum(?!Algorithm|Mode|Type).+|ContentMD5|ContentLength")
_CHECKSUM = "x-amz-checksum-"
_FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_PATH_STYLE_HOST = "localhost"


@dataclass(frozen=True)
class Message:
    """One request to moto; ``path`` is percent-encoded, ``query`` has no ``?``."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    scheme: str = "http"

    def environ(self) -> dict[str, Any]:
        """As WSGI environment. ``RAW_URI`` keeps ``%2F``, ``//`` and ``+`` of S3 keys apart."""
        host, _, port = self.headers.get("Host", "").partition(":")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "QUERY_STRING": self.query,
            "RAW_URI": f"{self.path}?{self.query}" if self.query else self.path,
            "SERVER_NAME": host or "localhost",
            "SERVER_PORT": port or "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": BytesIO(self.body),
        }
        environ.update(_environ_headers(self.headers))
        return environ


def _environ_headers(headers: Headers) -> dict[str, Any]:
    """Headers under their WSGI keys; moto wants to know the names in which ``_`` must not become ``-``."""
    found: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            continue
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        found[key] = f"{found[key]},{value}" if key in found else value
        if "_" in name:
            spelled[key] = name
    return {**found, "moto.preserved_header_names": spelled}


def original_message(wire: Wire, recognised: Recognised, region: str, account: str, origin: Origin) -> Message:
    """The client's request as moto understands it: in the region and account of the context, S3 in path style.

    :param origin: what the URLs in the answer begin with
    """
    headers = Headers(list(wire.headers))
    headers["x-moto-account-id"] = account
    if authorization := headers.get("Authorization"):
        headers["Authorization"] = with_region(authorization, region)
    if agent := headers.get("User-Agent"):
        headers["User-Agent"] = _USER_AGENT_REGION.sub("", agent)  # moto would take it for the region
    if recognised.protocol in ("query", "ec2"):  # a GET has no type, and moto would answer it in JSON
        headers["Content-Type"] = _FORM_TYPE
    service = recognised.service.service_name
    if service in ("sqs", "cognito-idp"):  # moto makes the URLs of queues and of pools' documents from it
        headers["Host"] = origin.host
    if service == "s3":  # to moto any other host with a dot would be a bucket
        headers["Host"] = _PATH_STYLE_HOST + "".join(re.findall(r":\d+$", wire.host))
    if wire.is_gzip:
        headers.remove("Content-Encoding")
    return Message(wire.method, recognised.path, wire.query_string, headers, wire.body, origin.scheme)


def rebuilt_message(original: Message, operation: OperationModel, parameters: dict[str, Any], protocol: str) -> Message:
    """The original with other parameters: written by botocore's client side, the original headers beneath.

    :param protocol: one that moto speaks; may be another than that of the original
    :raises botocore.exceptions.ParamValidationError: when the parameters do not fit the model
    """
    sent = _without_none(_with_dates_as_text(parameters, operation))
    written = _serializer(protocol).serialize_to_request(sent, operation)
    url = urlsplit(written["url_path"])
    query = "&".join(part for part in (url.query, _encoded(written["query_string"])) if part)
    body = written["body"]
    body = urlencode(body, doseq=True) if isinstance(body, dict) else body
    data = body.encode() if isinstance(body, str) else body.read() if hasattr(body, "read") else bytes(body or b"")
    headers = _headers_beneath(original.headers, operation, written["headers"])
    return Message(written["method"], url.path, query, headers, data, original.scheme)


def _headers_beneath(original: Headers, operation: OperationModel, written: dict[str, Any]) -> Headers:
    """Original headers without those that belong to the old body or carry a parameter, then the written ones."""
    shape = operation.input_shape
    members = shape.members.values() if shape is not None else ()
    carrying = {
        str(member.serialization.get("name", "")).lower(): member.serialization["location"]
        for member in members
        if member.serialization.get("location") in ("header", "headers")
    }
    single = {name for name, location in carrying.items() if location == "header"}
    prefixes = tuple(name for name, location in carrying.items() if location == "headers")
    dropped = {name.lower() for name in _NOT_FOR_A_NEW_BODY} | single
    headers = Headers()
    for name, value in original:
        lower = name.lower()
        if lower not in dropped and not lower.startswith(_CHECKSUM) and not (prefixes and lower.startswith(prefixes)):
            headers.add(name, value)
    for name, value in written.items():
        headers[name] = str(value)
    return headers


@cache
def _serializer(protocol: str) -> Any:
    from botocore.serialize import SERIALIZERS, QuerySerializer
    from botocore.validate import ParamValidationDecorator, ParamValidator

    class NamedAsBefore(QuerySerializer):  # type: ignore[misc]  # botocore is not typed
        """SQS's model is now one of JSON; its names in the query protocol stand beside."""

        def _get_serialized_name(self, shape: Any, default_name: str) -> str:
            names = shape.serialization
            return str(names.get("locationNameForQueryCompatibility") or names.get("name", default_name))

        def _serialize_type_list(self, serialized: Any, value: Any, shape: Any, prefix: str = "") -> None:
            name = shape.member.serialization.get("locationNameForQueryCompatibility")
            if name is None or not value:
                super()._serialize_type_list(serialized, value, shape, prefix)
                return
            path = [*prefix.split(".")[:-1], name]  # a flattened list goes by the name of its items
            for number, item in enumerate(value, 1):
                self._serialize(serialized, item, shape.member, ".".join([*path, str(number)]))

    serializer = NamedAsBefore() if protocol == "query" else SERIALIZERS[protocol]()
    return ParamValidationDecorator(ParamValidator(), serializer)


def _with_dates_as_text(parameters: dict[str, Any], operation: OperationModel) -> dict[str, Any]:
    """S3's ``Expires`` is a time to handlers where it can be read as one, and a text in moto's model."""
    members = operation.input_shape.members if operation.input_shape is not None else {}
    texts = {name for name, member in members.items() if member.type_name == "string"}
    return {
        name: http_date(value) if name in texts and isinstance(value, datetime) else value
        for name, value in parameters.items()
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value


def _encoded(query: dict[str, Any] | str) -> str:
    return urlencode(query, doseq=True) if isinstance(query, dict) else query


def spoken_by_moto(protocols: tuple[str, ...]) -> str:
    """A protocol of the service other than CBOR, which moto does not read.

    :raises CommonServiceException: 501, when the service has none
    """
    found = next((protocol for protocol in protocols if protocol != RPC_V2_CBOR), None)
    if found is None:
        raise CommonServiceException("InternalFailure", "Services that speak CBOR only are not emulated", 501)
    return found


class Snapshot:
    """What the parameters were before extensions saw them: containers copied, streams by reference."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._copy = _copied(parameters)

    def differs_from(self, parameters: Any) -> bool:
        return bool(parameters != self._copy)

    def replayed(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters ready to be sent: a body as it was before handlers read from it, or without its checksums."""
        replayed = dict(parameters)
        for name, before in self._copy.items():
            if not isinstance(before, BytesIO):
                continue
            is_untouched = parameters.get(name) is before
            if is_untouched:
                replayed[name] = before.getvalue()
            else:
                replayed = {key: value for key, value in replayed.items() if not _OF_THE_BODY.fullmatch(key)}
        return replayed


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
