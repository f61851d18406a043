"""Reads a lock: every version that was chosen, with where it comes from and its hash (``pylock.toml``, PEP 751)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from localstack.host.errors import InstallError, reason_of
from localstack.host.redaction import redacted

LOCK_NAME = "pylock.toml"

_NO_PACKAGES = "packages = []\n"
_PACKAGE_HEADING = re.compile(r"(?m)^(?=\[\[packages\]\]$)")


class PackageKind(StrEnum):
    WHEEL = "wheel"
    SDIST = "sdist"
    GIT = "git"


@dataclass(frozen=True)
class LockedPackage:
    """One distribution of a lock.

    :ivar name: canonical name
    :ivar version: empty when only its build knows it
    :ivar origin: URL without credentials, or path below the lock's folder
    :ivar digest: ``"sha256:…"`` of the file that is installed here, ``"commit:…"`` for git
    :ivar size_bytes: of the file; ``None`` when the index does not say it
    """

    name: str
    version: str
    kind: PackageKind
    origin: str
    digest: str
    size_bytes: int | None

    @property
    def identity(self) -> tuple[str, str, str]:
        """The same for the same content, wherever it comes from."""
        return self.name, self.version, self.digest

    @property
    def runs_code_at_build(self) -> bool:
        """Whether it has to be built here, which runs what its author wrote."""
        return self.kind is not PackageKind.WHEEL


def read_lock(path: Path) -> tuple[LockedPackage, ...]:
    """The packages of the lock ``path``, by name.

    :raises InstallError: when it is no lock
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InstallError(f"{path} can't be read: {reason_of(error)}", "localstack extensions doctor --fix") from error
    return parse_lock(text, path)


def parse_lock(text: str, path: Path) -> tuple[LockedPackage, ...]:
    """The same for ``text``; ``path`` is where it lies, for errors and for files that it names."""
    try:
        document = tomllib.loads(text)
        version = str(document["lock-version"])
        found = [_package(table, path.parent) for table in document.get("packages", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InstallError(
            f"{path} can't be used as a lock: {error}", "a lock is what `localstack extensions export` writes"
        ) from None
    if version.partition(".")[0] != "1":
        raise InstallError(f"{path} is a lock of version {version}, this host reads version 1")
    return tuple(sorted(found, key=lambda package: package.name))


def without(text: str, names: Collection[str]) -> str:
    """The lock ``text`` without the packages of these canonical names."""
    head, *packages = _PACKAGE_HEADING.split(text)
    kept = [part for part in packages if canonicalize_name(tomllib.loads(part)["packages"][0]["name"]) not in names]
    return "".join([head, *kept]) if kept or not packages else head + _NO_PACKAGES


def _package(table: Mapping[str, Any], folder: Path) -> LockedPackage:
    name, version = canonicalize_name(table["name"], validate=True), str(table.get("version", ""))
    if version:
        Version(version)  # raises for what is none
    if "vcs" in table:
        vcs = table["vcs"]
        origin = redacted(str(vcs.get("url") or vcs["path"]))
        return LockedPackage(name, version, PackageKind.GIT, origin, f"commit:{vcs['commit-id']}", None)
    file = _best_wheel(table.get("wheels", [])) or table.get("archive") or table.get("sdist")
    if file is None:
        raise ValueError(f"{name} {version} has no file for this machine")
    origin = redacted(str(file.get("url") or file["path"]))
    kind = PackageKind.WHEEL if origin.partition("#")[0].endswith(".whl") else PackageKind.SDIST
    size = file.get("size")
    if not isinstance(size, int | None):
        raise ValueError(f"{name} {version} has a size that is no number")
    if size is None and "path" in file and (folder / file["path"]).is_file():
        size = (folder / file["path"]).stat().st_size
    return LockedPackage(name, version, kind, origin, f"sha256:{file['hashes']['sha256']}", size)


def _best_wheel(wheels: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one that an installer takes on this machine, ``None`` when none fits."""
    if not wheels:
        return None
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    ranked = [(rank, wheel) for wheel in wheels if (rank := _rank(wheel, ranks)) is not None]
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


def _rank(wheel: Mapping[str, Any], ranks: Mapping[Any, int]) -> int | None:
    name = str(wheel.get("name") or wheel.get("url") or wheel["path"]).rpartition("/")[2].partition("#")[0]
    try:
        tags = parse_wheel_filename(name)[3]
    except InvalidWheelFilename:
        return None
    return min((ranks[tag] for tag in tags if tag in ranks), default=None)
