"""Runs mypy on a project's packages, where there is one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from localstack.host.dev.findings import Area, ProjectFinding, Severity

_LINE = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+): error: (?P<message>.+)")
_PLAIN = ("--no-error-summary", "--no-color-output", "--no-pretty", "--hide-error-context", "--hide-column-numbers")
_CONFIGURATION = Path(__file__).with_suffix(".toml")
_TIMEOUT_SECONDS = 300.0
_CONFIGURATIONS = (("mypy.ini", ""), (".mypy.ini", ""), ("pyproject.toml", "[tool.mypy]"), ("setup.cfg", "[mypy]"))


def type_findings(project: Path, modules: Iterable[str], folders: Sequence[Path]) -> Iterator[ProjectFinding]:
    """What mypy says of the top-level packages of ``modules``; a note where no mypy is.

    The mypy of the project's ``.venv`` is asked, else the host's. Where the project configures mypy, what it says are
    errors; else it goes by a configuration of ours, which passes over what libraries leave untyped: warnings.

    :param folders: where the packages are
    """
    python = project / ".venv" / "bin" / "python"
    own = [str(python)] if python.is_file() else []
    runner = next((one for one in (*own, sys.executable) if _has_mypy(one)), None)
    if runner is None:
        yield _note("types were not checked, because mypy is not installed", "install it into .venv")
        return
    is_configured = _is_configured(project)
    options = [] if is_configured else ["--config-file", str(_CONFIGURATION)]
    options += ["--python-executable", *own] if own else []
    targets = [part for top in dict.fromkeys(name.partition(".")[0] for name in modules) for part in ("-p", top)]
    severity = Severity.ERROR if is_configured else Severity.WARNING
    try:
        run = subprocess.run(
            [runner, "-m", "mypy", *options, *_PLAIN, *targets],
            cwd=project,
            env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, folders)), "PYTHONSAFEPATH": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        yield _note(f"types were not checked: {error}", "run mypy yourself")
        return
    found = [match for line in run.stdout.splitlines() if (match := _LINE.fullmatch(line))]
    for match in found:
        yield ProjectFinding(severity, Area.TYPES, match["message"].strip(), "", match["file"], int(match["line"]))
    if run.returncode != 0 and not found:
        words = (run.stderr or run.stdout).strip().splitlines() or [f"exit code {run.returncode}"]
        yield _note(f"types were not checked: mypy says: {words[-1]}", "run mypy yourself")


def _has_mypy(python: str) -> bool:
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('mypy') is None)"
    try:
        run = subprocess.run(
            [python, "-c", code],
            env={**os.environ, "PYTHONSAFEPATH": "1"},  # a folder of the project may be called mypy
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
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
