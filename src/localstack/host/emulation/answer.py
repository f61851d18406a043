"""Read an answer back into the API's own member names, for response handlers, when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from werkzeug.http import parse_date

from localstack.aws.api import CommonServiceException, ServiceException
from localstack.aws.api.core import ServiceResponse
from localstack.host.emulation import cbor
from localstack.host.emulation.serializer import JSON_IN_CBOR

if TYPE_CHECKING:
    from botocore.model import OperationModel

_FIRST_ERROR_STATUS = 301  # as botocore has it
_SEE_OTHER = 303  # where a form that S3 has accepted sends the browser


def parse_answer(
    operation: OperationModel, protocol: str, status: int, headers: Iterable[tuple[str, str]], body: bytes
) -> tuple[ServiceResponse | None, ServiceException | None]:
    """The parsed answer or the exception that it tells of; the answer of a streaming operation is ``{}``.

    What an extension answered instead of the service may be no answer of the protocol: then the answer is ``{}`` or the
    exception has an empty code.

    :param protocol: one of botocore's, or ``JSON_IN_CBOR``
    """
    from botocore.awsrequest import HeadersDict
    from botocore.parsers import ResponseParserError

    if status == _SEE_OTHER:
        status = 200
    is_error = status >= _FIRST_ERROR_STATUS
    if not is_error and (operation.has_streaming_output or operation.has_event_stream_output):
        return {}, None
    answer = {"status_code": status, "headers": HeadersDict(headers), "body": body}
    try:
        parsed = _parser(protocol).parse(answer, operation.output_shape)
        if operation.name == "GetBucketLocation" and not is_error:
            parsed = {"LocationConstraint": ElementTree.fromstring(body).text}  # its root is itself the value
    except (ResponseParserError, ValueError, TypeError, AttributeError, KeyError, IndexError, ElementTree.ParseError):
        parsed = {}
    parsed.pop("ResponseMetadata", None)
    if not is_error:
        is_s3 = operation.service_model.service_name == "s3"
        return _with_both_expires(parsed) if is_s3 else parsed, None
    return None, _exception(parsed, status)


def _with_both_expires(parsed: dict[str, Any]) -> dict[str, Any]:
    """S3's ``Expires`` as boto3 has it: as a time where it can be read as one, and as text in ``ExpiresString``."""
    text = parsed.get("Expires")
    if isinstance(text, str):
        parsed["ExpiresString"], moment = text, parse_date(text)
        if moment is None:
            del parsed["Expires"]
        else:
            parsed["Expires"] = moment
    return parsed


def _exception(parsed: dict[str, Any], status: int) -> ServiceException:
    error = parsed.get("Error", {})
    code, message = str(error.get("Code", "")), str(error.get("Message", ""))
    return CommonServiceException(code, message, status, sender_fault=status < 500)


@cache
def _parser(protocol: str) -> Any:
    from botocore.parsers import PROTOCOL_PARSERS, JSONParser, QueryParser

    class NamedAsBefore(QueryParser):  # type: ignore[misc]  # botocore is not typed
        """SQS's model is now one of JSON; its names in the query protocol stand beside."""

        def _member_key_name(self, shape: Any, member_name: str) -> str:
            item = shape.member if shape.type_name == "list" and shape.serialization.get("flattened") else shape
            name = item.serialization.get("locationNameForQueryCompatibility")
            return str(name or super()._member_key_name(shape, member_name))

        def _handle_map(self, shape: Any, node: Any) -> dict[str, Any]:
            names = [part.serialization.get("locationNameForQueryCompatibility") for part in (shape.key, shape.value)]
            if not all(names):
                return dict(super()._handle_map(shape, node))
            entries = node if isinstance(node, list) else [node]
            parts = [{self._node_tag(child): child for child in entry} for entry in entries]
            return {part[names[0]].text or "": self._parse_shape(shape.value, part[names[1]]) for part in parts}

    class InCbor(JSONParser):  # type: ignore[misc]
        """JSON's members in CBOR, whose blobs and times are what they should be."""

        def __init__(self) -> None:
            super().__init__(timestamp_parser=lambda value: value, blob_parser=lambda value: value)

        def _parse_body_as_json(self, body_contents: bytes) -> Any:
            return cbor.decode(body_contents, in_milliseconds=True) if body_contents else {}

    own = {"query": NamedAsBefore, JSON_IN_CBOR: InCbor}
    return own[protocol]() if protocol in own else PROTOCOL_PARSERS[protocol]()
