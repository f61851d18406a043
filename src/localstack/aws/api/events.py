"""Types of EventBridge's API that extensions use."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

__all__ = [
    "AccountId",
    "Integer",
    "PutEventsRequestEntry",
    "PutEventsResponse",
    "PutEventsResultEntry",
    "PutEventsResultEntryList",
]

AccountId = str
Integer = int


class PutEventsRequestEntry(TypedDict, total=False):
    """An event to be put; ``Detail`` is a JSON object as text."""

    Time: datetime
    Source: str
    Resources: list[str]
    DetailType: str
    Detail: str
    EventBusName: str
    TraceHeader: str


class PutEventsResultEntry(TypedDict, total=False):
    """What became of one event: its id, or an error."""

    EventId: str
    ErrorCode: str
    ErrorMessage: str


PutEventsResultEntryList = list[PutEventsResultEntry]


class PutEventsResponse(TypedDict, total=False):
    """The answer of ``PutEvents``; ``Entries`` has an entry for each event, in their order."""

    FailedEntryCount: int
    Entries: list[PutEventsResultEntry]
