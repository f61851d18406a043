"""What a change adds, changes and removes, told before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from localstack.host.environment.pylock import LockedPackage, PackageKind

_UNITS = ("B", "kB", "MB", "GB")


@dataclass(frozen=True)
class Replacement:
    """Another version, or another file of the same one."""

    before: LockedPackage
    after: LockedPackage


@dataclass(frozen=True)
class Plan:
    """The difference between two sets of packages.

    :ivar provided: canonical name and version of what the new set needs and the host has
    """

    added: tuple[LockedPackage, ...]
    changed: tuple[Replacement, ...]
    removed: tuple[LockedPackage, ...]
    provided: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed)

    @property
    def fetched(self) -> tuple[LockedPackage, ...]:
        """What is not installed in this form yet."""
        return (*self.added, *(one.after for one in self.changed))

    def lines(self) -> Iterator[str]:
        """The plan for people, one line a package."""
        for package in self.added:
            yield f"  + {_described(package)}"
        for one in self.changed:
            yield f"  ~ {one.before.name} {one.before.version} -> {_described(one.after).partition(' ')[2]}"
        for package in self.removed:
            yield f"  - {package.name} {package.version}"
        if self.provided and self.fetched:
            names = ", ".join(f"{name} {version}" for name, version in self.provided.items())
            yield f"  = provided by the host: {names}"

    def as_json(self) -> dict[str, object]:
        return {
            "added": [_as_json(package) for package in self.added],
            "changed": [
                {"name": one.after.name, "before": _as_json(one.before), "after": _as_json(one.after)}
                for one in self.changed
            ],
            "removed": [_as_json(package) for package in self.removed],
            "provided": [{"name": name, "version": version} for name, version in self.provided.items()],
        }


def difference(before: Iterable[LockedPackage], after: Iterable[LockedPackage], provided: Mapping[str, str]) -> Plan:
    """What leads from ``before`` to ``after``."""
    old = {package.name: package for package in before}
    new = {package.name: package for package in after}
    return Plan(
        added=tuple(new[name] for name in sorted(new.keys() - old.keys())),
        changed=tuple(
            Replacement(old[name], new[name])
            for name in sorted(new.keys() & old.keys())
            if old[name].identity != new[name].identity
        ),
        removed=tuple(old[name] for name in sorted(old.keys() - new.keys())),
        provided=provided,
    )


def _described(package: LockedPackage) -> str:
    size = f"{_readable(package.size_bytes)}, " if package.size_bytes is not None else ""
    method, _, digest = package.digest.partition(":")
    return f"{package.name} {package.version or '?'} ({size}{method} {digest[:12]}){_warning(package)}"


def _warning(package: LockedPackage) -> str:
    match package.kind:
        case PackageKind.GIT:
            return f" built from {package.origin}: its author's code runs during the build"
        case PackageKind.SDIST:
            return " built from source: its author's code runs during the build"
        case PackageKind.WHEEL:
            return ""


def _readable(size: float) -> str:
    """``1.2 MB`` of ``1234567``."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def _as_json(package: LockedPackage) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "kind": str(package.kind),
        "origin": package.origin,
        "digest": package.digest,
        "size_bytes": package.size_bytes,
        "runs_code_at_build": package.runs_code_at_build,
    }
