"""Types of Lambda's API that extensions use."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["InvocationType"]


class InvocationType(StrEnum):
    """How a function is called: with an answer, without waiting for one, or not really."""

    Event = "Event"
    RequestResponse = "RequestResponse"
    DryRun = "DryRun"
