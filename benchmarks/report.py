"""Tables that read well in a terminal and in a document."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The first ``left`` columns hold text, the others figures."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1

    def markdown(self) -> str:
        """Title and table as Markdown, with its columns in line."""
        lines = [self.headings, *self.rows]
        widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(self.headings))]
        rule = tuple(
            "-" * width if column < self.left else "-" * (width - 1) + ":" for column, width in enumerate(widths)
        )
        body = [self._line(line, widths) for line in (self.headings, rule, *self.rows)]
        return "\n".join([self.title, "", *body])

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        aligned = [
            cell.ljust(width) if column < self.left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(aligned)} |"


def spread(values: Sequence[float], style: str) -> str:
    """Median, lowest and highest: ``"0.31 (0.30–0.35)"``; the median alone of one value, ``"-"`` without values."""
    if not values:
        return "-"
    median = f"{statistics.median(values):{style}}"
    return median if len(values) == 1 else f"{median} ({min(values):{style}}–{max(values):{style}})"
