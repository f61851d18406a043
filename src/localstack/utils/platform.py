"""Machine and operating system, in the words that names of downloads use."""

from __future__ import annotations

import platform
import sys
from enum import StrEnum

__all__ = ["Arch", "get_arch", "get_os", "is_linux", "is_mac_os", "is_windows"]


class Arch(StrEnum):
    """Architectures of processors."""

    amd64 = "amd64"
    arm64 = "arm64"


_ARCHITECTURES = {"x86_64": Arch.amd64, "amd64": Arch.amd64, "aarch64": Arch.arm64, "arm64": Arch.arm64}


def get_arch() -> str:
    """``"amd64"`` or ``"arm64"``, for others what the machine calls itself."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine.lower(), machine)


def get_os() -> str:
    """``"linux"``, ``"osx"`` or ``"windows"``.

    :raises ValueError: on another operating system
    """
    for prefix, name in (("linux", "linux"), ("darwin", "osx"), ("win", "windows")):
        if sys.platform.startswith(prefix):
            return name
    raise ValueError(f"no name for the operating system {sys.platform!r}")


def is_linux() -> bool:
    return sys.platform.startswith("linux")


def is_mac_os() -> bool:
    return sys.platform == "darwin"


def is_windows() -> bool:
    return sys.platform == "win32"
