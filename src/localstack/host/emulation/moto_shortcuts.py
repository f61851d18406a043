"""What moto works out again at every call, and needs to work out only once: replaced without changing an answer.

Each shortcut stands in for one function of moto and says what it saves. They are applied to the versions that they were
written for and tested with; any other version runs as it is. One suite compares the answers with and without them.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

LOG = logging.getLogger(__name__)

KNOWN_VERSIONS = frozenset({"5.2.5"})

_REQUEST_ID_LENGTH = 52


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
    from moto.core import responses
    from moto.core.base_backend import BackendDict

    responses.method_names_from_class = cache(lambda cls: frozenset(_method_names(cls)))
    responses.gen_amzn_requestid_long = _add_request_id
    responses.BaseResponse._enrich_response = staticmethod(_enriched)
    BackendDict.__getitem__ = _account_getter(BackendDict.__getitem__)


def _method_names(cls: type) -> list[str]:
    """A quarter of a small call: ``inspect`` walks all members of a class with hundreds of them."""
    from moto.core.utils import method_names_from_class

    return list(method_names_from_class(cls))


def _add_request_id(headers: dict[str, Any] | None = None) -> str:
    """Draws 52 random characters one by one otherwise."""
    request_id = secrets.token_hex(_REQUEST_ID_LENGTH // 2).upper()
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
    from moto.sqs.models import Queue

    read_all = Queue.attributes.fget
    Queue.attributes = property(lambda self: read_all(self) if self.fifo_queue else _LazyAttributes(self, read_all))
    Queue.messages = property(lambda self: _VisibleMessages(self))


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


_OF_SERVICES: dict[str, Callable[[], None]] = {"sqs": _apply_to_sqs}
