"""Which extensions an environment has, read from metadata and source text; nothing of them is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.plugin_name import find_module_file, find_plugin_name
from localstack.host.environment.provided import active_requirements, host_paths

EXTENSIONS_GROUP = "localstack.extensions"
_UNKNOWN_AUTHOR = "unknown"


@dataclass(frozen=True)
class InstalledDistribution:
    """What a distribution says about itself. ``name`` is as its author writes it."""

    name: str
    version: str
    summary: str
    author: str


@dataclass(frozen=True)
class InstalledExtension:
    """An extension and the distribution that brings it.

    :ivar name: the plug-in's name: the class attribute ``name``, which may differ from the entry point's
    :ivar factory: what the entry point refers to, e.g. ``"my_package.extension:MyExtension"``
    :ivar file: the source of that module; ``None`` when it has none, or comes from another place
    """

    name: str
    entry_point: str
    factory: str
    distribution: InstalledDistribution
    file: Path | None = field(compare=False)

    @property
    def canonical_name(self) -> str:
        """Canonical name of the distribution."""
        return canonicalize_name(self.distribution.name)


@dataclass(frozen=True)
class InstalledPackages:
    """The distributions in one site-packages, by canonical name."""

    directory: Path
    by_name: Mapping[str, Distribution]

    @classmethod
    def none(cls) -> InstalledPackages:
        return cls(Path(), {})

    @classmethod
    def read(cls, directory: Path) -> InstalledPackages:
        found = distributions(path=[str(directory)])
        return cls(directory, {canonicalize_name(one.name): one for one in found if "Name" in one.metadata})

    def extensions(self) -> tuple[InstalledExtension, ...]:
        """By distribution, then by entry point."""
        return tuple(
            InstalledExtension(
                find_plugin_name(entry_point.value, self.directory) or entry_point.name,
                entry_point.name,
                entry_point.value,
                _describe(self.by_name[name]),
                find_module_file(entry_point.value.partition(":")[0].strip(), self.directory),
            )
            for name in sorted(self.by_name)
            for entry_point in _extension_entry_points(self.by_name[name])
        )

    def has_extension(self, root: Requirement) -> bool:
        """Whether ``root`` brings an extension; quicker than to ask for it."""
        return any(_has_entry_point(self.by_name[name]) for name in self.brought_by(root))

    def hidden_by_host(self) -> Iterator[tuple[str, str, str]]:
        """Name, version here, and the other version that the host's own environment has, which Python finds first."""
        paths = [str(path) for path in host_paths()]
        for name, here in self.by_name.items():
            found = next(iter(distributions(name=name, path=paths)), None)
            if found is not None and found.version != here.version:
                yield name, here.version, found.version

    def brought_by(self, root: Requirement) -> frozenset[str]:
        """Canonical names of what ``root`` brings: itself and all that it requires, as far as it is here."""
        found: set[str] = set()
        walked: set[tuple[str, frozenset[str]]] = set()
        waiting = [root]
        while waiting:
            requirement = waiting.pop()
            name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
            if name in self.by_name and (name, extras) not in walked:
                walked.add((name, extras))
                found.add(name)
                waiting.extend(active_requirements(self.by_name[name].requires, extras))
        return frozenset(found)


def _extension_entry_points(distribution: Distribution) -> Iterator[EntryPoint]:
    yield from sorted(distribution.entry_points.select(group=EXTENSIONS_GROUP), key=lambda point: point.name)


def _has_entry_point(distribution: Distribution) -> bool:
    return next(_extension_entry_points(distribution), None) is not None


def _describe(distribution: Distribution) -> InstalledDistribution:
    fields = distribution.metadata.json
    author = str(fields.get("author") or "") or _author_in(str(fields.get("author_email") or ""))
    return InstalledDistribution(
        distribution.name, distribution.version, str(fields.get("summary") or ""), author or _UNKNOWN_AUTHOR
    )


def _author_in(address: str) -> str:
    """``Jane Doe`` of ``Jane Doe <jane@example.com>, …``; the address where there is no name."""
    name, email = parseaddr(address)
    return name or email
