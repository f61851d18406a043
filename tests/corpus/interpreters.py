"""The Pythons that extensions are tried with: this one, and others that are on PATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from uv import find_uv_bin

from corpus import inspector
from corpus.inspector import Contents
from platforms import Home, platforms_of

PROJECT = Path(__file__).resolve().parents[2]
LOCK = PROJECT / "requirements.lock"
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
SUPPORTED = ("3.11", "3.12", "3.13")


@dataclass
class Interpreter:
    """A Python in whose environment the host is installed; ``version`` e.g. ``"3.12"``."""

    version: str
    python: str

    @cached_property
    def bare(self) -> Contents:
        """What is in a platform that has no extension, after a few calls."""
        with tempfile.TemporaryDirectory(prefix="leanto-corpus-") as folder:
            home = Home(Path(folder), self.python)
            inspector.prepare(home)
            with platforms_of(home) as start:
                platform = start()
                platform.client("sts").get_caller_identity()
                return Contents.of(platform)


def interpreter(version: str) -> Interpreter | None:
    """A Python with the host installed, in an environment that is made once; ``None`` when there is none on PATH."""
    if version == THIS:
        return Interpreter(version, sys.executable)
    found = shutil.which(f"python{version}")
    if found is None or subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode != 0:
        return None
    environment = Path(sys.prefix) / f"corpus-{version}"
    made = environment / "made"
    if not made.exists() or made.stat().st_mtime < LOCK.stat().st_mtime:
        _make(environment, found)
        made.touch()
    return Interpreter(version, str(environment / "bin" / "python"))


def _make(environment: Path, python: str) -> None:
    uv = find_uv_bin()
    install = [uv, "pip", "install", "--quiet", "--python", str(environment / "bin" / "python")]
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", python, str(environment)],
        [*install, "--compile-bytecode", "--require-hashes", "-r", str(LOCK)],
        [*install, "--no-deps", "--build-constraints", str(LOCK), "--editable", str(PROJECT)],
    ):
        subprocess.run(command, cwd=PROJECT, check=True)
