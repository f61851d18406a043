"""What ``dev check`` finds in a project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """ERROR: it can't be published so. WARNING: somebody will miss it. NOTE: what was not looked at."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Area(StrEnum):
    METADATA = "metadata"
    ENTRY_POINT = "entry-point"
    CONTRACT = "contract"
    TYPES = "types"
    BADGE = "badge"


@dataclass(frozen=True)
class ProjectFinding:
    """One thing, and what to do about it.

    :ivar hint: empty where the message says it
    :ivar file: path from the project's folder, ``None`` when it is in no file
    """

    severity: Severity
    area: Area
    message: str
    hint: str = ""
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.message}" + (f"; {self.hint}" if self.hint else "")
