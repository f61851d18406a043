"""Uploads by an HTML form (``PostObject``), of which botocore's model of S3 has no more than the name.

A form stands for a ``PutObject`` whose headers are its fields, and moto gets it as one. What only forms have stays
here: the file's name in ``${filename}``, and the answer that the form asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit
from xml.etree import ElementTree

from rolo import Request
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder
from werkzeug.urls import iri_to_uri

from localstack.aws.api import CommonServiceException
from localstack.host.emulation.operations import Operation
from localstack.host.emulation.parser import parse
from localstack.host.emulation.wire import Wire
from localstack.host.emulation.xml_text import elements

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from localstack.host.emulation.moto.backend import Answer

OPERATION = "PostObject"

_IS_STORED: ContextVar[bool] = ContextVar("whether moto stores the file of a form", default=False)
_BUCKET_PATH = re.compile(r"/(?P<name>[^/]+)/?")
_FILE = "file"
_OF_THE_REQUEST = ("content-length", "transfer-encoding", "x-amz-content-sha256")
"""Headers of a PUT that tell of its body, which a form's fields can't."""
_WRITTEN_OTHERWISE = {"acl": "x-amz-acl"}
"""Fields to the headers that they stand for, where the names differ."""


@dataclass(frozen=True)
class FormUpload:
    """A form as it was sent.

    :ivar fields: by name in lower case; those behind the file do not count
    :ivar file: None when the form has none
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    file: bytes | None = None

    @classmethod
    def of(cls, wire: Wire) -> FormUpload | None:
        """The form of a request; None for a request that is none or has a body that can't be read as one."""
        if not wire.is_upload:
            return None
        boundary = parse_options_header(wire.headers.get("Content-Type"))[1].get("boundary", "")
        fields: dict[str, str] = {}
        try:
            for name, file_name, content in _parts(boundary, wire.body):
                if name.lower() == _FILE:
                    own_name = (file_name or "").rpartition("/")[2]
                    filled = {name: value.replace("${filename}", own_name) for name, value in fields.items()}
                    return cls(filled, content)
                fields[name.lower()] = content.decode("utf-8", "replace")
        except ValueError:
            return None
        return cls(fields)

    @property
    def credential(self) -> str:
        """What a signed form names as its signer, ``KEY/DATE/REGION/s3/aws4_request``, or just a key; else ``""``."""
        return self.fields.get("x-amz-credential") or self.fields.get("awsaccesskeyid") or ""


def _parts(boundary: str, body: bytes) -> Iterator[tuple[str, str | None, bytes]]:
    """Name, file name and content of the parts in their order.

    :raises ValueError: when the body is not what its type says
    """
    if not boundary:
        raise ValueError("a form without a boundary")
    decoder = MultipartDecoder(boundary.encode("latin-1"))
    decoder.receive_data(body)
    decoder.receive_data(None)
    name, file_name, content = "", None, b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            name, file_name, content = event.name or "", getattr(event, "filename", None), b""
        elif isinstance(event, Data):
            content = content + event.data if content else event.data
            if not event.more_data:
                yield name, file_name, content


def find_operation(service: ServiceModel, wire: Wire, path: str) -> Operation | None:
    """``PostObject`` with parameters and answer of ``PutObject``; None for what is not sent to a bucket.

    :param path: raw path in path style
    """
    from botocore.model import OperationModel

    bucket = _BUCKET_PATH.fullmatch(path)
    if bucket is None or wire.method != "POST":
        return None
    put = service.operation_model("PutObject")
    description = {
        "name": OPERATION,
        "http": {"method": "POST", "requestUri": "/{Bucket}"},
        "input": {"shape": put.input_shape.name},
        "output": {"shape": put.output_shape.name},
    }
    return Operation(OperationModel(description, service, OPERATION), {"Bucket": unquote(bucket["name"])})


