"""Types of SQS's API that extensions use."""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["Message"]


class Message(TypedDict, total=False):
    """A message as ``ReceiveMessage`` gives it.

    ``Attributes`` are those of the system, ``{"SentTimestamp": "1700000000000"}``; ``MessageAttributes`` the sender's,
    ``{"Colour": {"DataType": "String", "StringValue": "red"}}``.
    """

    MessageId: str
    ReceiptHandle: str
    MD5OfBody: str
    Body: str
    Attributes: dict[str, str]
    MD5OfMessageAttributes: str
    MessageAttributes: dict[str, dict[str, Any]]
