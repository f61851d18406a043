"""One change of what is installed: resolve, plan, build aside, verify, switch. Until the switch nothing has changed."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from localstack.host.environment.compatibility import Colour, Compatibility
from localstack.host.environment.generation import Generations
from localstack.host.environment.inspection import check_installed, check_request
from localstack.host.environment.installed import InstalledExtension, InstalledPackages
from localstack.host.environment.inventory import Inventory
from localstack.host.environment.link import link
from localstack.host.environment.manifest import write_manifest
from localstack.host.environment.plan import Plan, difference
from localstack.host.environment.progress import Reporter, UvSteps
from localstack.host.environment.pylock import PackageKind
from localstack.host.environment.request import Request, Requests, write_requests
from localstack.host.environment.resolution import Resolution, Resolver
from localstack.host.environment.trial import passed_over
from localstack.host.environment.uv import Uv
from localstack.host.environment.verification import BrokenImport, broken_imports, check_files
from localstack.host.errors import ResolutionError, VerificationError

Check = Callable[[InstalledPackages], None]
"""Refuses what was built, by raising a ``LeantoError``."""


class Outcome(Enum):
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    PLANNED = "planned"


@dataclass(frozen=True)
class ChangeResult:
    """What a command came to.

    :ivar plan: what was done, or would be done after ``PLANNED``; ``None`` when nothing had to be resolved
    :ivar generation: number of the generation in force now, ``None`` when there is none
    :ivar generation_before: the one that was in force before
    :ivar extensions: those that it is about: installed, uninstalled, upgraded
    """

    outcome: Outcome
    plan: Plan | None = None
    generation: int | None = None
    generation_before: int | None = None
    extensions: tuple[InstalledExtension, ...] = ()


@dataclass(frozen=True)
class Change:
    """A change under way; the lock of ``generations`` is held.

    :ivar before: what is installed until the switch
    :ivar name: what a person calls it, e.g. ``"install localstack-extension-httpbin"``
    """

    generations: Generations
    before: Inventory
    resolver: Resolver
    reporter: Reporter
    steps: UvSteps
    environ: Mapping[str, str]
    name: str

    def resolve(self, requests: Requests, *, upgraded: Collection[str] = (), prefers_cache: bool = False) -> Resolution:
        """:raises InstallError: when no set of versions satisfies ``requests`` and the host"""
        self.reporter.step("Resolving")
        asked_now = {request.name for request in set(requests) - set(self.before.requests)}
        resolution = self.resolver.resolve(
            requests,
            self.before.generation,
            upgraded=upgraded,
            refreshed=() if prefers_cache else asked_now,
            prefers_cache=prefers_cache,
        )
        if self.reporter.explains:
            chosen = {package.name: package.version for package in resolution.packages}
            for older in passed_over(self.resolver, requests, chosen, asked_now.union(upgraded)):
                self._note(str(older))
        return resolution

    def is_installed(self, resolution: Resolution) -> bool:
        """Whether ``resolution`` is just what is in force."""
        before = self.before
        is_same = {one.identity for one in resolution.packages} == {one.identity for one in before.locked()}
        return before.is_usable and is_same and set(resolution.requests) == set(before.requests)

    def carry_through(
        self, resolution: Resolution, *, is_dry_run: bool = False, check: Check | None = None, is_bundled: bool = False
    ) -> tuple[ChangeResult, Inventory]:
        """Show the plan and, unless ``is_dry_run``, build a generation, verify it and put it in force.

        :param check: may refuse what was built
        :param is_bundled: whether everything comes out of the wheels of a bundle
        :return: what it came to, and what is installed then
        :raises LeantoError: when that fails; then everything is as before
        """
        packages = resolution.packages
        if is_bundled:  # all were built where the bundle was made
            packages = tuple(replace(package, kind=PackageKind.WHEEL) for package in packages)
        plan = difference(self.before.locked(), packages, resolution.provided)
        for line in plan.lines():
            self.reporter.line(line)
        number = self.before.number
        if is_dry_run:
            self._tell_colours(plan, resolution)
            return ChangeResult(Outcome.PLANNED, plan, number, number), self.before
        after = self._carry_out(resolution, plan, check, is_bundled)
        return ChangeResult(Outcome.CHANGED, plan, after.number, number), after

    def _carry_out(self, resolution: Resolution, plan: Plan, check: Check | None, is_bundled: bool) -> Inventory:
        with self.generations.change() as fresh:
            self.resolver.make_environment(fresh)
            self.resolver.prepare(resolution, fresh)
            link(fresh.path)
            self.steps.total = len(plan.fetched)
            self.reporter.step("Installing")
            if is_bundled:
                self.resolver.install_bundled(resolution, fresh)
            else:
                self.resolver.install(fresh)
            packages = InstalledPackages.read(fresh.site_packages)
            if check is not None:
                check(packages)
            self._verify(packages, {package.name for package in plan.fetched})
            write_manifest(fresh.manifest_file, self.name)
            self.reporter.before_switch(fresh.path.name)
            self.reporter.step("Switching")
            write_requests(fresh.requests_file, resolution.requests)  # last: now it is complete
        for name, version, by_version in packages.hidden_by_host():
            self._note(f"{name} {version} is hidden by {name} {by_version}, which this host's own environment has")
        return Inventory(fresh, resolution.requests, packages)

    def _tell_colours(self, plan: Plan, resolution: Resolution) -> None:
        """Read what would be fetched, as far as it was asked for and needs no build."""
        self.reporter.step("Checking")
        versions = {package.name: package.version for package in plan.fetched}
        for request in (one for one in resolution.requests if one.name in versions):
            found = check_request(request, versions[request.name], self.resolver.wheels, self.environ)
            if found is not None:
                self._tell_colour(found)
                if not found.is_extension:
                    self._note(f"{found.distribution} brings no extension itself")

    def _tell_colour(self, found: Compatibility) -> None:
        if found.colour is not Colour.GREEN:
            self._note(f"{found.sentence}; localstack extensions check {found.distribution} lists it")

    def _verify(self, packages: InstalledPackages, fetched: Collection[str]) -> None:
        """Refuse files that differ from their hashes, and extensions that can't be imported and could be before.

        :param fetched: canonical names of what is new, about whose compatibility something is said
        """
        self.reporter.step("Verifying")
        scratch = self.resolver.uv.directory
        with ThreadPoolExecutor(max_workers=1) as beside:  # another process imports them in the meantime
            importing = beside.submit(broken_imports, packages, scratch, self.environ)
            check_files(packages, self.resolver.action)
            new = [one for one in packages.extensions() if one.canonical_name in fetched]
            compatibilities = [check_installed(packages, one) for one in new]
            broken = importing.result()
        self._refuse_newly_broken(broken, scratch)
        for compatibility in compatibilities:
            self._tell_colour(compatibility)

    def _refuse_newly_broken(self, broken: Sequence[BrokenImport], scratch: Path) -> None:
        if not broken:
            return
        before = broken_imports(self.before.packages, scratch, self.environ)
        known = {(one.extension.canonical_name, one.extension.entry_point) for one in before}
        for one in broken:
            if (one.extension.canonical_name, one.extension.entry_point) not in known:
                raise VerificationError(
                    f"Error while {self.resolver.action}: extension {one}",
                    "nothing was changed; ask its author for a release that works with this host",
                )
            self._note(f"extension {one}, as before")

    def _note(self, line: str) -> None:
        self.reporter.line(f"Note: {line}")


def nothing_to_do(inventory: Inventory, extensions: tuple[InstalledExtension, ...] = ()) -> ChangeResult:
    """What a command comes to that finds all done; ``extensions`` are those that it is about."""
    return ChangeResult(Outcome.UNCHANGED, None, inventory.number, inventory.number, extensions)


@contextmanager
def changing(
    generations: Generations, environ: Mapping[str, str], reporter: Reporter, action: str, name: str, asked: str = ""
) -> Iterator[Change]:
    """Hold the lock for a change.

    :param action: what is done, for errors, e.g. ``"installing extension"``
    :param name: the same as a command, e.g. ``"install localstack-extension-httpbin"``
    :param asked: what the person wrote, for errors
    """
    with generations.locked(name, reporter.line) as descriptor, generations.scratch() as scratch:
        steps = UvSteps(reporter)
        uv = Uv(scratch, environ, steps, inherited=descriptor)
        resolver = Resolver(uv, generations.work_directory, action, asked)
        before = Inventory.of(generations.current())
        yield Change(generations, before, resolver, reporter, steps, environ, name)


def refuse_other_python(request: Request, packages: InstalledPackages) -> None:
    """uv passes over upper bounds of ``Requires-Python``; for what was asked for by name they are taken seriously.

    :raises ResolutionError: when the distribution is not for the Python that runs this
    """
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
