"""Chooses versions for everything that was asked for, together with what the host has, and fetches what is missing."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import unquote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from localstack.host.environment.failure import Failure
from localstack.host.environment.generation import Generation
from localstack.host.environment.provided import StandIn, host_stand_ins, is_provided, provided
from localstack.host.environment.pylock import LOCK_NAME, LockedPackage, parse_lock, without
from localstack.host.environment.request import Request, Requests, SourceKind, now
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    LocalSource,
    RemoteSource,
    Source,
)
from localstack.host.environment.trial import contradiction
from localstack.host.environment.uv import Uv
from localstack.host.environment.wheel import checked_name
from localstack.host.errors import ConflictError, ResolutionError

_INSTALL = ("pip", "install", "--no-deps", "--link-mode", "copy")
"""Copies: a hard link would let whoever edits an installed file edit uv's cache and every other generation, too."""

_SETUP_PY = "from setuptools import setup\n\nsetup()\n"


@dataclass(frozen=True)
class Resolution:
    """A version for all that ``requests`` need and that the host does not have.

    :ivar lock: text of a ``pylock.toml``; local files are named relative to it, below ``wheels``
    :ivar provided: canonical name and version of what is needed and the host has
    """

    requests: Requests
    lock: str
    packages: tuple[LockedPackage, ...]
    provided: Mapping[str, str]


