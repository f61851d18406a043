"""``make engine``: each engine is fetched once, into a folder of its own; without Debian's packages a line says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "unpack_engine.py"
UNREACHABLE = """#!/bin/sh
echo "Reading package lists..."
echo "E: Temporary failure resolving the mirror" >&2
exit 100
"""
APT = """#!/bin/sh
while [ "$1" != download ]; do shift; done
shift
for package in "$@"; do touch "$package.deb"; done
echo "$1" >> "${0%/*}/downloads"
"""
DPKG = """#!/bin/sh
mkdir -p "$3/usr/bin"
touch "$3/usr/bin/$(basename "$2" .deb)"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """The folder for engines in a checkout, in which there was another before."""
    folder = tmp_path / "checkout" / ".engine"
    (folder / "docker").mkdir(parents=True)
    (folder / "docker" / "dockerd").touch()
    return folder


def unpack(engine: Path, apt: str, dpkg: str) -> subprocess.CompletedProcess[str]:
    """Run the tool with stand-ins for the two programs, which are in the first folder of PATH."""
    programs = engine.parent.parent
    for name, text in {"apt-get": apt, "dpkg-deb": dpkg}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return subprocess.run(
        [sys.executable, TOOL, engine],
        env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_reason_is_one_line_and_what_there_was_stays(engine: Path) -> None:
    done = unpack(engine, UNREACHABLE, UNREACHABLE)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "No Docker for the tests of containers: apt-get says: E: Temporary failure resolving the mirror."
        " Install it, or set DOCKER_HOST.\n"
    )
    assert [path.name for path in engine.parent.rglob("*")] == [".engine", "docker", "dockerd"]


def test_what_is_there_as_a_whole_is_fetched_no_more_and_what_is_not_is_replaced(engine: Path) -> None:
    downloads = engine.parent.parent / "downloads"
    done = unpack(engine, APT, DPKG)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert downloads.read_text().split() == ["busybox-static", "podman"]
    assert {path.name for path in engine.iterdir()} == {"docker", "podman"}
    assert not (engine / "docker" / "dockerd").exists()
    assert (engine / "docker" / "usr" / "bin" / "docker.io").is_file()
    (engine / "docker" / ".packages").write_text("other packages\n")
    assert unpack(engine, APT, DPKG).returncode == 0
    assert downloads.read_text().split() == ["busybox-static", "podman", "busybox-static"]
    assert (engine / "podman" / "usr" / "bin" / "conmon").is_file()
    assert unpack(engine, UNREACHABLE, UNREACHABLE).returncode == 0
