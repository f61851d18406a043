"""What moto's S3 works out again at every call. Applied as ``shortcuts`` says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

from localstack.host.emulation.object_content import ObjectContent

_MANY_NAMES = 1024
_METADATA_NAME = re.compile(r"[a-zA-Z0-9\-_.]{12,}")


@cache
def apply() -> None:
    """The content of an object is copied three times otherwise, and read back from a file from 5 MiB on."""
    from moto.s3 import models, responses
    from moto.s3.models import FakeKey
    from moto.s3.utils import user_settable_fields

    responses.metadata_from_headers = _metadata_reader(frozenset(user_settable_fields))
    responses.get_partition = models.get_partition = lru_cache(_MANY_NAMES)(models.get_partition)  # eight times a call
    models.tempfile = SimpleNamespace(SpooledTemporaryFile=ObjectContent)
    FakeKey.value = property(_value_getter(FakeKey.value.fget), FakeKey.value.fset)
    FakeKey.etag = property(_etag_getter(FakeKey.etag.fget))


def _metadata_reader(fields: frozenset[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Matches every header of a request against a regular expression otherwise."""
    from requests.structures import CaseInsensitiveDict

    @lru_cache(_MANY_NAMES)
    def key_of(name: Any) -> str | None:
        """Under which name a header is kept; None for one that is no metadata."""
        lower = name.lower() if isinstance(name, str) else ""
        if lower.startswith("x-amz-meta-") and _METADATA_NAME.fullmatch(name) is not None:
            return lower
        return name if lower in fields else None

    def metadata_from_headers(headers: Mapping[str, Any]) -> CaseInsensitiveDict[Any]:
        metadata: CaseInsensitiveDict[Any] = CaseInsensitiveDict()
        for name in headers.keys():  # noqa: SIM118 - some of what moto calls headers iterates over pairs
            key = key_of(name)
            if key is not None:
                value = headers[name]
                metadata[key] = value[0] if isinstance(value, list) else value
        return metadata

    return metadata_from_headers


def _value_getter(original: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def value(key: Any) -> bytes:
        held = _in_memory(key)
        return original(key) if held is None else held

    return value


def _etag_getter(original: Callable[[Any], str]) -> Callable[[Any], str]:
    """Reads the file of the object otherwise, and misses what another thread has read from it meanwhile."""
    from moto.s3.models import md5_hash

    def etag(key: Any) -> str:
        if key._etag is None and (held := _in_memory(key)) is not None:
            key._etag = md5_hash(held).hexdigest()
        return original(key)

    return etag


def _in_memory(key: Any) -> bytes | None:
    """None for what is in a file, also in one of moto's: another service may have made the object before."""
    content = key._value_buffer
    held = content.held if isinstance(content, ObjectContent) else None
    return held if isinstance(held, bytes) else None