def parameters_of(upload: FormUpload | None, operation: Operation) -> dict[str, Any]:
    """The parameters of the ``PutObject`` that the form stands for.

    :param operation: ``PostObject`` with the label ``Bucket``
    :raises CommonServiceException: 400, when the form can't be read or lacks what S3 requires
    """
    if upload is None:
        text = "A POST to a bucket needs a body that is well-formed multipart/form-data."
        raise CommonServiceException("MalformedPOSTRequest", text, 400, sender_fault=True)
    if not upload.fields.get("key"):
        raise _invalid(
            "Bucket POST must contain a field named 'key'. If it is specified, it must stand before the file."
        )
    if upload.file is None:
        raise _invalid("POST requires exactly one file upload per request.")
    fields = [(name, value) for name, value in upload.fields.items() if name not in _OF_THE_REQUEST]
    headers = Headers([(_WRITTEN_OTHERWISE.get(name, name), _in_one_line(value)) for name, value in fields])
    if tagging := upload.fields.get("tagging"):
        headers["x-amz-tagging"] = _tags(tagging)
    labels = operation.labels | {"Key": upload.fields["key"]}
    wire = Wire(Request("PUT", "/", headers=headers, body=upload.file))
    return parse(Operation(operation.model, labels), "rest-xml", wire)


def _invalid(message: str) -> CommonServiceException:
    return CommonServiceException("InvalidArgument", message, 400, sender_fault=True)


def _in_one_line(value: str) -> str:
    return " ".join(value.splitlines())


def _tags(document: str) -> str:
    """``<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`` → ``a=b``."""
    try:
        tags = ElementTree.fromstring(document).iterfind("{*}TagSet/{*}Tag")
    except ElementTree.ParseError as error:
        text = f"The field 'tagging' is no XML: {error}"
        raise CommonServiceException("MalformedXML", text, 400, sender_fault=True) from None
    return urlencode([(tag.findtext("{*}Key", ""), tag.findtext("{*}Value", "")) for tag in tags])


def answer_of_form(answer: Answer, upload: FormUpload, parameters: Mapping[str, Any], url: str) -> Answer:
    """The answer that the form asks for, in place of that of the ``PutObject``.

    :param parameters: ``Bucket`` and ``Key`` as the object was stored
    :param url: that of the object
    """
    etag = answer.headers.get("ETag", "")
    redirect = _redirect(upload.fields, {"bucket": parameters["Bucket"], "key": parameters["Key"], "etag": etag})
    headers = Headers([(name, value) for name, value in answer.headers if not name.lower().startswith("content-")])
    headers["Location"] = redirect or url
    if redirect:
        return replace(answer, status=303, headers=headers, body=b"")
    status = upload.fields.get("success_action_status")
    if status != "201":
        return replace(answer, status=200 if status == "200" else 204, headers=headers, body=b"")
    content = elements(Location=url, Bucket=parameters["Bucket"], Key=parameters["Key"], ETag=etag)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{content}</PostResponse>'
    headers["Content-Type"] = "application/xml"
    return replace(answer, status=201, headers=headers, body=body.encode())


def _redirect(fields: Mapping[str, str], told: Mapping[str, str]) -> str | None:
    """Where the browser is sent, told of the object in the query string; None where the form names no URL."""
    try:
        url = urlsplit(iri_to_uri(fields.get("success_action_redirect") or fields.get("redirect") or ""))
    except ValueError:
        return None
    if not (url.scheme and url.netloc):
        return None
    query = "&".join(part for part in (url.query, urlencode(told)) if part)
    return url._replace(query=query).geturl()


@contextmanager
def being_stored() -> Iterator[None]:
    """While it lasts, what moto stores is the file of a form: ``s3:ObjectCreated:Post`` to who wants to be told."""
    token = _IS_STORED.set(True)
    try:
        yield
    finally:
        _IS_STORED.reset(token)


@cache
def let_moto_tell_forms_apart() -> None:
    """Make moto's S3 heed ``being_stored``."""
    from moto.s3.models import S3Backend

    S3Backend.put_object = _noting_forms(S3Backend.put_object)


def _noting_forms(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_object(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _IS_STORED.get():
            kwargs["request_method"] = "POST"
        return original(self, *args, **kwargs)

    return put_object
