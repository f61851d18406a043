"""Installs, removes and lists extensions, and shows the installed ones to a platform."""

from __future__ import annotations

import logging
import platform
import re
import site
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.environment.generation import Generation, Generations
from localstack.host.errors import InstallError, LeantoError, NoExtensionError, NotInstalledError, ResolutionError
from localstack.host.redaction import redacted
from localstack.host.settings import Settings

if TYPE_CHECKING:  # a platform without anything to install imports none of these
    from localstack.host.environment.installed import InstalledExtension, InstalledPackages
    from localstack.host.environment.request import Request, Requests
    from localstack.host.environment.resolution import Resolver
    from localstack.host.environment.source import Source
    from localstack.host.environment.uv import Report

LOG = logging.getLogger(__name__)

_LOG_PREFIX = "Localstack extensions installer: "


class InstallOutcome(Enum):
    INSTALLED = "installed"
    ALREADY_INSTALLED = "already installed"


@dataclass(frozen=True)
class InstallResult:
    """What an install came to. ``extensions`` are those that the asked-for distribution brings."""

    outcome: InstallOutcome
    extensions: tuple[InstalledExtension, ...]


@dataclass(frozen=True)
class UninstallResult:
    """``name`` and ``version`` of the distribution that is no longer asked for; ``extensions`` are those that went."""

    name: str
    version: str
    extensions: tuple[InstalledExtension, ...]


