"""CBOR (RFC 8949), as far as AWS's protocols have it: definite lengths when written, tag 1 for times.

``smithy-rpc-v2-cbor`` counts times in seconds, as the tag says. Older SDKs' ``application/x-amz-cbor-1.1``, which
Kinesis speaks, counts them in milliseconds (https://github.com/aws/aws-sdk-java-v2/issues/4661).
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_FALSE, _TRUE, _NULL, _DOUBLE = b"\xf4", b"\xf5", b"\xf6", b"\xfb"
_TIME = 1


def encode(value: Any, *, in_milliseconds: bool = False) -> bytes:
    """A tree of dict, list, str, bytes, int, float, bool, datetime and None in CBOR.

    :param in_milliseconds: whether times are milliseconds since 1970, else seconds
    :raises TypeError: for a value of another type
    """
    match value:
        case None:
            return _NULL
        case bool():
            return _TRUE if value else _FALSE
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case float():
            return _DOUBLE + struct.pack(">d", value)
        case str():
            return _head(_TEXT, len(data := value.encode())) + data
        case bytes() | bytearray():
            return _head(_BYTES, len(value)) + value
        case datetime():
            return _head(_TAG, _TIME) + encode(_since_1970(value, in_milliseconds))
        case list() | tuple():
            items = (encode(item, in_milliseconds=in_milliseconds) for item in value)
            return _head(_ARRAY, len(value)) + b"".join(items)
        case dict():
            parts = (encode(part, in_milliseconds=in_milliseconds) for pair in value.items() for part in pair)
            return _head(_MAP, len(value)) + b"".join(parts)
        case _:
            raise TypeError(f"a {type(value).__name__} can't be written in CBOR")


def decode(body: bytes, *, in_milliseconds: bool = False) -> Any:
    """The value that the bytes begin with; times become aware ``datetime``.

    :raises ValueError: when it is no CBOR, or ends too early
    """
    from botocore.parsers import ResponseParserError

    parser = _parser(in_milliseconds)
    try:
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    except (ResponseParserError, OverflowError) as error:
        raise ValueError(str(error)) from None


def _head(major_type: int, number: int) -> bytes:
    """First byte and the number that it announces: a length, or the value itself.

    :raises OverflowError: for a number of more than eight bytes
    """
    if number < 24:
        return bytes([major_type << 5 | number])
    size = next((size for size in (1, 2, 4) if number < 1 << 8 * size), 8)
    return bytes([major_type << 5 | 23 + size.bit_length()]) + number.to_bytes(size, "big")


def _since_1970(moment: datetime, in_milliseconds: bool) -> int | float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    milliseconds = (aware - _EPOCH) // timedelta(milliseconds=1)
    if in_milliseconds:
        return milliseconds
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


@cache
def _parser(in_milliseconds: bool) -> Any:
    from botocore.parsers import RpcV2CBORParser

    unit = timedelta(milliseconds=1) if in_milliseconds else timedelta(seconds=1)

    class Parser(RpcV2CBORParser):  # type: ignore[misc]  # botocore is not typed
        def _parse_datetime(self, value: Any) -> datetime:
            moment: datetime = _EPOCH + value * unit
            return moment

    return Parser()
