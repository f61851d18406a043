"""Extensions of a project that names none in a file: setuptools runs its ``setup.py``, plux looks for classes."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from localstack.host.dev.build_record import build_records

_SETUP = ("-c", "import setuptools; setuptools.setup()")
_TIMEOUT_SECONDS = 120.0


class DiscoveryError(ValueError):
    """The project's build fails; the text is its last line."""


def write_entry_points(project: Path, folders: Sequence[Path]) -> None:
    """Write what a project declares into its ``*.egg-info``, as ``make install`` of the templates does.

    Does nothing for a project that something else than setuptools builds. The project's own code is run.

    :param folders: what its modules are imported from
    :raises DiscoveryError: when that fails
    """
    if not _is_built_by_setuptools(project):
        return
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    _run(project, ("egg_info",), environ)
    if not any(one.entry_points for one in build_records(folders)):
        try:
            _run(project, ("plugins", "egg_info"), environ)
        except DiscoveryError:
            for file in (one for folder in folders for one in folder.glob("*.egg-info/plux.json")):
                if not file.stat().st_size:  # plux left it so, and no build would read it
                    file.unlink()
            raise


def _run(project: Path, commands: Sequence[str], environ: Mapping[str, str]) -> None:
    """:raises DiscoveryError: when setuptools fails"""
    script = ("setup.py",) if (project / "setup.py").is_file() else _SETUP
    try:
        done = subprocess.run(
            [sys.executable, *script, "--quiet", *commands],
            cwd=project,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DiscoveryError(str(error)) from error
    if done.returncode != 0:
        raise DiscoveryError((done.stderr.strip().splitlines() or ["it says nothing"])[-1])


def _is_built_by_setuptools(project: Path) -> bool:
    if not any((project / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        return False
    file = project / "pyproject.toml"
    build = tomllib.loads(file.read_text(encoding="utf-8")).get("build-system") if file.is_file() else None
    backend = build.get("build-backend") if isinstance(build, dict) else None
    return backend is None or str(backend).startswith("setuptools")
