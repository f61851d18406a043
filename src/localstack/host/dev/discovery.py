"""Extensions of a project that names none in a file: setuptools runs its ``setup.py``, plux looks for classes."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

_SETUP = ("-c", "import setuptools; setuptools.setup()")
_COMMANDS = ("--quiet", "plugins", "egg_info")
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
    script = ("setup.py",) if (project / "setup.py").is_file() else _SETUP
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *script, *_COMMANDS],
            cwd=project,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DiscoveryError(str(error)) from error
    if done.returncode != 0:
        raise DiscoveryError((done.stderr.strip().splitlines() or ["it says nothing"])[-1])


def _is_built_by_setuptools(project: Path) -> bool:
    if (project / "setup.py").is_file() or (project / "setup.cfg").is_file():
        return True
    if not (project / "pyproject.toml").is_file():
        return False
    build = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("build-system", {})
    return str(build.get("build-backend", "setuptools")).startswith("setuptools")
