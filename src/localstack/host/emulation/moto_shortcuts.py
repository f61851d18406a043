"""What moto works out again at every call, and needs to work out only once: replaced without changing an answer.

Each shortcut stands in for one function of moto and says what it saves. They are applied to the versions that they were
written for and tested with; any other version runs as it is. One suite compares the answers with and without them.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from random import getrandbits
from time import time
from types import SimpleNamespace
from typing import Any

from localstack.host.emulation import moto_answers
from localstack.host.emulation.object_content import ObjectContent

LOG = logging.getLogger(__name__)

KNOWN_VERSIONS = frozenset({"5.2.5"})

_KEY_OF_ANYBODY = "AKIAEXAMPLE"
"""What moto takes for the access key of who has none that it could have issued."""
_REQUEST_ID_LENGTH = 52
_RECEIPT_HANDLE_LENGTH = 185
_MANY_NAMES = 16_384
_METADATA_NAME = re.compile(r"[a-zA-Z0-9\-_.]{12,}")
_LOWER_CASE = bytes(ord("a") + byte % 26 for byte in range(256))


def apply(service: str) -> None:
    """Put the shortcuts in place for everything, and for one service whose modules are imported."""
    if not is_known_version():
        return
    _apply_to_core()
    if service in _OF_SERVICES:
        _OF_SERVICES[service]()


@cache
def is_known_version() -> bool:
    """Whether this is a version of moto that what is done here was tested with."""
    is_known = version("moto") in KNOWN_VERSIONS
    if not is_known:
        LOG.info("moto %s is not among the versions that calls are sped up for", version("moto"))
    return is_known


@cache
def _apply_to_core() -> None:
    from moto.core import responses, utils
    from moto.core.base_backend import BackendDict

    utils.unix_time = _time_reader(utils.unix_time)  # unix_time_millis asks it, too
    responses.camelcase_to_underscores = lru_cache(_MANY_NAMES)(responses.camelcase_to_underscores)
    responses.method_names_from_class = cache(lambda cls: frozenset(_method_names(cls)))
    responses.gen_amzn_requestid_long = _add_request_id
    responses.BaseResponse._enrich_response = staticmethod(_enriched)
    BackendDict.__getitem__ = _account_getter(BackendDict.__getitem__)
    moto_answers.apply()
    _apply_to_iam()


def _time_reader(original: Callable[[Any], float]) -> Callable[..., float]:
    """Makes five dates otherwise to find out the time."""

    def unix_time(dt: Any = None) -> float:
        return original(dt) if dt else round(time(), 6)

    return unix_time


def _apply_to_iam() -> None:
    """IAM is part of every call: moto notes there when a key was used."""
    from moto.iam import models
    from moto.iam.models import IAMBackend

    models.mark_account_as_visited = _key_marker(models.mark_account_as_visited)
    IAMBackend.aws_managed_policies = _Later("aws_managed_policies", IAMBackend._init_aws_policies)
    IAMBackend.managed_policies = _Later("managed_policies", IAMBackend._init_managed_policies)
    IAMBackend._init_aws_policies = IAMBackend._init_managed_policies = lambda self: None


def _key_marker(original: Callable[..., None]) -> Callable[..., None]:
    """Makes an IAM for each account that calls otherwise, to look for a key that it can't have."""

    def mark(account_id: str, access_key: str, service: str, region: str) -> None:
        if access_key != _KEY_OF_ANYBODY:
            original(account_id=account_id, access_key=access_key, service=service, region=region)

    return mark


class _Later:
    """An attribute that is made when it is first looked at: the policies of AWS are 1,600 objects for each account."""

    def __init__(self, name: str, make: Callable[[Any], Any]) -> None:
        self._name = name
        self._make = make

    def __get__(self, backend: Any, owner: type) -> Any:
        if backend is None:
            return self
        values = vars(backend)
        return values[self._name] if self._name in values else values.setdefault(self._name, self._make(backend))

    def __set__(self, backend: Any, value: Any) -> None:
        if value is not None:
            vars(backend)[self._name] = value


def _method_names(cls: type) -> list[str]:
    """A quarter of a small call: ``inspect`` walks all members of a class with hundreds of them."""
    from moto.core.utils import method_names_from_class

    return list(method_names_from_class(cls))


def _add_request_id(headers: dict[str, Any] | None = None) -> str:
    """Draws 52 random characters one by one otherwise."""
    request_id = f"{getrandbits(_REQUEST_ID_LENGTH * 4):0{_REQUEST_ID_LENGTH}X}"  # asks no system call for it
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = request_id
    return request_id


