"""What a project says of itself: its metadata, with the lines that say it. Nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

GROUP = "localstack.extensions"

_LINE = re.compile(r"line:?\s+(\d+)")


class DescriptionError(ValueError):
    """A project can't be run as its files describe it; the text says what is wrong."""


class UnreadableFileError(DescriptionError):
    """A file that describes the project is damaged; the text names it.

    :ivar reason: what is wrong with it
    :ivar line: where, ``None`` when that is not known
    """

    def __init__(self, file: Path, error: Exception, line: int | None = None) -> None:
        self.file = file
        self.reason = " ".join(str(error).replace("\n", " ").replace("'<string>', ", "").split())
        found = _LINE.search(self.reason)
        self.line = int(found[1]) if found else line
        super().__init__(f"{file}: {self.reason}")


@dataclass(frozen=True)
class ProjectMetadata:
    """Metadata by the standard's names; what is not said is empty.

    :ivar file: which says it
    :ivar text: that file's, for ``line_of``
    :ivar readme: its path from the project's folder, e.g. ``"README.md"``
    :ivar urls: labels in lower case and addresses, e.g. ``(("homepage", "https://example.com"),)``
    :ivar entry_points: the extensions, all of group ``localstack.extensions``
    :ivar requires: as in ``Requires-Dist``
    :ivar later: fields that only a build fills (``dynamic``, ``attr:``), or that are no file but the text itself
    """

    file: Path
    text: str
    name: str = ""
    version: str = ""
    summary: str = ""
    author: str = ""
    license: str = ""
    readme: str = ""
    requires_python: str = ""
    urls: tuple[tuple[str, str], ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    requires: tuple[str, ...] = ()
    later: frozenset[str] = frozenset()

    def says(self, field: str) -> bool:
        """Whether a field is filled, or will be by a build."""
        return bool(getattr(self, field)) or field in self.later

    def line_of(self, keys: Iterable[str]) -> int:
        """The line of the first of ``keys`` that is there, else that of the section they belong to, else 1."""
        return line_of(self.text, keys) or line_of(self.text, (), r"\[(project|metadata|tool\.poetry)\]") or 1


def line_with(text: str, part: str) -> int | None:
    """The number of the first line that has ``part`` in it."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if part in line), None)


def line_of(text: str, keys: Iterable[str], otherwise: str | None = None) -> int | None:
    """The number of the first line that sets the first of ``keys`` that is set, else the first that matches."""
    patterns = [rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=:]" for key in keys]
    for pattern in (*patterns, *([otherwise] if otherwise else [])):
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(pattern, line):
                return number
    return None


def text_of(file: Path) -> str | None:
    """What a file says; ``None`` when there is none.

    :raises UnreadableFileError: when it is no text
    """
    if not file.is_file():
        return None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(file, error) from error
    if text.startswith("\N{BYTE ORDER MARK}"):
        raise UnreadableFileError(file, ValueError("it begins with a byte order mark; save it as UTF-8 without one"), 1)
    return text


def entry_points(pairs: Iterable[tuple[str, str]]) -> tuple[EntryPoint, ...]:
    """Extensions by their names and values, e.g. ``("hello", "hello.extension:Hello")``."""
    return tuple(EntryPoint(name, value, GROUP) for name, value in pairs)


def license_classifier(classifiers: Iterable[str]) -> str:
    return next((one.strip() for one in classifiers if one.strip().startswith("License ::")), "")
