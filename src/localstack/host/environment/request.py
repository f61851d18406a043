"""What a person asked to have installed, and its record in a generation's ``extensions.toml``."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.source import ArchiveSource, FolderSource, IndexSource, Source
from localstack.host.errors import InstallError

_HEADING = "# What was asked for with `localstack extensions install`, one table each. Written by the host.\n"


class SourceKind(StrEnum):
    INDEX = "index"
    GIT = "git"
    REMOTE = "remote"
    LOCAL = "local"


@dataclass(frozen=True)
class Request:
    """One distribution that was asked for by name, URL or path.

    :ivar name: canonical name of the distribution
    :ivar asked: what the person wrote
    :ivar requirement: how it is asked for again: ``name[extra]>=1``, or ``name @ URL`` with the commit that was
        fetched; for what came from a local file ``name`` and extras alone
    :ivar wheel: file name below the generation's ``wheels``, for what came from a local file
    :ivar fingerprint: changes when the local file or folder does
    :ivar requested_at: when, e.g. ``2026-11-21T09:30:00+00:00``
    """

    name: str
    asked: str
    kind: SourceKind
    requirement: str
    wheel: str = ""
    fingerprint: str = ""
    requested_at: str = ""

    def covers(self, source: Source, packages: InstalledPackages) -> bool:
        """Whether ``source`` asks for nothing beyond this request, which ``packages`` fulfil. Asks no index."""
        match source:
            case IndexSource(requirement):
                found = packages.by_name.get(self.name)
                return (
                    found is not None
                    and canonicalize_name(requirement.name) == self.name
                    and requirement.extras <= Requirement(self.requirement).extras
                    and requirement.specifier.contains(found.version, prereleases=True)
                )
            case ArchiveSource() | FolderSource():
                return bool(self.wheel) and self.fingerprint == source.fingerprint()
            case _:
                return False

    def is_same_as(self, other: Request) -> bool:
        """Whether both ask for the same, at the same commit."""
        return (self.name, self.requirement, self.fingerprint) == (other.name, other.requirement, other.fingerprint)

    def is_fetched_by_url(self) -> bool:
        return self.kind in (SourceKind.GIT, SourceKind.REMOTE)

    def line(self, wheels: Path) -> str:
        """The requirement as uv reads it, with local wheels below ``wheels``."""
        return f"{self.requirement} @ {(wheels / self.wheel).as_uri()}" if self.wheel else self.requirement


Requests = tuple[Request, ...]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_requests(path: Path) -> Requests:
    """:raises InstallError: when the file is not what ``write_requests`` writes"""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("extension", [])
        return tuple(Request(**{**table, "kind": SourceKind(table["kind"])}) for table in tables)
    except PermissionError as error:
        raise InstallError(f"{path} can't be read: {error.strerror}", "work as the user who installed them") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InstallError(
            f"{path} can't be read: {error}", "move lib/extensions of the volume away and install again"
        ) from error


def write_requests(path: Path, requests: Requests) -> None:
    """Write ``requests`` for the owner's eyes only: a URL may have a password in it."""
    path.touch(mode=0o600)
    path.write_text(_HEADING + "".join(_table(request) for request in requests), encoding="utf-8")


def _table(request: Request) -> str:
    """A JSON string without escaped surrogates is a TOML string too."""
    fields = {name: value for name, value in asdict(request).items() if value}
    lines = [f"{name} = {json.dumps(str(value), ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["\n[[extension]]", *lines, ""])
