"""What a person gets to see while extensions are installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

Report = Callable[[str], None]
"""Takes one line that tells a person what happens."""

_UV_STEP = re.compile(r"\s*(?P<what>Downloading|Downloaded|Building|Built) (?P<name>[^\s=@]+)")


def ignore(_line: str) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True)
class Reporter:
    """Where the lines go.

    :ivar line: gets what stays to be read, e.g. ``"Extension successfully installed"``
    :ivar step: gets what is being done now, until the next step, e.g. ``"Downloading 2 of 5: flask"``
    :ivar detail: gets every line that uv writes; ``None`` for no one
    :ivar before_switch: gets the name of a generation's folder right before it is put in force, to warn of what follows
    :ivar explains: whether somebody may wait until it is found out why an older release was chosen
    """

    line: Report
    step: Report = ignore
    detail: Report | None = None
    before_switch: Report = ignore
    explains: bool = True


@dataclass
class UvSteps:
    """Reads steps out of what uv writes while it installs ``total`` packages.

    uv names those that take some time alone, so ``done`` is at least how many are there.
    """

    reporter: Reporter
    total: int = 0
    _done: set[str] = field(default_factory=set)

    def __call__(self, line: str) -> None:
        if self.reporter.detail is not None:
            self.reporter.detail(line)
        found = _UV_STEP.match(line)
        if found is None:
            return
        if found["what"] in ("Downloaded", "Built"):
            self._done.add(found["name"])
        verb = "Building" if found["what"].startswith("Buil") else "Downloading"
        count = f" {min(len(self._done) + 1, self.total)} of {self.total}" if self.total else ""
        self.reporter.step(f"{verb}{count}: {found['name']}")