@dataclass(frozen=True)
class Resolver:
    """Works for one change. ``uv.directory`` is its scratch folder.

    What the host has reaches uv as *constraints by URL* to stand-in wheels, metadata without code. So uv's own resolver
    weighs the host's versions, tries older releases of an extension when the newest does not fit, reports conflicts,
    and asks no index for anything that the host provides: not upstream's distributions, not the host's own. The
    stand-ins lie in a lasting folder, because uv caches by path.

    :ivar stand_in_wheels: the lasting folder for the stand-ins
    :ivar action: what is done, for errors, e.g. ``"installing extension"``
    :ivar asked: what the person wrote, for errors
    """

    uv: Uv
    stand_in_wheels: Path
    action: str
    asked: str

    def request_for(self, source: Source, asked: str) -> Request:
        """Find out which distribution ``source`` is; makes a wheel of what is local, pins the commit of what is in git.

        :raises InstallError: when it can't be fetched or built
        """
        match source:
            case IndexSource(requirement):
                name = canonicalize_name(requirement.name)
                return Request(name, asked, SourceKind.INDEX, str(requirement), requested_at=now())
            case GitSource():
                return self._pinned(source.line(), source.extras, SourceKind.GIT, asked)
            case RemoteSource():
                return self._pinned(source.line(), source.extras, SourceKind.REMOTE, asked)
            case ArchiveSource() | FolderSource():
                return self._built(source, asked)

    def take_over_wheels(self, folder: Path) -> None:
        """Have the wheels in ``folder``, too: those of the generation before, or of a bundle."""
        self.wheels.mkdir(exist_ok=True)
        for wheel in folder.glob("*.whl"):
            if not (self.wheels / wheel.name).exists():
                shutil.copy2(wheel, self.wheels)

    def check_wheels(self, resolution: Resolution) -> None:
        """:raises ResolutionError: when a local wheel that a lock from elsewhere names is not here"""
        for package in resolution.packages:
            if "://" not in package.origin and not (self.uv.directory / package.origin).is_file():
                reason = f"{package.name} {package.version} is a local file of another machine: {package.origin}"
                hint = "`localstack extensions bundle` takes local files along"
                raise ResolutionError(f"Error while {self.action}: {reason}", hint)

    def resolve(
        self,
        requests: Requests,
        before: Generation | None,
        *,
        upgraded: Collection[str] = (),
        refreshed: Collection[str] = (),
        prefers_cache: bool = False,
    ) -> Resolution:
        """Choose a version for all that is needed and that the host does not have.

        :param before: the generation before, whose versions are kept where they fit
        :param upgraded: canonical names of what is to get its newest version instead
        :param refreshed: canonical names for which uv asks the index, though it remembers its answer for some minutes
        :param prefers_cache: whether what uv remembers of an index will do, so that no network is needed
        :raises ConflictError: when requirements contradict each other or what the host has
        :raises ResolutionError: when there is no set of versions for another reason
        """
        if before is not None:
            self.take_over_wheels(before.wheels)
        if before is not None and before.lock_file.is_file():
            self._lock.write_bytes(before.lock_file.read_bytes())
        options = [option for name in sorted(upgraded) for option in ("--upgrade-package", name)]
        if not self.uv.is_offline:
            options += [option for name in sorted(refreshed) for option in ("--refresh-package", name)]
        if self._has_bundled_wheels(requests):
            options += ["--find-links", str(self.wheels)]
        failure = self._run(*self._compiling(requests, self._lock), *options, prefers_cache=prefers_cache)
        if failure is not None:
            raise (contradiction(self, requests) if failure.is_unsolvable else None) or failure.error()
        return self.resolution_of(requests, self._with_relative_paths(self._lock.read_text(encoding="utf-8")))

    def failure_of(self, requests: Requests) -> Failure | None:
        """Why ``requests`` can't be had together on this host; ``None`` when they can. Nothing is kept of it."""
        return self._run(*self._compiling(requests, self.uv.directory / "pylock.trial.toml"), prefers_cache=True)

    def newest(self, requests: Requests) -> Mapping[str, str]:
        """The newest release that each allows, whatever it needs, by canonical name; none when that can't be told."""
        target = self.uv.directory / "newest.txt"
        failure = self._run(
            *("pip", "compile", self._write("named.txt", [one.requirement for one in requests])),
            *("--output-file", str(target)),
            *("--upgrade", "--no-deps", "--no-header", "--no-annotate"),
            prefers_cache=True,
        )
        if failure is not None:
            return {}
        found = map(Requirement, target.read_text(encoding="utf-8").splitlines())
        return {canonicalize_name(one.name): next(iter(one.specifier)).version for one in found}

    def resolution_of(self, requests: Requests, lock: str) -> Resolution:
        """What the text of a lock comes to on this host, which may have some of it already.

        :raises ConflictError: when the lock has another version of something than the host
        """
        packages = parse_lock(lock, self._lock)
        provided = {one.name: self.host[one.name] for one in packages if one.name in self.host}
        for one in packages:
            if one.name in provided and Version(one.version) != Version(provided[one.name]):
                reason = f"the lock has {one.name} {one.version}, this host has {one.name} {provided[one.name]}"
                raise ConflictError(f"Error while {self.action}: {reason}", "make the lock again with this host")
        kept = tuple(one for one in packages if one.name not in provided)
        return Resolution(requests, without(lock, provided), kept, provided)

    def prepare(self, resolution: Resolution, generation: Generation) -> None:
        """Write lock and wheels of ``resolution`` into ``generation``."""
        generation.wheels.mkdir()
        wanted = {(package.name, package.version) for package in resolution.packages}
        for one, wheel in self._local_wheels().items():
            if one in wanted:
                shutil.copy2(wheel, generation.wheels)
        generation.lock_file.touch(mode=0o600)  # a URL may have a password in it
        generation.lock_file.write_text(resolution.lock, encoding="utf-8")

    def has_wheels_of(self, resolution: Resolution) -> bool:
        """Whether a bundle brought a wheel of each package, so that no index has to be asked for those that it had."""
        is_of_index = any("://" in package.origin for package in resolution.packages)
        wanted = {(package.name, package.version) for package in resolution.packages}
        return is_of_index and wanted <= self._local_wheels().keys()

    def install(self, generation: Generation) -> None:
        """Install what ``generation.lock_file`` lists, and only that."""
        self._uv(
            *(*_INSTALL, "--requirements", str(generation.lock_file)),
            interpreter=generation.python,
            prefers_cache=True,  # versions and hashes are fixed: where a file comes from does not matter
        )

    def install_bundled(self, resolution: Resolution, generation: Generation) -> None:
        """Install what ``resolution`` lists out of ``generation.wheels`` alone; asks no index."""
        lines = [f"{package.name}=={package.version}" for package in resolution.packages]
        self._uv(
            *(*_INSTALL, "--requirements", self._write("bundled.txt", lines)),
            *("--no-index", "--offline", "--find-links", str(generation.wheels)),
            interpreter=generation.python,
        )

    def make_environment(self, generation: Generation) -> None:
        """Make ``generation`` an empty virtual environment of the Python that runs this."""
        options = ("--no-project", "--allow-existing", "--prompt", "extensions")
        self._uv("venv", *options, str(generation.path), is_building=False)
        (generation.path / "include").mkdir(exist_ok=True)  # uv leaves it out; the documented layout has it

    @cached_property
    def host(self) -> Mapping[str, str]:
        """Canonical name and version of all that the host has or provides."""
        return {stand_in.name: stand_in.version for stand_in in self._stand_ins}

    @cached_property
    def _stand_ins(self) -> tuple[StandIn, ...]:
        return (*provided(), *host_stand_ins())

    @cached_property
    def _constraints(self) -> str:
        return self._write("host.txt", [self._stand_in_line(stand_in) for stand_in in self._stand_ins])

    @cached_property
    def _build_constraints(self) -> str:
        """For the isolated environments in which projects are built: they get real packages, but never upstream's."""
        lines = [self._stand_in_line(stand_in) for stand_in in self._stand_ins if is_provided(stand_in.name)]
        return self._write("provided.txt", lines)

    @property
    def wheels(self) -> Path:
        """Where wheels that no index has lie until a generation takes them."""
        return self.uv.directory / "wheels"

    @property
    def _lock(self) -> Path:
        return self.uv.directory / LOCK_NAME

    def _local_wheels(self) -> dict[tuple[str, str], Path]:
        """The wheels here by canonical name and version."""
        parsed = {wheel: parse_wheel_filename(wheel.name) for wheel in self.wheels.glob("*.whl")}
        return {(name, str(version)): wheel for wheel, (name, version, _, _) in parsed.items()}

    def _with_relative_paths(self, lock: str) -> str:
        """uv writes local wheels as a path, or as a URL where it found them itself; both lead to the scratch folder."""
        found_by_uv = re.compile(
            rf'\burl = "file://[^"]*/{re.escape(self.uv.directory.name)}/{self.wheels.name}/([^"]+)"'
        )
        text = found_by_uv.sub(lambda url: f'path = "{self.wheels.name}/{unquote(url[1])}"', lock)
        return text.replace(f'"{self.wheels}/', f'"{self.wheels.name}/')

    def _has_bundled_wheels(self, requests: Requests) -> bool:
        """Whether there are wheels that no request names: then they came in a bundle."""
        return not {wheel.name for wheel in self.wheels.glob("*.whl")} <= {request.wheel for request in requests}

    def _compiling(self, requests: Requests, target: Path) -> tuple[str, ...]:
        lines = [request.line(self.wheels) for request in requests]
        return (
            *("pip", "compile", self._write("requested.txt", lines), "--constraints", self._constraints),
            *("--output-file", str(target), "--format", "pylock.toml", "--no-header"),
        )

    def _stand_in_line(self, stand_in: StandIn) -> str:
        return f"{stand_in.name} @ {stand_in.write_wheel(self.stand_in_wheels).as_uri()}"

    def _pinned(self, line: str, extras: tuple[str, ...], kind: SourceKind, asked: str) -> Request:
        """Let uv fetch what is at a URL, to learn its name and, for git, its commit."""
        pinned_file = self.uv.directory / "pinned.txt"
        self._uv(
            *("pip", "compile", self._write("unnamed.txt", [line]), "--output-file", str(pinned_file)),
            *("--no-deps", "--no-header", "--no-annotate"),
            *(() if self.uv.is_offline else ("--refresh",)),
        )
        found = Requirement(pinned_file.read_text(encoding="utf-8").strip())
        self._refuse_host(found.name)
        found.extras = set(extras)
        return Request(canonicalize_name(found.name), asked, kind, str(found), location=line, requested_at=now())

    def _built(self, source: LocalSource, asked: str) -> Request:
        wheel = self._wheel_of(source)
        name = checked_name(wheel, self.action)
        self._refuse_host(name)
        self.wheels.mkdir(exist_ok=True)
        return Request(
            name=name,
            asked=asked,
            kind=SourceKind.LOCAL,
            requirement=f"{name}[{','.join(source.extras)}]" if source.extras else name,
            location=source.path.as_uri(),
            wheel=wheel.replace(self.wheels / wheel.name).name,
            fingerprint=source.fingerprint(),
            requested_at=now(),
        )

    def _wheel_of(self, source: LocalSource) -> Path:
        """A wheel in a folder of its own: copied, or built from the archive or folder."""
        folder = Path(mkdtemp(dir=self.uv.directory))
        if source.path.suffix == ".whl":
            return Path(shutil.copy2(source.path, folder))
        self._uv("build", "--wheel", "--out-dir", str(folder), str(self._buildable(source.path, folder)))
        return next(folder.glob("*.whl"))

    def _buildable(self, path: Path, folder: Path) -> Path:
        """``path``, or for a folder with nothing but a ``setup.cfg`` a copy in ``folder`` that build tools accept."""
        if path.is_file() or any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
            return path
        copy = folder / "project"
        left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info")
        shutil.copytree(path, copy, ignore=left_out, symlinks=True)
        (copy / "setup.py").write_text(_SETUP_PY)
        return copy

    def _refuse_host(self, name: str) -> None:
        if canonicalize_name(name) in self.host:
            reason = f"{name} is no extension, the host has it already"
            raise ResolutionError(f"Error while {self.action}: {reason}", "name the extension that you want to run")

    def _write(self, name: str, lines: Iterable[str]) -> str:
        path = self.uv.directory / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)

    def _uv(
        self,
        *arguments: str,
        interpreter: Path | None = None,
        is_building: bool = True,
        prefers_cache: bool = False,
    ) -> None:
        """The same. :raises InstallError: or ``ResolutionError``, when it fails"""
        failure = self._run(*arguments, interpreter=interpreter, is_building=is_building, prefers_cache=prefers_cache)
        if failure is not None:
            raise failure.error()

    def _run(
        self,
        *arguments: str,
        interpreter: Path | None = None,
        is_building: bool = True,
        prefers_cache: bool = False,
    ) -> Failure | None:
        """Run uv for ``interpreter``, the host's own when it is ``None``; why it failed, ``None`` when it did not."""
        python = str(interpreter or sys.executable)
        command = (*arguments, *(self._for_building if is_building else ()), "--python", python)
        if prefers_cache and self.uv.try_offline(*command):
            return None
        run = self.uv.run(*command)
        return None if run.is_success else Failure(run.log, self.asked, self.action, self.host)

    @property
    def _for_building(self) -> tuple[str, ...]:
        # what projects say in `tool.uv.sources` could lead to upstream's repositories
        return ("--build-constraints", self._build_constraints, "--no-sources")
