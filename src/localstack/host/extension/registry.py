"""One record per extension: what it is, how it does, what went wrong. Command line, HTTP API and page show it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.errors import ExtensionFault
from localstack.host.extension.discovery import Candidate
from localstack.host.extension.process_changes import ProcessChanges
from localstack.host.pace import Pace

if TYPE_CHECKING:
    from localstack.extensions.api import Extension

_FAULTS_KEPT = 50


class ExtensionState(Enum):
    """Where an extension stands."""

    LOADED = "loaded"
    DEGRADED = "degraded"
    """Loaded, but a handler of it kept failing and was taken out."""
    DISABLED = "disabled"
    """It asked not to be loaded (``should_load`` or ``PluginDisabled``)."""
    FAILED = "failed"
    """Import, constructor or ``on_extension_load`` raised."""
    REFUSED = "refused"
    """Another extension has its name."""
    UNLOADED = "unloaded"


_TAKING_PART = (ExtensionState.LOADED, ExtensionState.DEGRADED)


@dataclass(frozen=True)
class Fault:
    """One failure: ``at`` in seconds since the epoch, ``place`` e.g. ``"on_platform_ready"``."""

    at: float
    place: str
    message: str
    location: str | None


@dataclass
class CallStatistics:
    """Calls into one place of an extension, with their total duration in seconds and how long they take lately."""

    calls: int = 0
    errors: int = 0
    seconds: float = 0.0
    pace: Pace = field(default_factory=Pace)

    def note(self, seconds: float) -> None:
        """One more call."""
        self.calls += 1
        self.seconds += seconds
        self.pace.note(seconds)


@dataclass(eq=False)
class ExtensionRecord:
    """An extension that was found, whether or not it could be loaded."""

    name: str
    candidate: Candidate
    state: ExtensionState
    extension: Extension | None = None
    roots: tuple[Path, ...] = ()
    """Folders and files that are the author's own code."""
    faults: deque[Fault] = field(default_factory=lambda: deque(maxlen=_FAULTS_KEPT))
    statistics: dict[str, CallStatistics] = field(default_factory=dict)
    changes: ProcessChanges = field(default_factory=ProcessChanges)
    """What it has changed beyond the platform's own containers."""

    def statistics_of(self, place: str) -> CallStatistics:
        statistics = self.statistics.get(place)
        return statistics if statistics is not None else self.statistics.setdefault(place, CallStatistics())

    def note_fault(self, fault: ExtensionFault) -> None:
        self.faults.append(Fault(time.time(), fault.place, str(fault), fault.location))

    def note_conflict(self, place: str, message: str) -> None:
        self.faults.append(Fault(time.time(), place, message, None))


@dataclass
class Registry:
    """All extensions that were found, in the order of discovery."""

    records: list[ExtensionRecord] = field(default_factory=list)
    changes: int = 0
    """Counts what came and went, so that others can tell whether what they remember still holds."""
    _loaded: dict[str, ExtensionRecord] = field(default_factory=dict)

    def add(self, record: ExtensionRecord) -> None:
        self.records.append(record)
        self.changes += 1
        if record.state in _TAKING_PART:
            self._loaded[record.name] = record

    def loaded(self) -> Iterator[ExtensionRecord]:
        """Extensions that take part, in the order in which their hooks are called."""
        return iter(tuple(self._loaded.values()))

    def get(self, name: str | None) -> ExtensionRecord | None:
        """The record of a loaded extension; ``None`` for an unknown name or the host's own code."""
        return self._loaded.get(name) if name is not None else None

    def process_changes(self) -> tuple[ProcessChanges, ...]:
        """What each of the extensions has changed for the whole process."""
        return tuple(record.changes for record in self.records)

    def replace(self, gone: ExtensionRecord, record: ExtensionRecord | None) -> None:
        """Take out what was found earlier, and put ``record`` in its place; ``None`` leaves nothing there."""
        place = self.records.index(gone)
        self.records[place : place + 1] = [] if record is None else [record]
        loaded = [one for one in self.records if one.state in _TAKING_PART]
        self._loaded = {one.name: one for one in loaded}
        self.changes += 1
        gone.state = ExtensionState.UNLOADED
