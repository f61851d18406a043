"""What a volume has installed: the requests of its current generation and what they brought."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localstack.host.environment.generation import Generation
from localstack.host.environment.installed import InstalledExtension, InstalledPackages
from localstack.host.environment.pylock import LockedPackage, read_lock
from localstack.host.environment.request import Request, Requests, read_requests
from localstack.host.environment.source import Source
from localstack.host.errors import InstallError, NotInstalledError
from localstack.host.redaction import redacted


@dataclass(frozen=True)
class Inventory:
    """The current generation, read once.

    :ivar generation: ``None`` when nothing was ever installed
    :ivar packages: empty without a generation
    """

    generation: Generation | None
    requests: Requests
    packages: InstalledPackages

    @classmethod
    def of(cls, generation: Generation | None) -> Inventory:
        """:raises InstallError: when its record can't be read"""
        if generation is None:
            return cls(None, (), InstalledPackages.none())
        requests = read_requests(generation.requests_file)
        return cls(generation, requests, InstalledPackages.read(generation.site_packages))

    @property
    def number(self) -> int | None:
        """Number of the generation."""
        return self.generation.number if self.generation else None

    @property
    def is_usable(self) -> bool:
        return self.generation is not None and self.generation.is_usable()

    def locked(self) -> tuple[LockedPackage, ...]:
        if self.generation is None or not self.generation.lock_file.is_file():
            return ()
        return read_lock(self.generation.lock_file)

    def extensions(self) -> tuple[InstalledExtension, ...]:
        return self.packages.extensions()

    def brought_by(self, request: Request) -> tuple[InstalledExtension, ...]:
        """The extensions that ``request`` brings, itself or by what it requires; its own first."""
        brought = self.packages.brought_by(Requirement(request.requirement))
        extensions = (extension for extension in self.extensions() if extension.canonical_name in brought)
        return tuple(sorted(extensions, key=lambda extension: extension.canonical_name != request.name))

    def brought_by_covering(self, source: Source) -> tuple[InstalledExtension, ...]:
        """The extensions of an earlier request that ``source`` adds nothing to, as far as that is known offline."""
        if not self.is_usable:
            return ()
        request = next((request for request in self.requests if request.covers(source, self.packages)), None)
        return self.brought_by(request) if request else ()

    def satisfies(self, source: Source, asked: str) -> bool:
        """Whether what ``source`` names is installed, as far as that is known offline; a branch is not followed."""
        if not self.is_usable:
            return False
        if any(one.asked == asked and one.is_fetched_by_url() for one in self.requests):
            return True
        covering = next((request for request in self.requests if request.covers(source, self.packages)), None)
        return covering is not None and self.packages.has_extension(Requirement(covering.requirement))

    def has(self, request: Request) -> bool:
        """Whether the same was asked for before, at the same commit, and is in force."""
        return self.is_usable and any(request.is_same_as(earlier) for earlier in self.requests)

    def version_of(self, request: Request) -> str:
        found = self.packages.by_name.get(request.name)
        return found.version if found else "?"

    def find_request(self, name: str) -> Request:
        """The request that brought the distribution or plug-in ``name``.

        :raises NotInstalledError: when nothing has that name
        :raises InstallError: when it came as a requirement of something else
        """
        requests = {request.name: request for request in self.requests}
        named = [extension for extension in self.extensions() if name in (extension.name, extension.entry_point)]
        candidates = [canonicalize_name(name), *(extension.canonical_name for extension in named)]
        for candidate in candidates:
            if candidate in requests:
                return requests[candidate]
        for request in requests.values():
            if {extension.canonical_name for extension in self.brought_by(request)} & set(candidates):
                raise InstallError(f"Extension {name} came with {request.name}", f"uninstall {request.name}")
        message = f"Extension {redacted(name)} is not installed"
        raise NotInstalledError(message, "`localstack extensions list` shows what is")
