"""What a run of the corpus shows: the table at its end, and the compatibility page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from corpus.catalogue import summary_of
from corpus.interpreters import PROJECT
from corpus.together import Together
from corpus.trial import Outcome, Result

PAGE = PROJECT / "docs" / "compatibility.md"

INTRODUCTION = """\
# Which extensions run

<!-- made by `make corpus ARGS=--write`: run that -->

The extensions for LocalStack on the package index, as they are there. `make corpus` takes each by itself: installs it
by name into a fresh volume, starts the platform, makes the calls of its documentation, uninstalls it while the platform
runs, and looks for what it left: routes, handlers, threads, processes, ports. What only repositories have is on
[a page of its own](repositories.md).

Last run on {day}, with Python {pythons}.

"""
LEGEND = """
*runs*: all that was called is answered as documented. *reported*: it can't run as a whole, and the platform says why;
the reason is below. *not run*: something was missing on the machine that ran this.

| tier | an extension of it needs |
|---|---|
| T1 | the extension API, HTTP and settings |
| T2 | tools besides: packages, processes, ports, AWS clients |
| T3 | a container engine, or in development a server of one's own in its place |
| T4 | the inside of the closed product, or of upstream's own services |
"""
STAND_INS = """
## Stand-ins

Some extensions download a program, or run one in a container. Where no test may go, a stand-in of ours with the same
interface is in its place: MailHog, amazon-ecs-local-container-endpoints, and, in the development mode of the extensions
that have one, Keycloak and TypeDB. PostgreSQL, WireMock and wrangler are the real ones, and so is Terraform where it
and its AWS provider are on the machine. Nothing here was run with a container engine: see [containers](containers.md).
"""


@dataclass
class Run:
    """Everything that one run has found out.

    :ivar together: all extensions at once, by Python version
    :ivar not_run: Python versions that were not tried, with the reason
    """

    outcomes: list[Outcome] = field(default_factory=list)
    together: dict[str, Together] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> list[str]:
        return list(dict.fromkeys(outcome.interpreter.version for outcome in self.outcomes))

    def is_good(self) -> bool:
        """Whether nothing failed; what was not run is no failure."""
        everywhere = [*self.outcomes, *(one for both in self.together.values() for one in both.outcomes)]
        return all(one.result is not Result.FAILED for one in everywhere) and not any(
            both.problems for both in self.together.values()
        )

    def by_extension(self) -> list[list[Outcome]]:
        """The outcomes of each extension, one for each Python."""
        names = dict.fromkeys(outcome.published.name for outcome in self.outcomes)
        return [[one for one in self.outcomes if one.published.name == name] for name in names]


def table(run: Run) -> str:
    """One row for each extension, then what was not run and what failed."""
    rows = [("extension", "version", "tier", *run.versions, "uninstalled", "calls")]
    for outcomes in run.by_extension():
        first = outcomes[0]
        results = {one.interpreter.version: one.result.value for one in outcomes}
        went = "after a restart" if any(one.restart for one in outcomes) else "live"
        tier = first.published.tier.value
        cells = [results.get(version, "–") for version in run.versions]
        calls = str(max(len(one.called) for one in outcomes))
        rows.append((first.published.distribution, _version(outcomes), tier, *cells, went, calls))
    lines = _aligned(rows)
    for version, together in run.together.items():
        seconds = f"first answer after {together.start_seconds:.1f} s, {together.again_seconds:.1f} s the second time"
        lines.append(f"all {len(together.outcomes)} together, Python {version}: {_summary(together)}; {seconds}")
    lines += [f"not run: Python {version}, {reason}" for version, reason in run.not_run.items()]
    lines += [f"not run: {_name(one)}: {one.detail}" for one in run.outcomes if one.result is Result.NOT_RUN]
    lines += dict.fromkeys(
        f"reported: {one.published.name}: {one.detail}" for one in _everything(run) if one.result is Result.REPORTED
    )
    lines += [f"FAILED: {_name(one)}: {one.detail}" for one in _everything(run) if one.result is Result.FAILED]
    lines += [f"FAILED: together: {one}" for together in run.together.values() for one in together.problems]
    return "\n".join(lines)


def write_page(run: Run, day: date, path: Path = PAGE) -> None:
    """Write the compatibility page from a run of all extensions."""
    lines = [INTRODUCTION.format(day=day, pythons=", ".join(run.versions))]
    lines.append(_markdown_row(("extension", "version", "tier", *run.versions)))
    lines.append(_markdown_row(("---",) * (3 + len(run.versions))))
    for outcomes in run.by_extension():
        results = {one.interpreter.version: one.result.value for one in outcomes}
        cells = [results.get(version, "–") for version in run.versions]
        first = outcomes[0].published
        lines.append(_markdown_row((f"`{first.distribution}`", _version(outcomes), first.tier.value, *cells)))
    lines.append(LEGEND)
    lines.append("## What was called\n")
    for outcomes in run.by_extension():
        lines += _section(outcomes)
    lines.append(STAND_INS)
    for version, together in run.together.items():
        if version == run.versions[0]:
            lines += _together(together)
    path.write_text("\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n")


def _section(outcomes: Sequence[Outcome]) -> list[str]:
    best = max(outcomes, key=lambda one: len(one.called))
    lines = [f"### {best.published.name}\n", f"{summary_of(best.published)}\n"]
    if best.called:
        lines.append(", ".join(f"`{call}`" for call in best.called) + "\n")
    if best.result is Result.REPORTED:
        lines.append(f"Reported: `{best.detail}`\n")
    if best.result is Result.NOT_RUN:
        lines.append(f"Not run: {best.detail}\n")
    if best.restart:
        lines.append(f"Uninstalling it takes a restart: {best.restart}\n")
    return lines


def _together(together: Together) -> list[str]:
    reported = [one for one in together.outcomes if one.result is Result.REPORTED]
    lines = [f"## All at once\n\nAll {len(together.outcomes)} of T1 and T2 in one platform: {_summary(together)}.\n"]
    return lines + [f"- {one.published.name}: {one.detail}" for one in reported]


def _summary(together: Together) -> str:
    results = [one.result for one in together.outcomes]
    return ", ".join(f"{results.count(one)} {one.value}" for one in Result if one in results)


def _everything(run: Run) -> Iterable[Outcome]:
    yield from run.outcomes
    for together in run.together.values():
        yield from together.outcomes


def _name(outcome: Outcome) -> str:
    return f"{outcome.published.name} (Python {outcome.interpreter.version})"


def _version(outcomes: Sequence[Outcome]) -> str:
    return next((one.version for one in outcomes if one.version), "–")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
