"""Brings a volume to what a file says, or what is installed to newer versions: in one change, or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement

from localstack.host.environment.bundle import Bundle
from localstack.host.environment.change import Change, ChangeResult, nothing_to_do
from localstack.host.environment.inventory import Inventory
from localstack.host.environment.pylock import LOCK_NAME, LockedPackage, PackageKind, parse_lock
from localstack.host.environment.request import (
    Request,
    Requests,
    SourceKind,
    check_requests,
    now,
    request_tables,
    requests_of,
)
from localstack.host.environment.requirements import Directive
from localstack.host.environment.source import ArchiveSource, FolderSource, IndexSource, Source, parse_source
from localstack.host.errors import InstallError, SourceError

_REQUESTS_HEADING = "\n# What was asked for, for `localstack extensions sync`.\n"
_TOOL = "tool.leanto.extension"


def sync_requirements(
    change: Change, directives: Iterable[Directive], directory: Path, *, prunes: bool, is_dry_run: bool
) -> ChangeResult:
    """Install what the lines of a requirements file name and is not there yet; asks no index when all of it is.

    :param directory: where relative paths start
    :param prunes: whether to remove what the file does not name
    :raises LeantoError: when that fails; nothing was changed then
    """
    wanted: dict[str, Request] = {}
    for directive, source in [(directive, directive.source(directory)) for directive in directives]:
        request = _request_for(change, directive, source)
        wanted[request.name] = request
    others = () if prunes else tuple(one for one in change.before.requests if one.name not in wanted)
    requests = (*others, *wanted.values())
    if change.before.is_usable and set(requests) == set(change.before.requests):
        return nothing_to_do(change.before)
    result, after = change.carry_through(change.resolve(requests), is_dry_run=is_dry_run)
    for request in wanted.values():
        if not is_dry_run and not after.brought_by(request):
            change.reporter.line(f"Note: {request.name} brings no extension")
    return replace(result, extensions=after.extensions())


def sync_lock(change: Change, text: str, file: Path, *, prunes: bool, is_dry_run: bool) -> ChangeResult:
    """Install exactly what a lock says; asks no index when that is installed.

    :param text: the lock, as ``export`` or another tool writes it
    :raises LeantoError: when that fails; nothing was changed then
    """
    requests = _requests_in(text, file)
    return _apply_lock(change, requests, text.partition(_REQUESTS_HEADING)[0], None, prunes, is_dry_run)


def has_lock(inventory: Inventory, text: str, file: Path) -> bool:
    """Whether all of a lock is installed; there may be more.

    :raises InstallError: when it is no lock
    """
    wanted = {request.name for request in _requests_in(text, file)}
    is_asked_for = wanted <= {request.name for request in inventory.requests}
    installed = {package.identity for package in inventory.locked()}
    return inventory.is_usable and is_asked_for and {one.identity for one in parse_lock(text, file)} <= installed


def install_bundle(change: Change, bundle: Bundle, *, is_dry_run: bool) -> ChangeResult:
    """Install what a bundle has, without any index."""
    return _apply_lock(change, bundle.requests, bundle.lock, bundle.wheels, False, is_dry_run)


def upgrade(change: Change, requests: Requests, *, is_all: bool, is_dry_run: bool) -> ChangeResult:
    """Take the newest versions that ``requests`` allow, and what is at their URLs and paths now.

    :param is_all: whether what they require is upgraded, too, where nothing hinders it
    :raises LeantoError: when that fails; nothing was changed then
    """
    fresh = {request.name: _fetched_again(change, request) for request in requests}
    names = {package.name for package in change.before.locked()} if is_all else fresh.keys()
    wanted = tuple(fresh.get(request.name, request) for request in change.before.requests)
    resolution = change.resolve(wanted, upgraded=tuple(names))
    if change.is_installed(resolution):
        return nothing_to_do(change.before)
    result, after = change.carry_through(resolution, is_dry_run=is_dry_run)
    return replace(result, extensions=tuple(one for request in fresh.values() for one in after.brought_by(request)))


def exported_lock(lock: str, requests: Requests) -> str:
    """A lock that ``sync`` makes the same set of: with what was asked for, as ``[[tool.leanto.extension]]``."""
    return lock + _REQUESTS_HEADING + request_tables(requests, _TOOL)


def _apply_lock(
    change: Change, requests: Requests, lock: str, wheels: Path | None, prunes: bool, is_dry_run: bool
) -> ChangeResult:
    before = change.before
    gone = [one.name for one in before.requests if one.name not in {request.name for request in requests}]
    if gone and not prunes:
        reason = f"{', '.join(gone)} would be removed, a lock has all that is to be there"
        hint = "uninstall it first" if wheels else "--prune removes it"
        raise InstallError(f"Error while {change.resolver.action}: {reason}", hint)
    if wheels is not None:
        change.resolver.take_over_wheels(wheels)
    if before.generation is not None:
        change.resolver.take_over_wheels(before.generation.wheels)
    resolution = change.resolver.resolution_of(requests, lock)
    if change.is_installed(resolution):
        return nothing_to_do(change.before)
    change.resolver.check_wheels(resolution)
    result, after = change.carry_through(resolution, is_dry_run=is_dry_run, is_bundled=wheels is not None)
    return replace(result, extensions=after.extensions())


def _request_for(change: Change, directive: Directive, source: Source) -> Request:
    """The earlier request where ``directive`` adds nothing to it; a branch is not followed."""
    before = change.before
    if before.is_usable:
        for earlier in before.requests:
            is_same_url = earlier.asked == str(directive) and earlier.is_fetched_by_url()
            if is_same_url or earlier.covers(source, before.packages):
                return earlier
    return change.resolver.request_for(source, str(directive))


def _fetched_again(change: Change, request: Request) -> Request:
    if not request.location:
        return request
    try:
        source = parse_source(request.location, Path.cwd())
    except SourceError as error:
        if request.kind is not SourceKind.LOCAL:
            raise
        change.reporter.line(f"Note: {request.name} stays as it is: {error.message}")
        return request
    if isinstance(source, ArchiveSource | FolderSource) and source.fingerprint() == request.fingerprint:
        return request
    fresh = change.resolver.request_for(_with_extras(source, request), request.asked)
    return request if fresh.is_same_as(request) else fresh


def _with_extras(source: Source, request: Request) -> Source:
    if isinstance(source, IndexSource):
        return source
    return replace(source, extras=tuple(sorted(Requirement(request.requirement).extras)))


def _requests_in(text: str, file: Path) -> Requests:
    """What a lock says was asked for; a lock of another tool asks for each of its packages."""
    packages = parse_lock(text, file)
    try:
        tables = tomllib.loads(text)["tool"]["leanto"]["extension"]
    except (KeyError, TypeError):
        requests = tuple(_locked_request(package, file) for package in packages)
        check_requests(tuple(one for one in requests if one.is_fetched_by_url()), file)
    else:
        requests = requests_of(tables, file)
        check_requests(requests, file)
    return requests


def _locked_request(package: LockedPackage, file: Path) -> Request:
    if package.kind is PackageKind.GIT:
        line = f"{package.name} @ git+{package.origin}@{package.digest.partition(':')[2]}"
        return Request(package.name, file.name, SourceKind.GIT, line, requested_at=now())
    return Request(package.name, file.name, SourceKind.INDEX, f"{package.name}=={package.version}", requested_at=now())


def is_lock(file: Path) -> bool:
    """Whether a file is meant as a lock, by its name: ``pylock.toml`` or ``pylock.NAME.toml``."""
    return file.name == LOCK_NAME or (file.name.startswith("pylock.") and file.suffix == ".toml")
