"""What a person asked to have installed, and its record in a generation's ``extensions.toml``."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    RemoteSource,
    Source,
    parse_source,
)
from localstack.host.errors import InstallError, SourceError, reason_of
from localstack.host.redaction import redacted

_HEADING = "# What was asked for with `localstack extensions install`, one table each. Written by the host.\n"
_BROKEN_HINT = "move lib/extensions of the volume away and install again"


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
    :ivar location: where it is fetched from again, when that is no index: a URL without the commit, ``file:///…``
    :ivar wheel: file name below the generation's ``wheels``, for what came from a local file
    :ivar fingerprint: changes when the local file or folder does
    :ivar requested_at: when, e.g. ``2026-11-21T09:30:00+00:00``
    """

    name: str
    asked: str
    kind: SourceKind
    requirement: str
    location: str = ""
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
            case GitSource() | RemoteSource():  # with the commit, as it is exported
                own = Requirement(self.requirement)
                return source.line() == own.url and set(source.extras) <= own.extras and self.name in packages.by_name

    def is_same_as(self, other: Request) -> bool:
        """Whether both ask for the same, at the same commit."""
        return (self.name, self.requirement, self.fingerprint) == (other.name, other.requirement, other.fingerprint)

    def is_fetched_by_url(self) -> bool:
        return self.kind in (SourceKind.GIT, SourceKind.REMOTE)

    def exported(self) -> str:
        """How a requirements file asks for it on this machine, e.g. ``name @ file:///home/me/name.whl``."""
        return f"{self.requirement} @ {self.location}" if self.wheel else self.requirement

    def line(self, wheels: Path) -> str:
        """The requirement as uv reads it, with local wheels below ``wheels``."""
        return f"{self.requirement} @ {(wheels / self.wheel).as_uri()}" if self.wheel else self.requirement


Requests = tuple[Request, ...]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_requests(path: Path) -> Requests:
    """:raises InstallError: when the file is not what ``write_requests`` writes"""
    try:
        return requests_of(tomllib.loads(path.read_text(encoding="utf-8")).get("extension", []), path)
    except PermissionError as error:
        raise InstallError(f"{path} can't be read: {error.strerror}", "work as the user who installed them") from error
    except (OSError, ValueError) as error:
        raise InstallError(f"{path} can't be read: {reason_of(error)}", _BROKEN_HINT) from error


def requests_of(tables: list[dict[str, Any]], path: Path) -> Requests:
    """The requests in tables that ``request_tables`` wrote into ``path``.

    :raises InstallError: when they are others
    """
    try:
        requests = tuple(Request(**{**table, "kind": SourceKind(table["kind"])}) for table in tables)
        for request in requests:
            if wrong := [name for name, value in asdict(request).items() if not isinstance(value, str)]:
                raise ValueError(f"{wrong[0]} is no text")
            Requirement(request.requirement)  # raises for what is none
        return requests
    except (ValueError, TypeError, KeyError) as error:
        raise InstallError(f"{path} can't be read: {error}", _BROKEN_HINT) from error


def check_requests(requests: Requests, path: Path) -> None:
    """See that requests out of a file from elsewhere could have been made by what a person types.

    :raises SourceError: when one could not: it would be an option, another scheme, or a file outside
    """
    for request in requests:
        source = parse_source(request.requirement, Path("/"))
        is_named = canonicalize_name(request.name) == request.name == _name_of(request.requirement)
        is_inside = Path(request.wheel).name == request.wheel
        if not is_named or not is_inside or isinstance(source, ArchiveSource | FolderSource):
            raise SourceError(f"{path} asks for something else than {request.name}: {redacted(request.requirement)}")


def _name_of(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


def write_requests(path: Path, requests: Requests) -> None:
    """Write ``requests`` in one step, and for the owner's eyes only: a URL may have a password in it."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(_HEADING + request_tables(requests, "extension"), encoding="utf-8")
    fresh.replace(path)


def request_tables(requests: Requests, heading: str) -> str:
    """TOML tables ``[[heading]]``, one a request."""
    return "".join(_table(request, heading) for request in requests)


def _table(request: Request, heading: str) -> str:
    """A JSON string without escaped surrogates is a TOML string too."""
    fields = {name: value for name, value in asdict(request).items() if value}
    lines = [f"{name} = {json.dumps(str(value), ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join([f"\n[[{heading}]]", *lines, ""])
