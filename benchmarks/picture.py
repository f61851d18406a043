"""The rates as a picture: bars with their spread, one panel for a case on all servers, one for all cases."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.cases import Side
from benchmarks.gateway import Results
from benchmarks.peers import Kind

WIDTH = 860
LABELS = 230
FIGURES = 120
BAR = 16
ROW = 26
PANEL_TITLE = 40
MARGIN = 16

OURS, THEIRS, INK, FAINT = "#1f6feb", "#9aa4b2", "#1f2328", "#59636e"


@dataclass(frozen=True)
class Bar:
    """One bar, its value the median; ``low`` and ``high`` are the ends of its whisker."""

    label: str
    value: float
    low: float
    high: float
    figure: str
    colour: str


@dataclass(frozen=True)
class Panel:
    """Bars on one scale.

    :ivar mark: where a dashed line stands, ``None`` without one
    """

    title: str
    bars: tuple[Bar, ...]
    mark: float | None = None

    @property
    def height(self) -> int:
        return PANEL_TITLE + ROW * len(self.bars)


def draw(results: Results, note: str) -> str:
    """The picture as SVG; ``note`` stands below it."""
    panels = [panel for panel in (_rates(results), _ratios(results)) if panel.bars]
    height = sum(panel.height for panel in panels) + 3 * MARGIN + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    top = MARGIN
    for panel in panels:
        parts += _panel(panel, top)
        top += panel.height
    parts.append(_text(MARGIN, height - MARGIN, note, FAINT, size=11))
    return "\n".join([*parts, "</svg>", ""])


def _rates(results: Results) -> Panel:
    """The first case on every server but the limit, which would leave no room for the others."""
    first = results.cases[0]
    bars = []
    for case, kind, measures in results.sides():
        if case == first and kind is not Kind.CONSTANT:
            rates = [measure.rate for measure in measures]
            bars.append(_bar(kind.value, rates, f"{statistics.median(rates):,.0f}", _is_ours(kind)))
    bars.sort(key=lambda bar: -bar.value)
    return Panel(f"Requests per second: {first.title}", tuple(bars))


def _ratios(results: Results) -> Panel:
    bars = []
    for case in results.cases:
        ours, theirs = Side(case.name, Kind.LEANTO), Side(case.name, Kind.ROLO)
        ratios = results.ratios(ours, theirs, lambda measure: measure.rate)
        if ratios:
            bars.append(_bar(case.title, ratios, f"{statistics.median(ratios):.1f} ×", ours=True))
    return Panel("Rate of leanto ÷ rate of rolo/Twisted in the same round", tuple(bars), mark=1.0)


def _bar(label: str, values: Sequence[float], figure: str, ours: bool) -> Bar:
    return Bar(label, statistics.median(values), min(values), max(values), figure, OURS if ours else THEIRS)


def _is_ours(kind: Kind) -> bool:
    return kind in (Kind.LEANTO, Kind.LEANTO_QUIET, Kind.LEANTO_TWISTED)


def _panel(panel: Panel, top: int) -> list[str]:
    scale = (WIDTH - LABELS - FIGURES) / max(bar.high for bar in panel.bars)
    parts = [_text(MARGIN, top + 20, panel.title, INK, weight="600", size=15)]
    for number, bar in enumerate(panel.bars):
        parts += _drawn(bar, top + PANEL_TITLE + number * ROW, scale)
    if panel.mark is not None:
        at = LABELS + panel.mark * scale
        ends = f'y1="{top + PANEL_TITLE - 4}" y2="{top + panel.height - 6}"'
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" {ends} stroke="{INK}" stroke-dasharray="3 3"/>')
    return parts


def _drawn(bar: Bar, top: int, scale: float) -> list[str]:
    middle = top + BAR / 2
    low, high = LABELS + bar.low * scale, LABELS + bar.high * scale
    return [
        _text(LABELS - 10, top + 13, bar.label, INK, anchor="end"),
        f'<rect x="{LABELS}" y="{top}" width="{bar.value * scale:.1f}" height="{BAR}" rx="2" fill="{bar.colour}"/>',
        f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8" '
        f'stroke="{INK}" fill="none"/>',
        _text(high + 8, top + 13, bar.figure, INK),
    ]


def _text(
    x: float, y: float, text: str, colour: str, *, anchor: str = "start", weight: str = "400", size: int = 13
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-weight="{weight}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
