"""The document with the figures: each part of a report has its place there, which the last run of that part fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

from benchmarks.servers import BenchmarkError


class Part(Enum):
    """A part of a report; the value is the name of its place in the document."""

    START = "start"
    GATEWAY = "gateway"
    AWS = "aws"
    INSTALL = "install"
    RELOAD = "reload"


def check(document: Path, parts: Iterable[Part]) -> None:
    """Call it before measuring takes its time.

    :raises BenchmarkError: when the document can't be read, or has no place for a part
    """
    try:
        text = document.read_text()
    except OSError as error:
        raise BenchmarkError(f"{document} can't be read: {error.strerror}") from None
    for part in parts:
        begin, end = _marks(part)
        if end not in text.partition(begin)[2]:
            raise BenchmarkError(f"{document} has no place for the part {part.value!r}: add {begin} and {end}")


def write(document: Path, reports: Mapping[Part, str]) -> None:
    """Fill the places of the parts that were measured; the others stay."""
    text = document.read_text()
    for part, report in reports.items():
        begin, end = _marks(part)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{report}\n\n{end}{after}"
    document.write_text(text)


def _marks(part: Part) -> tuple[str, str]:
    return f"<!-- {part.value}: begin -->", f"<!-- {part.value}: end -->"
