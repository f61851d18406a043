"""What moto's SQS works out again at every call. Applied as ``shortcuts`` says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache, cached_property, lru_cache
from typing import Any

_RECEIPT_HANDLE_LENGTH = 185
_MANY_NAMES = 1024
_LOWER_CASE = bytes(ord("a") + byte % 26 for byte in range(256))


@cache
def apply() -> None:
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
