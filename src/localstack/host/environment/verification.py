"""Sees that a generation is what its lock promises before it comes into force: files by hash, extensions by import."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from localstack.host.environment.failure import FETCH_AGAIN
from localstack.host.environment.installed import InstalledExtension, InstalledPackages
from localstack.host.errors import VerificationError
from localstack.host.redaction import redacted

_TIMEOUT_SECONDS = 120.0
_MOST_CHARACTERS = 500
_MOVED = re.compile(r"[^/]+\.data/")


@dataclass(frozen=True)
class BrokenImport:
    """An extension that can't be imported.

    :ivar reason: the exception as Python prints it, and the author's own line
    """

    extension: InstalledExtension
    reason: str

    def __str__(self) -> str:
        one = self.extension
        return f"{one.entry_point} of {one.distribution.name} can't be imported: {self.reason}"


def differing_files(packages: InstalledPackages) -> tuple[str, ...]:
    """Files that are missing or differ from what ``RECORD`` of their distribution says, e.g. ``("a/b.py",)``.

    Where two distributions bring the same file, what one of them says is enough.
    """
    promised: dict[Path, set[tuple[str, str]]] = defaultdict(set)
    for found in packages.by_name.values():
        for path, digest in _record(found).items():
            promised[path].add(digest)
    differing = (path for path, digests in promised.items() if not _is_one_of(path, digests))
    return tuple(sorted(_relative(path, packages.directory) for path in differing))


def check_files(packages: InstalledPackages, action: str, hint: str = FETCH_AGAIN) -> None:
    """:raises VerificationError: when a file is missing or another than its distribution's ``RECORD`` says"""
    if differing := differing_files(packages):
        more, verb = (f" and {len(differing) - 1} more", "differ") if len(differing) > 1 else ("", "differs")
        raise VerificationError(
            f"Error while {action}: {differing[0]}{more} {verb} from what the package's RECORD says", hint
        )


def broken_imports(packages: InstalledPackages, scratch: Path, environ: Mapping[str, str]) -> tuple[BrokenImport, ...]:
    """The extensions of ``packages`` that can't be imported in a process of its own, beside what the host has.

    :param scratch: folder for the process to work in
    """
    broken: list[BrokenImport] = []
    waiting = list(packages.extensions())
    while waiting:
        reached, reason = _import(packages.directory, waiting, scratch, environ)
        if reason:
            broken.append(BrokenImport(waiting[reached], reason))
        waiting = waiting[reached + 1 :]
    return tuple(broken)


def _import(
    directory: Path, extensions: list[InstalledExtension], scratch: Path, environ: Mapping[str, str]
) -> tuple[int, str]:
    """Import one after the other; the index of the last that was tried, and why it failed, or an empty text."""
    progress, trace = scratch / "imported", scratch / "traceback"
    for file in (progress, trace):
        file.write_bytes(b"")
    command = [sys.executable, "-P", "-m", "localstack.host.environment.probe", *map(str, (directory, progress, trace))]
    try:
        run = subprocess.run(
            command,
            input=json.dumps([extension.factory for extension in extensions]).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=scratch,
            env=dict(environ),
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return len(progress.read_text()), f"its import takes longer than {_TIMEOUT_SECONDS:.0f} seconds"
    done = len(progress.read_text())
    if done == len(extensions):
        return done - 1, ""
    return done, _reason(trace.read_text(encoding="utf-8"), directory) or _end_of(run.returncode)


def _end_of(code: int) -> str:
    how = f"by signal {-code}" if code < 0 else f"with code {code}"
    return f"its import ended the process {how}"


def _reason(trace: str, directory: Path) -> str:
    """``"KeyError: 'x' (package/module.py, line 3)"`` of a traceback; empty when there is none."""
    _, heading, last = trace.rpartition("Traceback (most recent call last):")
    lines = [line for line in last.splitlines() if line and not line.startswith(" ")]
    if not heading or not lines:
        return ""
    places = re.findall(rf'File "{re.escape(str(directory))}/([^"]+)", line (\d+)', last)
    place = f" ({places[-1][0]}, line {places[-1][1]})" if places else ""
    return redacted(lines[0])[:_MOST_CHARACTERS] + place


def _record(found: Distribution) -> dict[Path, tuple[str, str]]:
    """Path of each file that has a hash, with the hash's method and value.

    Without what installing moves elsewhere (``name-1.0.data/scripts/…``): uv leaves some of these lines in.
    """
    text = found.read_text("RECORD") or ""
    return {
        Path(str(found.locate_file(row[0]))): (method, value)
        for row in csv.reader(text.splitlines())
        if len(row) == 3
        and not _MOVED.match(row[0])
        and (method := row[1].partition("=")[0])
        and (value := row[1].partition("=")[2])
    }


def _is_one_of(path: Path, digests: set[tuple[str, str]]) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(_digest(method, content) in (value, None) for method, value in digests)


def _digest(method: str, content: bytes) -> str | None:
    """As ``RECORD`` writes it; ``None`` for a method that this Python does not know."""
    if method not in hashlib.algorithms_available:
        return None
    return urlsafe_b64encode(hashlib.new(method, content).digest()).rstrip(b"=").decode()


def _relative(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
