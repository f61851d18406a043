"""The installed extensions of a volume: what commands and the platform do with them."""

from __future__ import annotations

import logging
import site
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.environment.generation import Generation, Generations
from localstack.host.environment.progress import Report, Reporter, ignore
from localstack.host.errors import InstallError, NoExtensionError, NoGenerationError, SourceError, reason_of
from localstack.host.redaction import redacted
from localstack.host.settings import Settings

if TYPE_CHECKING:  # a platform without anything to install imports none of these
    from localstack.host.environment.change import Change, ChangeResult
    from localstack.host.environment.compatibility import Compatibility
    from localstack.host.environment.installed import InstalledExtension, InstalledPackages
    from localstack.host.environment.inventory import Inventory
    from localstack.host.environment.manifest import HistoryEntry
    from localstack.host.environment.request import Request, Requests

LOG = logging.getLogger(__name__)

_QUIET = Reporter(ignore)


class ExtensionEnvironment:
    """The installed extensions of one volume. Making one touches nothing on disk."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.generations = Generations(settings.extensions_dir)

    def initialise(self, reporter: Reporter = _QUIET) -> bool:
        """Make the environment if there is none, or make it again if it can't be used with this Python.

        :return: whether one was made
        :raises LeantoError: when that fails; nothing was changed then
        """
        with self._changing(reporter, "making the environment", "init") as change:
            if change.before.is_usable:
                return False
            change.carry_through(change.resolve(change.before.requests, prefers_cache=True))
        return True

    def hold_usable(self) -> Generation | None:
        """The generation in force, kept until this process lets it go.

        One for another Python is passed over with a warning. What a killed installation left is removed.
        """
        self.generations.clean()
        if self.generations.has_foreign_environment():
            hint = "`localstack extensions init` sets it aside"
            LOG.warning("%s was not made by this host and is not used; %s", self.generations.pointer, hint)
        generation = self.generations.hold_current()
        if generation is None or generation.is_for_this_python():
            return generation
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        hint = "`localstack extensions init` installs them again"
        LOG.warning("installed extensions are for Python %s, this is %s; %s", generation.python_minor, here, hint)
        generation.let_go()
        return None

    def install(
        self, text: str, directory: Path, reporter: Reporter = _QUIET, *, is_dry_run: bool = False
    ) -> ChangeResult:
        """Install the extension that ``text`` names; relative paths start at ``directory``.

        :param is_dry_run: stop after the plan
        :raises LeantoError: when that fails; nothing was changed then
        """
        from localstack.host.environment.change import nothing_to_do
        from localstack.host.environment.source import parse_source

        source, asked = parse_source(text, directory), redacted(text)
        with self._changing(reporter, "installing extension", f"install {asked}", asked) as change:
            before = change.before
            reporter.line("Checking installed extensions")
            present = before.brought_by_covering(source)
            if not present:
                if not is_dry_run:
                    reporter.line("Installing extension")
                reporter.step("Resolving")
                request = change.resolver.request_for(source, asked)
                present = before.brought_by(request) if before.has(request) else ()
                if not present:
                    return self._install(request, change, is_dry_run)
        found = present[0].distribution
        reporter.line(f"Extension {found.name} ({found.version} by {found.author}) already installed")
        return nothing_to_do(before, present)

    def uninstall(self, name: str, reporter: Reporter = _QUIET) -> ChangeResult:
        """Remove what was installed as the distribution ``name``, or as the plug-in ``name``, and what only it needed.

        :raises NotInstalledError: when nothing of that name is installed
        :raises LeantoError: when it can't be removed; nothing was changed then
        """
        reporter.line("Checking installed extensions")
        self._inventory().find_request(name)  # without a lock, so that a wrong name leaves no trace in an empty volume
        with self._changing(reporter, "uninstalling extension", f"uninstall {redacted(name)}", name) as change:
            before = change.before
            request = before.find_request(name)
            gone = before.brought_by(request)
            shown = gone[0].distribution.name if gone else request.name
            reporter.line(f"Uninstalling extension {shown} ({before.version_of(request)})")
            kept = tuple(other for other in before.requests if other != request)
            result, after = change.carry_through(change.resolve(kept, prefers_cache=True))
        reporter.line("Extension successfully uninstalled")
        staying = after.extensions()
        for extension in (one for one in gone if one in staying):
            reporter.line(f"Note: {extension.distribution.name} stays, because another installed extension requires it")
        return replace(result, extensions=tuple(one for one in gone if one not in staying))

    def sync(
        self,
        file: Path,
        directory: Path,
        reporter: Reporter = _QUIET,
        *,
        prunes: bool = False,
        is_dry_run: bool = False,
    ) -> ChangeResult:
        """Install what a requirements file or a lock names; does nothing, without a network, when all is there.

        :param directory: where relative paths in the file start
        :param prunes: whether to uninstall what the file does not name
        :raises LeantoError: when that fails; nothing was changed then
        """
        from localstack.host.environment.change import nothing_to_do
        from localstack.host.environment.requirements import read_directives
        from localstack.host.environment.sync import has_lock, is_lock, sync_lock, sync_requirements

        inventory = self._inventory()  # most of the time all is there: then without a lock, a network, a trace
        if is_lock(file):
            text = read_text(file)
            if has_lock(inventory, text, file) and not prunes:
                return nothing_to_do(inventory)
            with self._changing(reporter, "syncing extensions", f"sync {file.name}", file.name) as change:
                return sync_lock(change, text, file, prunes=prunes, is_dry_run=is_dry_run)
        directives = read_directives(file)
        sources = [(directive.source(directory), str(directive)) for directive in directives]
        if not prunes and all(inventory.satisfies(source, asked) for source, asked in sources):
            return nothing_to_do(inventory)
        with self._changing(reporter, "syncing extensions", f"sync {file.name}", file.name) as change:
            return sync_requirements(change, directives, directory, prunes=prunes, is_dry_run=is_dry_run)

    def upgrade(self, name: str | None, reporter: Reporter = _QUIET, *, is_dry_run: bool = False) -> ChangeResult:
        """Take newer versions of what was installed as ``name``, or of everything.

        :raises NotInstalledError: when nothing of that name is installed
        :raises LeantoError: when it can't be upgraded; nothing was changed then
        """
        from localstack.host.environment.change import nothing_to_do
        from localstack.host.environment.sync import upgrade

        inventory = self._inventory()
        if not self._requests_named(name, inventory):
            return nothing_to_do(inventory)
        with self._changing(reporter, "upgrading extensions", f"upgrade {name or '--all'}", name or "") as change:
            requests = self._requests_named(name, change.before)
            return upgrade(change, requests, is_all=name is None, is_dry_run=is_dry_run)

    def exported_requirements(self) -> str:
        """What was asked for, as a requirements file; credentials in URLs are left out."""
        return "".join(f"{redacted(request.exported())}\n" for request in self._inventory().requests)

    def exported_lock(self) -> str:
        """The lock of what is installed (PEP 751), with what was asked for; credentials in URLs are left out.

        :raises InstallError: when nothing is installed
        """
        from localstack.host.environment.sync import exported_lock

        inventory = self._inventory()
        if inventory.generation is None:
            raise InstallError("nothing is installed, so there is no lock", "install an extension first")
        lock = read_text(inventory.generation.lock_file)
        return "".join(map(redacted, exported_lock(lock, inventory.requests).splitlines(keepends=True)))

    def bundle(self, target: Path, reporter: Reporter = _QUIET) -> None:
        """Write all that is installed into one file, for a machine without an index.

        :raises LeantoError: when nothing is installed, or it can't be written
        """
        from localstack.host.environment.bundle import write_bundle

        with self.generations.locked(f"bundle -o {target.name}", reporter.line), self.generations.scratch() as scratch:
            write_bundle(self._inventory(), target, scratch)

    def install_bundle(self, file: Path, reporter: Reporter = _QUIET, *, is_dry_run: bool = False) -> ChangeResult:
        """Install all that a bundle has; asks no index.

        :raises BundleError: when ``file`` is no bundle for this machine
        :raises LeantoError: when it can't be installed; nothing was changed then
        """
        from localstack.host.environment.bundle import read_bundle
        from localstack.host.environment.sync import install_bundle

        name = f"install --offline {file.name}"
        with self._changing(reporter, "installing the bundle", name, file.name) as change:
            bundle = read_bundle(file, change.resolver.uv.directory)
            return install_bundle(change, bundle, is_dry_run=is_dry_run)

    def rollback(self, number: int | None = None, reporter: Reporter = _QUIET) -> ChangeResult:
        """Put an earlier generation in force again, without a number the one before the current.

        :raises NoGenerationError: when there is none
        :raises VerificationError: when its files are not as they were
        """
        from localstack.host.environment.change import ChangeResult, Outcome
        from localstack.host.environment.inventory import Inventory
        from localstack.host.environment.plan import difference
        from localstack.host.environment.verification import check_files

        self.generations.go_back(number)  # without a lock, so that a wrong number leaves no trace in an empty volume
        with self.generations.locked("rollback", reporter.line):
            current, target = self.generations.go_back(number)
            before, after = Inventory.of(current), Inventory.of(target)
            if target == current:
                return ChangeResult(Outcome.UNCHANGED, None, current.number, current.number)
            if not after.is_usable:
                here = f"{sys.version_info.major}.{sys.version_info.minor}"
                message = f"generation {target.number} was made for Python {target.python_minor}, this is {here}"
                raise NoGenerationError(message, "`localstack extensions generations` shows the others")
            hint = "it was changed since it was installed; `localstack extensions generations` shows the others"
            check_files(after.packages, f"rolling back to generation {target.number}", hint)
            plan = difference(before.locked(), after.locked(), {})
            for line in plan.lines():
                reporter.line(line)
            reporter.before_switch(target.path.name)
            self.generations.switch_to(target)
        return ChangeResult(Outcome.CHANGED, plan, target.number, current.number, after.extensions())

    def history(self) -> tuple[HistoryEntry, ...]:
        """The generations that can be gone back to and the current one, oldest first."""
        from localstack.host.environment.installed import InstalledPackages
        from localstack.host.environment.manifest import HistoryEntry, read_manifest

        current = self.generations.current()
        return tuple(
            HistoryEntry(
                number=generation.number,
                is_current=generation == current,
                extensions=tuple(
                    f"{one.distribution.name} {one.distribution.version}"
                    for one in InstalledPackages.read(generation.site_packages).extensions()
                ),
                **asdict(read_manifest(generation.manifest_file)),
            )
            for generation in self.generations.complete()
        )

    def installed(self) -> tuple[InstalledExtension, ...]:
        """The installed extensions, by distribution and entry point; read from metadata, nothing is imported."""
        from localstack.host.environment.installed import InstalledPackages

        generation = self.generations.current()
        return InstalledPackages.read(generation.site_packages).extensions() if generation else ()

    def check(self, text: str, directory: Path) -> Compatibility:
        """Tell whether this host has what the extension uses that ``text`` names: an installed one, or one to install.

        :raises LeantoError: when it can't be found, fetched or read
        """
        from localstack.host.environment.inspection import check_installed, check_source
        from localstack.host.environment.source import parse_source

        inventory = self._inventory()
        for extension in inventory.extensions():
            if text in (extension.name, extension.entry_point, extension.distribution.name, extension.canonical_name):
                return check_installed(inventory.packages, extension)
        return check_source(parse_source(text, directory), redacted(text), self._settings.environ)

    def auto_install(self, directives: Sequence[str], report: Report) -> None:
        """Install what ``EXTENSION_AUTO_INSTALL`` and the files in ``conf.d`` name and what is not there yet.

        A failure is logged, and the next one is tried.
        """
        from localstack.host.environment.start import install_missing

        install_missing(self, directives, self._settings.etc_dir / "conf.d", report)

    def missing(self, texts: Iterable[str], directory: Path) -> list[str]:
        """Those that are not installed, as far as that is known offline, or name nothing; a branch is not followed."""
        from localstack.host.environment.source import parse_source

        inventory = self._inventory()

        def is_missing(text: str) -> bool:
            try:
                return not inventory.satisfies(parse_source(text, directory), redacted(text))
            except SourceError:
                return True

        return [text for text in texts if is_missing(text)]

    def _install(self, request: Request, change: Change, is_dry_run: bool) -> ChangeResult:
        """Put a generation in force that has ``request`` too, if that brings an extension."""
        from localstack.host.environment.change import refuse_other_python
        from localstack.host.environment.inventory import Inventory

        reporter = change.reporter
        requests = (*(other for other in change.before.requests if other.name != request.name), request)

        def check(packages: InstalledPackages) -> None:
            refuse_other_python(request, packages)
            if not Inventory(None, requests, packages).brought_by(request):
                reporter.line("No change")
                raise NoExtensionError(
                    f"Error while installing extension: {request.name} brings no extension and was taken out again",
                    "an extension has an entry point in the group localstack.extensions; check the name",
                )

        resolution = change.resolve(requests, prefers_cache=bool(request.wheel))
        result, after = change.carry_through(resolution, is_dry_run=is_dry_run, check=check)
        if is_dry_run:
            if request.name in change.before.packages.by_name and not change.before.brought_by(request):
                reporter.line(f"Note: {request.name} is installed already, and brings no extension")
            return result
        reporter.line("Extension successfully installed")
        reporter.line("Extension installation completed")
        return replace(result, extensions=after.brought_by(request))

    def _changing(self, reporter: Reporter, action: str, name: str, asked: str = "") -> AbstractContextManager[Change]:
        from localstack.host.environment.change import changing

        return changing(self.generations, self._settings.environ, reporter, action, name, asked)

    def _requests_named(self, name: str | None, inventory: Inventory) -> Requests:
        return inventory.requests if name is None else (inventory.find_request(name),)

    def _inventory(self) -> Inventory:
        from localstack.host.environment.inventory import Inventory

        return Inventory.of(self.generations.current())


def make_importable(generation: Generation | None) -> tuple[Path, ...]:
    """Let this process import what is installed there, after all that it could import before; honours ``.pth`` files.

    :return: the paths that were added to ``sys.path``
    """
    if generation is None:
        return ()
    _renew_link(generation)
    before = set(sys.path)
    site.addsitedir(str(generation.site_packages))
    return tuple(Path(entry) for entry in sys.path if entry not in before)


def _renew_link(generation: Generation) -> None:
    """Make the environment's own Python follow a host that has moved since; the usual case costs one small read."""
    from localstack.host.environment.link import is_linked, write_link

    if is_linked(generation.site_packages):
        return
    try:
        write_link(generation.site_packages)
    except OSError as error:
        LOG.warning("%s can't be renewed and is not used: %s", generation.site_packages, error)


def read_text(file: Path) -> str:
    """:raises SourceError: when it can't be read"""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} can't be read: {reason_of(error)}", "name another file") from None
