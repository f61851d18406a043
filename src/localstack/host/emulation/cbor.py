"""Answers in CBOR for clients that speak it: moto answers in another protocol, which is read and written again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from localstack.aws.api import RequestContext
from localstack.host.emulation.answer import parse_answer
from localstack.host.emulation.moto_backend import Answer
from localstack.host.emulation.recognition import RPC_V2_CBOR

if TYPE_CHECKING:
    from botocore.model import OperationModel


def transcode(answer: Answer, context: RequestContext, operation: OperationModel, protocol: str) -> Answer:
    """The answer in CBOR.

    :param protocol: that of the answer
    :raises ServiceException: the error of which the answer tells; it is serialised like any other
    """
    headers = {name.lower(): value for name, value in answer.headers}
    parsed, exception = parse_answer(operation, protocol, answer.status, headers, answer.body)
    if exception is not None:
        raise exception
    written = Headers()
    if context.protocol == RPC_V2_CBOR:
        written["Smithy-Protocol"] = "rpc-v2-cbor"
        written["Content-Type"] = "application/cbor"
    else:
        written["Content-Type"] = context.request.headers["Content-Type"]
    return Answer(answer.status, written, _encode(parsed, operation.output_shape))


def _encode(parsed: Any, shape: Any) -> bytes:
    from botocore.serialize import RpcV2CBORSerializer

    if shape is None:
        return b"\xa0"
    encoded = bytearray()
    RpcV2CBORSerializer()._serialize_data_item(encoded, parsed or {}, shape)
    return bytes(encoded)
