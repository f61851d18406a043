"""Gets hold of the code of something to install without building or running any of it, and judges it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from localstack.host.environment.code import (
    Code,
    code_of_folder,
    code_of_installed,
    code_of_source_archive,
    code_of_wheel,
)
from localstack.host.environment.compatibility import Compatibility, compatibility_of
from localstack.host.environment.contract import Contract
from localstack.host.environment.failure import Failure, host_conflict
from localstack.host.environment.installed import InstalledExtension, InstalledPackages
from localstack.host.environment.provided import (
    PROVIDED_NAMES,
    active_requirements,
    host_distributions,
    host_paths,
    is_provided,
)
from localstack.host.environment.request import Request, SourceKind
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    RemoteSource,
    Source,
)
from localstack.host.environment.uv import Uv
from localstack.host.errors import ConflictError, InstallError, ResolutionError, SourceOnlyError
from localstack.host.redaction import redacted
from localstack.host.version import LOCALSTACK_VERSION

_ACTION = "checking extension"
_GIT_TIMEOUT_SECONDS = 300.0
_NO_WHEELS = "building from source is disabled"
_RELATED = "localstack"
"""Only requirements whose names begin so are read too: other libraries do not import from a LocalStack host."""


def check_installed(packages: InstalledPackages, extension: InstalledExtension) -> Compatibility:
    """Judge an installed extension, with what is installed beside it."""
    code = code_of_installed(packages.by_name[extension.canonical_name])
    required: dict[str, Code] = {}
    waiting = [code]
    while waiting:
        for requirement in _related(waiting.pop()):
            name = canonicalize_name(requirement.name)
            if name in packages.by_name and name not in required:
                required[name] = code_of_installed(packages.by_name[name])
                waiting.append(required[name])
    places = (packages.directory, *host_paths())

    def is_lacking(package: str) -> bool:
        return not _is_findable(package, places)

    return compatibility_of(code, required.values(), Contract.load(), is_lacking, ())


def check_request(request: Request, version: str, wheels: Path, environ: Mapping[str, str]) -> Compatibility | None:
    """Judge what a plan would install for ``request``; ``None`` where that takes a build or can't be fetched.

    :param wheels: where local wheels lie
    """
    match request.kind:
        case SourceKind.INDEX:
            source: Source = IndexSource(Requirement(f"{request.name}=={version}"))
        case SourceKind.LOCAL:
            source = ArchiveSource(wheels / request.wheel, ())
        case _:
            return None
    try:
        return check_source(source, request.asked, environ)
    except InstallError:
        return None


def check_source(source: Source, asked: str, environ: Mapping[str, str]) -> Compatibility:
    """Judge what ``source`` names before it is installed; no volume is touched.

    :param asked: what the person wrote, for errors
    :raises SourceOnlyError: when there is no wheel, so that nothing can be read without a build
    :raises InstallError: when it can't be fetched
    """
    with TemporaryDirectory(prefix="leanto-check-") as folder:
        scratch = Path(folder)
        (scratch / "uv.toml").touch()  # so that uv does not look for one in the folders above
        return _Inspection(Uv(scratch, environ), asked).check(source)


@dataclass
class _Inspection:
    uv: Uv
    asked: str
    notes: list[str] = field(default_factory=list)

    def check(self, source: Source) -> Compatibility:
        code = self._code_of(source)
        if conflict := _host_conflict(code, () if isinstance(source, IndexSource) else source.extras):
            raise conflict
        required = tuple(self._required_by(code))

        def is_lacking(package: str) -> bool:
            return not (_is_findable(package, host_paths()) or self._is_brought(package, code))

        return compatibility_of(code, required, Contract.load(), is_lacking, self.notes)

    def _is_brought(self, package: str, code: Code) -> bool:
        """Whether a requirement of ``code`` has it. Only where no name says so are they fetched to see."""
        names = {canonicalize_name(requirement.name) for requirement in active_requirements(code.requires)}
        if any(_is_alike(package, name) for name in names):
            return True
        try:
            return package in self._packages_of_all(code)
        except ResolutionError as error:
            self.notes.append(f"whether something brings {package} is not known: {error.message}")
            return True

    def _packages_of_all(self, code: Code) -> set[str]:
        """The top-level packages of all that ``code`` requires and the host does not have."""
        found: set[str] = set()
        seen = set(host_distributions())
        waiting: list[tuple[Code, set[str]]] = [(code, set())]
        while waiting:
            one, extras = waiting.pop()
            for requirement in active_requirements(one.requires, extras):
                name = canonicalize_name(requirement.name)
                if name not in seen and not is_provided(name):
                    seen.add(name)
                    fetched = self._fetched(str(requirement))
                    waiting.append((fetched, requirement.extras))
                    found |= {module for module in fetched.modules if "." not in module}
        return found

    def _code_of(self, source: Source) -> Code:
        match source:
            case IndexSource(requirement):
                return self._newest_that_fits(requirement)
            case RemoteSource(url):
                if not url.partition("#")[0].endswith(".whl"):
                    raise _source_only(redacted(url))
                return self._fetched(url)
            case ArchiveSource(path):
                return code_of_wheel(path) if path.suffix == ".whl" else self._unbuilt(code_of_source_archive(path))
            case FolderSource(path):
                return self._unbuilt(code_of_folder(path))
            case GitSource():
                return self._unbuilt(code_of_folder(self._checked_out(source)))

    def _newest_that_fits(self, requirement: Requirement) -> Code:
        """The newest release that can be had beside what the host has: ``install`` takes that one, too.

        :raises ConflictError: naming why the newest can't, when there is none
        """
        wanted, first = Requirement(str(requirement)), None
        while True:
            folder = Path(mkdtemp(dir=self.uv.directory))
            try:
                code = self._fetched(str(wanted), folder)
            except ResolutionError as error:
                raise first or error from None
            self._refuse_newer_source(wanted, code, folder)
            conflict = _host_conflict(code, requirement.extras)
            if conflict is None:
                return code
            if first is None:
                first = conflict
                self.notes.append(f"not the newest: {conflict.message.partition(': ')[2]}")
            wanted.specifier &= SpecifierSet(f"!={code.version}")

    def _unbuilt(self, code: Code) -> Code:
        self.notes.append("read as it is: a build, which runs its author's code, may add to it")
        return code

    def _required_by(self, code: Code) -> Iterator[Code]:
        seen = {code.canonical_name}
        waiting = [code]
        while waiting:
            for requirement in _related(waiting.pop()):
                if canonicalize_name(requirement.name) in seen:
                    continue
                seen.add(canonicalize_name(requirement.name))
                try:
                    found = self._fetched(str(requirement))
                except SourceOnlyError:
                    self.notes.append(f"{requirement} is published as source alone and was not looked at")
                    continue
                waiting.append(found)
                yield found

    def _fetched(self, requirement: str, folder: Path | None = None) -> Code:
        """The code of the wheel that satisfies ``requirement``; unpacked into an empty folder, never built."""
        target = folder or Path(mkdtemp(dir=self.uv.directory))
        command = ("pip", "install", "--no-deps", "--no-build", "--target", str(target))
        lines = target.with_suffix(".txt")
        lines.write_text(f"{requirement}\n", encoding="utf-8")
        run = self.uv.run(*command, "--requirements", str(lines))
        if not run.is_success:
            if _NO_WHEELS in run.log:
                raise _source_only(redacted(requirement))
            raise Failure(run.log, self.asked, _ACTION, {}).error()
        found = next(iter(distributions(path=[str(target)])), None)
        if found is None:
            raise ResolutionError(f"Error while {_ACTION}: {redacted(requirement)} has no metadata")
        return code_of_installed(found)

    def _refuse_newer_source(self, requirement: Requirement, code: Code, folder: Path) -> None:
        """``install`` takes the newest release, also one without a wheel; then an older one says nothing of it."""
        if any(
            specifier.operator == "==" and not specifier.version.endswith(".*") for specifier in requirement.specifier
        ):
            return
        for name, newest in self.uv.newest_sources(folder).items():
            if name == code.canonical_name and requirement.specifier.contains(newest):
                raise _source_only(f"{code.name} {newest}")

    def _checked_out(self, source: GitSource) -> Path:
        """A folder with the project's files at the branch, tag or commit that the URL names."""
        folder = Path(mkdtemp(dir=self.uv.directory))
        self._git("init", "--quiet", str(folder))
        fetch = ("fetch", "--quiet", "--depth", "1", "--", source.repository, source.revision or "HEAD")
        self._git("-C", str(folder), *fetch)
        self._git("-C", str(folder), "checkout", "--quiet", "FETCH_HEAD")
        project = folder / source.subdirectory if source.subdirectory else folder
        if not project.is_dir():
            raise ResolutionError(f"Error while {_ACTION}: the repository has no folder {source.subdirectory}")
        return project

    def _git(self, *arguments: str) -> None:
        environ = {**self.uv.environ, "GIT_TERMINAL_PROMPT": "0"}  # a private repository fails instead of asking
        command = ["git", "-c", "core.hooksPath=/dev/null", *arguments]
        try:
            run = subprocess.run(
                command, env=environ, capture_output=True, text=True, timeout=_GIT_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ResolutionError(f"Error while {_ACTION}: git can't be run: {redacted(str(error))}") from error
        if run.returncode != 0:
            words = redacted(" ".join(run.stderr.split()))[-300:]
            raise ResolutionError(
                f"Error while {_ACTION}: the repository can't be fetched: {words}", "check the URL and the network"
            )


def _host_conflict(code: Code, extras: Iterable[str]) -> ConflictError | None:
    """What ``code`` itself requires and can't be had, because the host has another version; ``None`` for nothing."""
    host = {**host_distributions(), **dict.fromkeys(PROVIDED_NAMES, LOCALSTACK_VERSION)}
    for requirement in active_requirements(code.requires, set(extras)):
        name = canonicalize_name(requirement.name)
        version = host.get(name)
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            return host_conflict(
                _ACTION, f"{code.name}=={code.version}", f"{name}{requirement.specifier}", name, version
            )
    return None


def _related(code: Code) -> Iterator[Requirement]:
    """What ``code`` requires that may import from the host, too."""
    for requirement in active_requirements(code.requires):
        if canonicalize_name(requirement.name).startswith(_RELATED) and not is_provided(requirement.name):
            yield requirement


def _is_findable(package: str, places: Iterable[Path]) -> bool:
    """Whether Python, or something in ``places``, has it. Imports nothing."""
    is_python = package in sys.stdlib_module_names
    return is_python or PathFinder.find_spec(package, [str(place) for place in places]) is not None


def _is_alike(package: str, distribution: str) -> bool:
    """Whether the names tell that they belong together: ``dateutil`` and ``python-dateutil``."""
    one, other = (re.sub(r"[-_.]", "", text.lower()) for text in (package, distribution))
    return one in other or other in one


def _source_only(what: str) -> SourceOnlyError:
    return SourceOnlyError(
        f"{what} is published as source alone and would have to be built, which runs its author's code",
        "fetch the archive and check that: localstack extensions check ./NAME.tar.gz",
    )
