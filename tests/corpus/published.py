"""What the corpus knows about a published extension: where it comes from, what it needs, how it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum

from corpus.visit import Visit
from platforms import START_TIMEOUT_SECONDS, Home

LACKS_A_SERVICE = r"line \d+ of \S+ needs the module localstack\.services\.\S+, which this host does not have"
"""How an install refuses what patches the inside of upstream's services."""


class NotRun(Exception):
    """Something that a trial needs is missing here."""


class Tier(Enum):
    """How much of the host an extension needs."""

    API = "T1"
    """The extension API, HTTP and settings."""
    TOOLS = "T2"
    """The contract's tools, too: packages, processes, ports, AWS clients."""
    CONTAINERS = "T3"
    """A container engine, or a server of one's own in its place."""
    INTERNALS = "T4"
    """The inside of the closed product, or of upstream's own services."""


def nothing_to_prepare(home: Home) -> Mapping[str, str]:
    """No settings, and no file in place."""
    return {}


def nothing_to_check(visit: Visit) -> None:
    """It does nothing that could be asked for."""


@dataclass(frozen=True)
class Published:
    """A distribution of the package index.

    :ivar name: the extension's own name, which is not the distribution's
    :ivar check: asks what the extension's documentation says, and asserts what it says is answered
    :ivar check_gone: asserts what it does when it goes, in the platform that it has left
    :ivar prepare: puts the files in place that the extension would download, and returns the settings it needs
    :ivar ports: ports that it has hard-coded and that must be free; 4566 is the gateway's own
    :ivar programs: commands that must be on PATH
    :ivar conflicts_with: the name of an extension that claims the same, and comes first
    :ivar leaves: what it leaves behind itself and nobody can take away, e.g. ``"thread Thread-# (loop_for_ever)"``
    :ivar refusal: what an install must say, as a regular expression: it can't be loaded here, and this is why
    :ivar complaint: what the log must say of it, as a regular expression: it can't run as a whole, and this is why
    :ivar backend: servers that it needs and can't bring itself, while the platform runs
    :ivar patience_seconds: how long a platform with it may take to start
    """

    distribution: str
    name: str
    tier: Tier
    check: Callable[[Visit], None]
    prepare: Callable[[Home], Mapping[str, str]] = nothing_to_prepare
    ports: tuple[int, ...] = ()
    programs: tuple[str, ...] = ()
    conflicts_with: str | None = None
    leaves: frozenset[str] = frozenset()
    refusal: str | None = None
    complaint: str | None = None
    backend: Callable[[Home], AbstractContextManager[object]] = nullcontext
    check_gone: Callable[[Visit], None] = nothing_to_check
    patience_seconds: float = START_TIMEOUT_SECONDS

    def __str__(self) -> str:
        return self.name
