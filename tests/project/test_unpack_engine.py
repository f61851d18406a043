"""``make engine`` where Debian's packages can't be had: one line says so, and what there was stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "unpack_engine.py"
APT = """#!/bin/sh
echo "Reading package lists..."
echo "E: Temporary failure resolving the mirror" >&2
exit 100
"""


def test_the_reason_is_one_line_and_what_there_was_stays(tmp_path: Path) -> None:
    (tmp_path / "apt-get").write_text(APT)
    (tmp_path / "dpkg-deb").write_text(APT)
    for program in ("apt-get", "dpkg-deb"):
        (tmp_path / program).chmod(0o755)
    engine = tmp_path / "checkout" / ".engine"
    engine.mkdir(parents=True)
    (engine / "dockerd").touch()
    done = subprocess.run(
        [sys.executable, TOOL, engine],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "No Docker for the tests of containers: apt-get says: E: Temporary failure resolving the mirror."
        " Install it, or set DOCKER_HOST.\n"
    )
    assert [path.name for path in engine.parent.rglob("*")] == [".engine", "dockerd"]
