"""Unpack Docker and Podman from Debian's packages, for the tests: nothing is installed and nothing is started.

    python tools/unpack_engine.py FOLDER

The tests of containers start the Docker that they find in ``.engine/docker`` of the checkout (``make engine``), or on
PATH, and the Podman in ``.engine/podman``. What is there as a whole stays as it is; remove it to have it fetched again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

DOCKER = ("busybox-static", "containerd", "docker.io", "runc", "tini")
PODMAN = (
    *("podman", "conmon", "netavark", "golang-github-containers-common", "golang-github-containers-image"),
    *("iptables", "libip4tc2", "libip6tc2", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0", "libnftnl11"),
    *("libxtables12", "libassuan0", "libgpgme11", "libsubid4"),
)
"""With the libraries that a small Debian lacks."""
_OPTIONS = ("APT::Sandbox::User=root", "Acquire::Retries=1", "Acquire::http::Timeout=20")
_APT = ("apt-get", "-qq", *(f"--option={option}" for option in _OPTIONS))
_PATIENCE_SECONDS = 300.0
_STAMP = ".packages"
"""A file in a folder that is whole, with the names of what is unpacked there."""


class NotUnpacked(Exception):
    """The packages can't be had; says why, and what to do instead."""


def unpack(packages: Sequence[str], folder: Path) -> None:
    """Put what the packages have below ``folder``, unless it is there; it is there as a whole or not at all.

    :raises NotUnpacked: when the packages can't be had
    """
    stamp = "".join(f"{package}\n" for package in packages)
    if (folder / _STAMP).is_file() and (folder / _STAMP).read_text() == stamp:
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotUnpacked("there is no apt-get here")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        aside = Path(scratch, "unpacked")
        downloads = Path(scratch, "packages")
        downloads.mkdir()
        try:
            _run([*_APT, "download", *packages], downloads)
        except NotUnpacked:  # a fresh machine has no lists of packages, and only root can get them
            _run([*_APT, "update"], downloads)
            _run([*_APT, "download", *packages], downloads)
        for package in sorted(downloads.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(aside)], downloads)
        (aside / _STAMP).write_text(stamp)
        if folder.exists():
            folder.rename(Path(scratch, "before"))
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
    folder = Path(arguments[0]).absolute()
    engines = (("Docker", DOCKER, folder / "docker"), ("Podman", PODMAN, folder / "podman"))
    for name, packages, place in engines:
        try:
            unpack(packages, place)
        except NotUnpacked as reason:
            sys.stdout.write(f"No {name} for the tests of containers: {reason}. Install it, or set DOCKER_HOST.\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
