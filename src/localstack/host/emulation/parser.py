"""Parse the parameters of a request into the API's own member names, by botocore's models.

    SendMessage  {"QueueUrl": "http://…", "MessageBody": "hi", "MessageAttributes": {"a": {"DataType": "String", …}}}
    PutObject    {"Bucket": "b", "Key": "k", "Body": <BytesIO>, "Metadata": {"a": "b"}}

Only what was sent is in it, and ``None`` for required members that were not. Numbers, booleans, timestamps (aware
``datetime``) and blobs (``bytes``) are converted; the body of a streaming operation is a readable ``BytesIO``.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from localstack.aws.api import CommonServiceException
from localstack.host.emulation.operations import Operation
from localstack.host.emulation.parsing.json_body import read_json_body
from localstack.host.emulation.parsing.query import Node, QueryReader
from localstack.host.emulation.parsing.rest import RestReader
from localstack.host.emulation.parsing.xml_body import read_xml_body
from localstack.host.emulation.wire import Wire

if TYPE_CHECKING:
    from botocore.model import StructureShape

_CODES = {"query": "MalformedInput", "ec2": "MalformedInput", "rest-xml": "MalformedXML"}


def parse(operation: Operation, protocol: str, wire: Wire) -> dict[str, Any]:
    """Parse the parameters of one request.

    :raises CommonServiceException: 400, when the request can't be read as its model says
    """
    shape = operation.model.input_shape
    if shape is None:
        return {}
    try:
        return _parse(shape, operation, protocol, wire)
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        OverflowError,
        binascii.Error,
        ElementTree.ParseError,
    ) as error:
        code = _CODES.get(protocol, "SerializationException")
        message = f"The parameters of {operation.model.name} can't be read: {error}"
        raise CommonServiceException(code, message, 400, sender_fault=True) from None


def _parse(shape: StructureShape, operation: Operation, protocol: str, wire: Wire) -> dict[str, Any]:
    if protocol in ("query", "ec2"):
        return QueryReader(is_ec2=protocol == "ec2").structure(shape, Node.of(wire.parameters))
    if protocol == "rest-json":
        return RestReader(operation, wire).read(shape, read_json_body)
    if protocol == "rest-xml":
        return RestReader(operation, wire).read(shape, read_xml_body)
    parameters: dict[str, Any] = read_json_body(shape, wire)
    return parameters
