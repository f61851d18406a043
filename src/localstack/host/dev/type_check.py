"""Runs mypy on a project's packages, where there is one."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from localstack.host.dev.findings import Area, ProjectFinding, Severity

_LINE = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+): error: (?P<message>.+)")
_PLAIN = ("--no-error-summary", "--no-color-output", "--no-pretty", "--hide-error-context", "--hide-column-numbers")
_TIMEOUT_SECONDS = 300.0
_CONFIGURATIONS = (("mypy.ini", ""), (".mypy.ini", ""), ("pyproject.toml", "[tool.mypy]"), ("setup.cfg", "[mypy]"))


def type_findings(project: Path, modules: Iterable[str], folders: Sequence[Path]) -> Iterator[ProjectFinding]:
    """What mypy says of the top-level packages of ``modules``; a note where no mypy is.

    The mypy of the project's ``.venv`` is asked, else the host's; with the project's configuration of it. Without one,
    what libraries leave untyped is passed over.
    """
    venv_python = project / ".venv" / "bin" / "python"
    pythons = [str(venv_python)] if venv_python.is_file() else []
    if not pythons or not _has_mypy(pythons[0]):
        if importlib.util.find_spec("mypy") is None:
            yield _note("types were not checked, because mypy is not installed", "install it into .venv")
            return
        runner = sys.executable
    else:
        runner = pythons[0]
    options = [] if _is_configured(project) else ["--ignore-missing-imports"]
    if pythons:
        options += ["--python-executable", pythons[0]]
    targets = [part for top in dict.fromkeys(name.partition(".")[0] for name in modules) for part in ("-p", top)]
    yield from _run(project, [runner, "-m", "mypy", *options, *targets], folders)


def _run(project: Path, command: list[str], folders: Sequence[Path]) -> Iterator[ProjectFinding]:
    environ = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, folders)), "PYTHONSAFEPATH": "1"}
    try:
        run = subprocess.run(
            [*command, *_PLAIN],
            cwd=project,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield _note(f"types were not checked: {error}", "run mypy yourself")
        return
    found = [match for line in run.stdout.splitlines() if (match := _LINE.fullmatch(line))]
    for match in found:
        yield ProjectFinding(
            Severity.ERROR, Area.TYPES, match["message"].strip(), "", match["file"], int(match["line"])
        )
    if run.returncode != 0 and not found:
        words = (run.stderr or run.stdout).strip().splitlines() or [f"exit code {run.returncode}"]
        yield _note(f"types were not checked: mypy says: {words[-1]}", "run mypy yourself")


def _has_mypy(python: str) -> bool:
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('mypy') is None)"
    try:
        run = subprocess.run([python, "-c", code], capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def _is_configured(project: Path) -> bool:
    return any(
        (project / name).is_file() and section in (project / name).read_text(encoding="utf-8", errors="replace")
        for name, section in _CONFIGURATIONS
    )


def _note(message: str, hint: str) -> ProjectFinding:
    return ProjectFinding(Severity.NOTE, Area.TYPES, message, hint)
