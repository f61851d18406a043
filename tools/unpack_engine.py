"""Unpack a Docker daemon from Debian's packages, for the tests: nothing is installed and nothing is started.

    python tools/unpack_engine.py FOLDER

The tests of containers start the daemon that they find in ``.engine`` of the checkout (``make engine``), or on PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = ("busybox-static", "containerd", "docker.io", "runc", "tini")
_APT = (
    "apt-get",
    "-qq",
    "-o",
    "APT::Sandbox::User=root",
    "-o",
    "Acquire::Retries=1",
    "-o",
    "Acquire::http::Timeout=20",
)
_PATIENCE_SECONDS = 300.0


class NotUnpacked(Exception):
    """The packages can't be had; says why, and what to do instead."""


def unpack(folder: Path) -> None:
    """Put what the packages have below ``folder``; it is there as a whole or not at all.

    :raises NotUnpacked: when the packages can't be had
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotUnpacked("there is no apt-get here")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        aside = Path(scratch, "unpacked")
        downloads = Path(scratch, "packages")
        downloads.mkdir()
        try:
            _run([*_APT, "download", *PACKAGES], downloads)
        except NotUnpacked:  # a fresh machine has no lists of packages, and only root can get them
            _run([*_APT, "update"], downloads)
            _run([*_APT, "download", *PACKAGES], downloads)
        for package in sorted(downloads.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(aside)], downloads)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)


def _run(command: list[str], folder: Path) -> None:
    """:raises NotUnpacked: with the last line that the command printed"""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotUnpacked(f"{command[0]} did not end in {_PATIENCE_SECONDS:.0f} seconds") from None
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise NotUnpacked(f"{command[0]} says: {last[0]}")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        unpack(Path(arguments[0]).absolute())
    except NotUnpacked as reason:
        sys.stdout.write(
            f"No Docker daemon for the tests of containers: {reason}. Install Docker, or set DOCKER_HOST.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
