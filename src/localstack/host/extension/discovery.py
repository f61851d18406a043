"""Which extensions there are: entry points of the group ``localstack.extensions``, with their distributions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from enum import Enum
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distributions, requires
from typing import Any, cast

from plux.runtime.metadata import resolve_entry_points

NAMESPACE = "localstack.extensions"


class Origin(Enum):
    """How an extension came here."""

    DEVELOPED = "developed"
    INSTALLED = "installed"


@dataclass(frozen=True)
class DistributionInfo:
    """What the metadata says of a distribution; missing fields are empty."""

    name: str
    version: str = ""
    summary: str = ""
    author: str = ""

    @classmethod
    def of(cls, distribution: Distribution) -> DistributionInfo:
        metadata = cast("Message", distribution.metadata)  # its protocol lacks get() on Python 3.11
        author = metadata.get("Author") or metadata.get("Author-email") or ""
        return cls(distribution.name, distribution.version, metadata.get("Summary", ""), author)


@dataclass(frozen=True)
class Candidate:
    """An entry point that may bring an extension."""

    entry_point: EntryPoint
    distribution: DistributionInfo
    origin: Origin = Origin.INSTALLED

    @property
    def order(self) -> tuple[bool, str, str]:
        """Developed ones first, then by distribution name, then by entry-point name."""
        return self.origin is Origin.INSTALLED, canonical_name(self.distribution.name), self.entry_point.name

    @property
    def module(self) -> str:
        """The module that the entry point names; empty when it names none, where its own ``module`` fails."""
        reference = EntryPoint.pattern.match(self.entry_point.value)
        return str(reference["module"]) if reference else ""

    def load(self) -> Any:
        """What the entry point leads to.

        :raises ValueError: when it names nothing; importing its module may raise anything
        """
        if not self.module:
            raise ValueError(f"the entry point {self.entry_point.value!r} is not of the form module:class")
        return self.entry_point.load()

    def __str__(self) -> str:
        return f"{self.distribution.name} ({self.entry_point.value})"


def requires_any(distribution: str, names: frozenset[str]) -> bool:
    """True when the metadata of an installed distribution asks for one of ``names`` (canonical), extras aside."""
    try:
        requirements = requires(distribution) or []
    except PackageNotFoundError:
        return False
    plain = (text for text in requirements if "extra ==" not in text)
    return any(canonical_name(re.split(r"[^\w.-]", text, maxsplit=1)[0]) in names for text in plain)


def canonical_name(name: str) -> str:
    """The form in which names of distributions are compared (PEP 503); importing ``packaging`` for it costs 30 ms."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_candidates() -> list[Candidate]:
    """Every entry point of an extension that ``sys.path`` has now."""
    return candidates_in(NAMESPACE, installed_entry_points())


def installed_entry_points() -> list[tuple[EntryPoint, Distribution]]:
    """Every entry point that ``sys.path`` has now, of all groups; follows the links of plux's editable installs."""
    return [(entry_point, one) for one in distributions() for entry_point in _entry_points(one)]


def candidates_in(group: str, installed: Iterable[tuple[EntryPoint, Distribution]]) -> list[Candidate]:
    """The entry points of a group, each once."""
    found: dict[tuple[str, str, str], Candidate] = {}
    for entry_point, distribution in installed:
        if entry_point.group == group:
            key = (canonical_name(distribution.name), entry_point.name, entry_point.value)
            found.setdefault(key, Candidate(entry_point, DistributionInfo.of(distribution)))
    return list(found.values())


def in_order(developed: Iterable[Candidate], installed: Iterable[Candidate]) -> list[Candidate]:
    """All candidates in the order in which they are loaded; a developed distribution hides its installed namesake."""
    own = list(developed)
    hidden = {canonical_name(candidate.distribution.name) for candidate in own}
    others = [c for c in installed if canonical_name(c.distribution.name) not in hidden]
    return sorted([*own, *others], key=lambda candidate: candidate.order)


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    if not distribution.read_text("entry_points.txt") and not distribution.read_text("entry_points_editable.txt"):
        return []
    return list(resolve_entry_points([distribution]))