def _enriched(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
    """Compiles a replacement pattern for every body otherwise, also for those without an id."""
    if "status" in headers:
        headers["status"] = str(headers["status"])
    request_id = _add_request_id(headers)
    if not isinstance(body, str) or "<RequestId>" not in body:
        return headers, body
    return headers, "\n".join(_with_request_id(line, request_id) for line in body.split("\n"))


def _with_request_id(line: str, request_id: str) -> str:
    before, opening, rest = line.partition("<RequestId>")
    _, closing, after = rest.rpartition("</RequestId>")
    return f"{before}{opening}{request_id}{closing}{after}" if opening and closing else line


def _account_getter(original: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Takes a lock, and compares the service with all others that are in use, at every look otherwise.

    An account that is there has been entered by moto's own function, and leaves only with its entry.
    """

    def get(self: Any, account_id: str) -> Any:
        try:
            return dict.__getitem__(self, account_id)
        except KeyError:
            return original(self, account_id)

    return get


@cache
def _apply_to_sqs() -> None:
    from moto.core.utils import unix_time
    from moto.sqs import models
    from moto.sqs.models import Message, Queue, SQSBackend

    models.camelcase_to_underscores = lru_cache(_MANY_NAMES)(models.camelcase_to_underscores)
    models.unix_time = unix_time
    models.deepcopy = _deep_copy
    models.generate_receipt_handle = _receipt_handle
    Message.__deepcopy__ = _copied_message
    Message.had_receipt_handle = _had_receipt_handle
    Queue.delete_message = _delete_message
    SQSBackend.is_message_valid_based_on_retention_period = _is_retained
    read_all = Queue.attributes.fget
    Queue.attributes = property(lambda self: read_all(self) if self.fifo_queue else _LazyAttributes(self, read_all))
    Queue.messages = property(lambda self: _VisibleMessages(self))


def _receipt_handle() -> str:
    """Draws 185 letters one by one otherwise."""
    from moto.moto_api._internal import mock_random

    handle: bytes = mock_random.randbytes(_RECEIPT_HANDLE_LENGTH)
    return handle.translate(_LOWER_CASE).decode()


def _deep_copy(value: Any) -> Any:
    """Takes a set to pieces otherwise; SQS has sets of names only: of the groups of messages that are under way."""
    return value.copy() if type(value) is set else deepcopy(value)


def _copied_message(message: Any, memo: dict[int, Any]) -> Any:
    """Walks through every receipt handle that a message ever had otherwise; a copy is never asked for them."""
    copied = message.__class__.__new__(message.__class__)
    copied.__dict__.update(message.__dict__)
    for name in ("message_attributes", "system_attributes"):
        value = getattr(message, name)
        setattr(copied, name, deepcopy(value, memo) if value else {})
    return copied


def _had_receipt_handle(message: Any, receipt_handle: str) -> bool:
    """Makes a list of all handles of the message otherwise."""
    return receipt_handle == message.receipt_handle or receipt_handle in message._old_receipt_handles


def _delete_message(queue: Any, receipt_handle: str) -> None:
    """Looks through the queue twice otherwise, and makes it anew: what another thread sends meanwhile would be lost."""
    from moto.sqs.exceptions import ReceiptHandleIsInvalid

    if receipt_handle in queue.deleted_messages:
        return
    with queue._messages_lock:
        found = next((message for message in queue._messages if message.had_receipt_handle(receipt_handle)), None)
        if found is None:
            raise ReceiptHandleIsInvalid
        queue.pending_messages.discard(found)
        queue.deleted_messages.update(found.all_receipt_handles)
        with contextlib.suppress(ValueError):  # another thread has moved it to the dead-letter queue
            queue._messages.remove(found)


def _is_retained(backend: Any, queue_name: str, message: Any) -> bool:
    """Works out all attributes of the queue for each message otherwise, to look at one."""
    from moto.core.utils import unix_time

    period = backend.get_queue(queue_name).message_retention_period
    return bool(unix_time() < period + message.sent_timestamp / 1000)


class _LazyAttributes(Mapping[str, Any]):
    """The attributes of a standard queue: all its messages are counted only when somebody asks how many there are."""

    def __init__(self, queue: Any, read_all: Callable[[Any], dict[str, Any]]) -> None:
        self._queue = queue
        self._read_all = read_all

    def __getitem__(self, name: str) -> Any:
        if name in self._queue.FIFO_ATTRIBUTES:  # asked for with every message
            raise KeyError(name)
        count = _COUNTS.get(name)
        return self._others[name] if count is None else getattr(self._queue, count)

    def __contains__(self, name: object) -> bool:
        return name in self._others

    def __iter__(self) -> Iterator[str]:
        return iter(self._others)

    def __len__(self) -> int:
        return len(self._others)

    @cached_property
    def _others(self) -> dict[str, Any]:
        return self._read_all(_QueueWithoutCounts(self._queue))


_COUNTS = {
    "ApproximateNumberOfMessages": "approximate_number_of_messages",
    "ApproximateNumberOfMessagesDelayed": "approximate_number_of_messages_delayed",
    "ApproximateNumberOfMessagesNotVisible": "approximate_number_of_messages_not_visible",
}


class _QueueWithoutCounts:
    """A queue that does not look at its messages."""

    approximate_number_of_messages = 0
    approximate_number_of_messages_delayed = 0
    approximate_number_of_messages_not_visible = 0

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)


class _VisibleMessages:
    """Messages of a queue that can be received now; who takes one does not look at all the others."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __iter__(self) -> Iterator[Any]:
        return (message for message in self._queue._messages if message.visible and not message.delayed)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


@cache
def _apply_to_s3() -> None:
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


_OF_SERVICES: dict[str, Callable[[], None]] = {"s3": _apply_to_s3, "sqs": _apply_to_sqs}
