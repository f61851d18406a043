"""Lets a virtual environment see the host's packages: ``python -m localstack.host.environment.link VENV``.

After it, Python in ``VENV`` imports what the host has, and pip counts the host's distributions and upstream's stand-ins
as installed, so that nothing of them is fetched. Run with the host's own interpreter.
"""

from __future__ import annotations

import sys
from pathlib import Path

from localstack.host.errors import InstallError, LeantoError, VolumeError, reason_of

LINK_NAME = "localstack-venv.pth"


def link(venv: Path) -> None:
    """Link ``venv`` to the running host; doing it again renews the link.

    :raises InstallError: when ``venv`` is no virtual environment of this Python's minor version
    :raises VolumeError: when it can't be written
    """
    from localstack.host.environment.provided import write_stand_ins

    site_packages = site_packages_of(venv)
    try:
        write_stand_ins(site_packages)
        write_link(site_packages)
    except OSError as error:
        hint = "free some space there, or make it writable"
        raise VolumeError(f"{site_packages} can't be written: {reason_of(error)}", hint) from error


def site_packages_of(venv: Path) -> Path:
    """The directory of ``venv`` that this Python installs into, e.g. ``VENV/lib/python3.11/site-packages``."""
    if not (venv / "pyvenv.cfg").is_file():
        raise InstallError(f"{venv} is no virtual environment", "make one with python -m venv")
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = venv / "lib" / minor / "site-packages"
    if not site_packages.is_dir():
        raise InstallError(
            f"{venv} is not for {minor}, which runs the host", f"make it again with {sys.executable} -m venv"
        )
    return site_packages


def host_root() -> Path:
    """The directory that ``localstack`` of this host is imported from."""
    return Path(__file__).resolve().parents[3]


def is_linked(site_packages: Path) -> bool:
    """Whether the link there leads to this host. Costs next to nothing: each start asks."""
    path = site_packages / LINK_NAME
    return path.is_file() and str(host_root()) in path.read_text(encoding="utf-8").splitlines()


def write_link(site_packages: Path) -> None:
    """Name the host's import paths in a ``.pth`` file; replaced in one step, and only when it would change."""
    from localstack.host.environment.provided import host_paths  # reads much metadata: a usual start does without

    text = "".join(f"{path}\n" for path in host_paths())
    path = site_packages / LINK_NAME
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m localstack.host.environment.link VENV\n")
        return 2
    try:
        link(Path(arguments[0]).absolute())
    except LeantoError as error:
        sys.stderr.write(f"❌ Error: {error.message}\n" + (f"   Hint: {error.hint}\n" if error.hint else ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
