"""What ``make`` says where it can't set up, before it has made anything."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as from a shell, also when make runs these tests."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_make_alone_lists_every_command() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^make ([a-z]+)", make().stdout, re.MULTILINE)
    assert listed == targets


def test_a_python_that_is_too_old_is_named_with_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"  # stands in for an old Python, which few machines have
    old.write_text('#!/bin/sh\ncase "$2" in *exit*) exit 1 ;; *) echo 3.10 ;; esac\n')
    old.chmod(0o755)
    result = make("run", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert result.returncode == 2
    assert f"Leanto needs Python 3.11 or newer and {old} is 3.10: name another with PYTHON=" in result.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    result = make("test", "PYTHON=python-that-is-not-there", f"VENV={tmp_path / 'venv'}")
    assert result.returncode == 2
    assert "python-that-is-not-there can't be run: install Python 3.11 or newer" in result.stderr
    assert not (tmp_path / "venv").exists()