class ExtensionEnvironment:
    """The installed extensions of one volume. Making one touches nothing on disk."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generations = Generations(settings.extensions_dir)

    def initialise(self) -> bool:
        """Make the environment if there is none, or make it again if it can't be used with this Python.

        :return: whether one was made
        :raises LeantoError: when that fails; nothing was changed then
        """
        with self._generations.locked():
            current = self._generations.current()
            if current is not None and current.is_usable():
                return False
            with self._resolver("making the environment", "") as resolver:
                self._build(self._requests(), resolver)
        return True

    def activate(self) -> tuple[Path, ...]:
        """Let this process import the installed extensions, after all that it could import before.

        ``.pth`` files are honoured. An environment for another Python is passed over with a warning.

        :return: the paths that were added to ``sys.path``
        """
        if self._generations.has_foreign_environment():
            hint = "`localstack extensions init` sets it aside"
            LOG.warning("%s was not made by this host and is not used; %s", self._generations.pointer, hint)
        generation = self._generations.current()
        if generation is None:
            return ()
        if not generation.is_for_this_python():
            here = f"{sys.version_info.major}.{sys.version_info.minor}"
            hint = "`localstack extensions init` installs them again"
            LOG.warning("installed extensions are for Python %s, this is %s; %s", generation.python_minor, here, hint)
            return ()
        generation.hold()
        _renew_link(generation)
        before = set(sys.path)
        site.addsitedir(str(generation.site_packages))
        return tuple(Path(entry) for entry in sys.path if entry not in before)

    def install(self, text: str, directory: Path, report: Report, verbose: bool = False) -> InstallResult:
        """Install the extension that ``text`` names; relative paths start at ``directory``.

        :raises LeantoError: when that fails; nothing was changed then
        """
        from localstack.host.environment.source import parse_source

        source = parse_source(text, directory)
        with self._generations.locked():
            report("Checking installed extensions")
            present = self._satisfied_by(source)
            if not present:
                report("Installing extension")
                with self._resolver("installing extension", redacted(text), report if verbose else None) as resolver:
                    request = resolver.request_for(source)
                    present = self._brought_by(request) if self._is_known(request) else ()
                    if not present:
                        return self._install(request, resolver, report)
        found = present[0].distribution
        report(f"Extension {found.name} ({found.version} by {found.author}) already installed")
        return InstallResult(InstallOutcome.ALREADY_INSTALLED, present)

    def uninstall(self, name: str, report: Report, verbose: bool = False) -> UninstallResult:
        """Remove what was installed as the distribution ``name``, or as the plug-in ``name``, and what only it needed.

        :raises NotInstalledError: when nothing of that name is installed
        :raises LeantoError: when it can't be removed; nothing was changed then
        """
        report("Checking installed extensions")
        self._find_request(name)  # without a lock, so that a wrong name leaves no trace in an empty volume
        with self._generations.locked():
            request = self._find_request(name)
            gone = self._brought_by(request)
            version = self._version_of(request)
            report(f"Uninstalling extension {gone[0].distribution.name if gone else request.name} ({version})")
            kept = tuple(other for other in self._requests() if other != request)
            with self._resolver("uninstalling extension", request.name, report if verbose else None) as resolver:
                self._build(kept, resolver)
        report("Extension successfully uninstalled")
        kept_extensions = self.installed()
        for extension in (one for one in gone if one in kept_extensions):
            report(f"Note: {extension.distribution.name} stays, because another installed extension requires it")
        return UninstallResult(request.name, version, tuple(one for one in gone if one not in kept_extensions))

    def installed(self) -> tuple[InstalledExtension, ...]:
        """The installed extensions, by distribution and entry point; read from metadata, nothing is imported."""
        packages = self._packages()
        return packages.extensions() if packages else ()

    def auto_install(self, directives: Sequence[str], report: Report) -> None:
        """Install what ``EXTENSION_AUTO_INSTALL`` and ``conf.d/extensions.txt`` name and what is not there yet.

        A failure is logged, and the next one is tried.
        """
        listed = self._settings.etc_dir / "conf.d" / "extensions.txt"
        for text in (*directives, *(_directives_in(listed) if listed.is_file() else ())):
            try:
                if not self._is_satisfied(text):
                    self.install(text, Path.cwd(), lambda line: report(_LOG_PREFIX + line))
            except LeantoError as error:
                LOG.error("%s%s%s", _LOG_PREFIX, error.message, f" ({error.hint})" if error.hint else "")

    def _install(self, request: Request, resolver: Resolver, report: Report) -> InstallResult:
        """Put a generation in force that has ``request`` too, if that brings an extension."""
        others = tuple(other for other in self._requests() if other.name != request.name)
        with self._generations.change() as fresh:
            packages = self._fill(fresh, (*others, request), resolver, prefers_cache=bool(request.wheel))
            _refuse_other_python(request, packages)
            brought = _extensions_of(request, packages)
            if not brought:
                report("No change")
                raise NoExtensionError(
                    f"Error while installing extension: {request.name} brings no extension and was taken out again",
                    "an extension has an entry point in the group localstack.extensions; check the name",
                )
        for name, version, by_version in packages.hidden_by_host():
            report(f"Note: {name} {version} is hidden by {name} {by_version}, which this host's own environment has")
        report("Extension successfully installed")
        report("Extension installation completed")
        return InstallResult(InstallOutcome.INSTALLED, brought)

    def _build(self, requests: Requests, resolver: Resolver) -> None:
        with self._generations.change() as fresh:
            self._fill(fresh, requests, resolver, prefers_cache=True)

    def _fill(
        self, fresh: Generation, requests: Requests, resolver: Resolver, *, prefers_cache: bool
    ) -> InstalledPackages:
        from localstack.host.environment.installed import InstalledPackages
        from localstack.host.environment.link import link
        from localstack.host.environment.request import write_requests

        current = self._generations.current()
        resolver.make_environment(fresh)
        resolver.collect_wheels(requests, fresh, current)
        resolver.lock(requests, fresh, current, prefers_cache=prefers_cache)
        link(fresh.path)
        resolver.install(fresh)
        write_requests(fresh.requests_file, requests)
        return InstalledPackages.read(fresh.site_packages)

    @contextmanager
    def _resolver(self, action: str, asked: str, on_line: Report | None = None) -> Iterator[Resolver]:
        from tempfile import TemporaryDirectory

        from localstack.host.environment.resolution import Resolver
        from localstack.host.environment.uv import Uv

        with TemporaryDirectory(prefix="localstack-extensions-") as scratch:
            uv = Uv(Path(scratch), self._settings.environ, on_line)
            yield Resolver(uv, self._generations.work_directory, action, asked)

    def _requests(self) -> Requests:
        from localstack.host.environment.request import read_requests

        current = self._generations.current()
        return read_requests(current.requests_file) if current else ()

    def _packages(self) -> InstalledPackages | None:
        from localstack.host.environment.installed import InstalledPackages

        current = self._generations.current()
        return InstalledPackages.read(current.site_packages) if current else None

    def _satisfied_by(self, source: Source) -> tuple[InstalledExtension, ...]:
        """The extensions of an earlier request that ``source`` adds nothing to, as far as that is known offline."""
        current, packages = self._generations.current(), self._packages()
        if current is None or packages is None or not current.is_usable():
            return ()
        earlier = next((request for request in self._requests() if request.covers(source, packages)), None)
        return _extensions_of(earlier, packages) if earlier else ()

    def _is_satisfied(self, text: str) -> bool:
        from localstack.host.environment.source import parse_source

        if any(request.asked == redacted(text) and request.is_fetched_by_url() for request in self._requests()):
            return True  # starting a platform follows no branch: only an explicit install does
        return bool(self._satisfied_by(parse_source(text, Path.cwd())))

    def _is_known(self, request: Request) -> bool:
        current = self._generations.current()
        is_usable = current is not None and current.is_usable()
        return is_usable and any(request.is_same_as(earlier) for earlier in self._requests())

    def _brought_by(self, request: Request) -> tuple[InstalledExtension, ...]:
        packages = self._packages()
        return _extensions_of(request, packages) if packages else ()

    def _version_of(self, request: Request) -> str:
        packages = self._packages()
        return packages.by_name[request.name].version if packages and request.name in packages.by_name else "?"

    def _find_request(self, name: str) -> Request:
        """The request that brought the distribution or plug-in ``name``.

        :raises NotInstalledError: when nothing has that name
        :raises InstallError: when it came as a requirement of something else
        """
        from packaging.utils import canonicalize_name

        requests = {request.name: request for request in self._requests()}
        named = [extension for extension in self.installed() if name in (extension.name, extension.entry_point)]
        candidates = [canonicalize_name(name), *(extension.canonical_name for extension in named)]
        for candidate in candidates:
            if candidate in requests:
                return requests[candidate]
        for request in requests.values():
            if {extension.canonical_name for extension in self._brought_by(request)} & set(candidates):
                raise InstallError(f"Extension {name} came with {request.name}", f"uninstall {request.name}")
        message = f"Extension {redacted(name)} is not installed"
        raise NotInstalledError(message, "`localstack extensions list` shows what is")


def _extensions_of(request: Request, packages: InstalledPackages) -> tuple[InstalledExtension, ...]:
    """The extensions that ``request`` brings, itself or by what it requires; its own first."""
    from packaging.requirements import Requirement

    brought = packages.brought_by(Requirement(request.requirement))
    extensions = (extension for extension in packages.extensions() if extension.canonical_name in brought)
    return tuple(sorted(extensions, key=lambda extension: extension.canonical_name != request.name))


def _refuse_other_python(request: Request, packages: InstalledPackages) -> None:
    """uv passes over upper bounds of ``Requires-Python``; for what was asked for by name they are taken seriously.

    :raises ResolutionError: when the distribution is not for the Python that runs this
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    found = packages.by_name.get(request.name)
    versions = str(found.metadata.json.get("requires_python") or "") if found else ""
    here = platform.python_version()
    with suppress(InvalidSpecifier):
        if found and not SpecifierSet(versions).contains(here, prereleases=True):
            raise ResolutionError(
                f"Error while installing extension: {request.name}=={found.version} needs Python{versions}, "
                f"this host runs with Python {here}",
                "look for a version that is made for it",
            )


def _directives_in(requirements: Path) -> Iterator[str]:
    """The lines of a file in the form that pip reads; options in it are passed over with a warning."""
    try:
        text = requirements.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        LOG.error("%s%s can't be read: %s", _LOG_PREFIX, requirements, error)
        return
    for line in text.replace("\\\n", " ").splitlines():
        directive = re.sub(r"(^|\s)#.*", "", line).strip()
        if directive.startswith("-"):
            LOG.warning("%s%s: the option %r is not supported", _LOG_PREFIX, requirements, directive)
        elif directive:
            yield directive


def _renew_link(generation: Generation) -> None:
    """Make the environment's own Python follow a host that has moved since; the usual case costs one small read."""
    from localstack.host.environment.link import is_linked, write_link

    if is_linked(generation.site_packages):
        return
    try:
        write_link(generation.site_packages)
    except OSError as error:
        LOG.warning("%s can't be renewed and is not used: %s", generation.site_packages, error)
