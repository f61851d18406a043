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
_DOWNLOAD = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *PACKAGES)
_UPDATE = ("apt-get", "-qq", "update")


def unpack(folder: Path) -> None:
    """Put what the packages have below ``folder``; it is there as a whole or not at all.

    :raises RuntimeError: when the packages can't be had
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise RuntimeError("there is no apt-get here: install Docker or Podman, and set DOCKER_HOST")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as scratch:
        aside = Path(scratch, "unpacked")
        downloads = Path(scratch, "packages")
        downloads.mkdir()
        if not _runs(_DOWNLOAD, downloads):  # a fresh machine has no lists of packages, and only root can get them
            _runs(_UPDATE, downloads)
            if not _runs(_DOWNLOAD, downloads):
                raise RuntimeError("Debian's packages can't be downloaded: install Docker, or set DOCKER_HOST")
        for package in sorted(downloads.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, aside], check=True)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)


def _runs(command: tuple[str, ...], folder: Path) -> bool:
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        unpack(Path(arguments[0]).absolute())
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
