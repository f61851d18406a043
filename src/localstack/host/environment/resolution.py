"""Chooses versions for everything that was asked for, together with what the host has, and fetches what is missing."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from localstack.host.environment.failure import Failure
from localstack.host.environment.generation import Generation
from localstack.host.environment.provided import StandIn, host_stand_ins, is_provided, provided
from localstack.host.environment.request import Request, SourceKind, now
from localstack.host.environment.source import (
    ArchiveSource,
    FolderSource,
    GitSource,
    IndexSource,
    LocalSource,
    RemoteSource,
    Source,
)
from localstack.host.environment.uv import Uv
from localstack.host.errors import ResolutionError

_SETUP_PY = "from setuptools import setup\n\nsetup()\n"


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

    def request_for(self, source: Source) -> Request:
        """Find out which distribution ``source`` is; makes a wheel of what is local, pins the commit of what is in git.

        :raises InstallError: when it can't be fetched or built
        """
        match source:
            case IndexSource(requirement):
                name = canonicalize_name(requirement.name)
                return Request(name, self.asked, SourceKind.INDEX, str(requirement), requested_at=now())
            case GitSource():
                return self._pinned(source.line(), source.extras, SourceKind.GIT)
            case RemoteSource():
                return self._pinned(source.line(), source.extras, SourceKind.REMOTE)
            case ArchiveSource() | FolderSource():
                return self._built(source)

    def collect_wheels(self, requests: Iterable[Request], generation: Generation, before: Generation | None) -> None:
        """Put the wheels of local requests into ``generation.wheels``: just made, or those of ``before``."""
        generation.wheels.mkdir()
        for request in requests:
            if request.wheel:
                made = self._wheels / request.wheel
                kept = before.wheels / request.wheel if before else made
                shutil.copy2(made if made.is_file() else kept, generation.wheels)

    def lock(
        self, requests: Iterable[Request], generation: Generation, before: Generation | None, *, prefers_cache: bool
    ) -> None:
        """Write ``generation.lock_file``: a version for all that is needed and that the host does not have.

        :param before: the generation before, whose versions are kept where they fit
        :param prefers_cache: whether what uv remembers of an index will do, so that no network is needed
        :raises ResolutionError: when no set of versions satisfies all requests and the host
        """
        lines = [request.line(generation.wheels) for request in requests]
        if before is not None and before.lock_file.is_file():
            generation.lock_file.write_bytes(before.lock_file.read_bytes())
        self._uv(
            *("pip", "compile", self._write("requested.txt", lines), "--output-file", str(generation.lock_file)),
            *("--constraints", self._constraints, "--no-header", "--generate-hashes"),
            *(option for name in self.host for option in ("--no-emit-package", name)),
            prefers_cache=prefers_cache,
        )
        generation.lock_file.chmod(0o600)  # a URL may have a password in it

    def install(self, generation: Generation) -> None:
        """Install what ``generation.lock_file`` lists, and only that."""
        self._uv(
            *("pip", "install", "--no-deps", "--requirements", str(generation.lock_file)),
            interpreter=generation.python,
            prefers_cache=True,  # versions and hashes are fixed: where a file comes from does not matter
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
    def _wheels(self) -> Path:
        """Where wheels of local sources lie until a generation takes them."""
        return self.uv.directory / "wheels"

    def _stand_in_line(self, stand_in: StandIn) -> str:
        return f"{stand_in.name} @ {stand_in.write_wheel(self.stand_in_wheels).as_uri()}"

    def _pinned(self, line: str, extras: tuple[str, ...], kind: SourceKind) -> Request:
        """Let uv fetch what is at a URL, to learn its name and, for git, its commit."""
        pinned_file = self.uv.directory / "pinned.txt"
        self._uv(
            *("pip", "compile", self._write("unnamed.txt", [line]), "--output-file", str(pinned_file)),
            *("--no-deps", "--no-header", "--no-annotate", "--refresh"),
        )
        found = Requirement(pinned_file.read_text(encoding="utf-8").strip())
        self._refuse_host(found.name)
        found.extras = set(extras)
        return Request(canonicalize_name(found.name), self.asked, kind, str(found), requested_at=now())

    def _built(self, source: LocalSource) -> Request:
        wheel = self._wheel_of(source)
        name = _checked_wheel_name(wheel, self.action)
        self._refuse_host(name)
        requirement = f"{name}[{','.join(source.extras)}]" if source.extras else name
        fingerprint = source.fingerprint()
        return Request(name, self.asked, SourceKind.LOCAL, requirement, wheel.name, fingerprint, now())

    def _wheel_of(self, source: LocalSource) -> Path:
        """A wheel in the scratch folder: copied, or built from the archive or folder."""
        self._wheels.mkdir()
        if source.path.suffix == ".whl":
            return Path(shutil.copy2(source.path, self._wheels))
        self._uv("build", "--wheel", "--out-dir", str(self._wheels), str(self._buildable(source.path)))
        return next(self._wheels.glob("*.whl"))

    def _buildable(self, path: Path) -> Path:
        """``path``, or for a folder with nothing but a ``setup.cfg`` a copy that build tools accept."""
        if path.is_file() or any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
            return path
        copy = self.uv.directory / "project"
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
        """Run uv for ``interpreter``, the host's own when it is ``None``.

        :raises InstallError: or ``ResolutionError``, when it fails
        """
        # what projects say in `tool.uv.sources` could lead to upstream's repositories
        for_builds = ("--build-constraints", self._build_constraints, "--no-sources") if is_building else ()
        command = (*arguments, *for_builds, "--python", str(interpreter or sys.executable))
        if prefers_cache and self.uv.try_offline(*command):
            return
        run = self.uv.run(*command)
        if not run.is_success:
            raise Failure(run.log, self.asked, self.action, self.host).error()


def _checked_wheel_name(wheel: Path, action: str) -> str:
    """Canonical name of the distribution in ``wheel``.

    :raises ResolutionError: when it is no wheel, or one for another Python or system
    """
    try:
        name, _, _, tags = parse_wheel_filename(wheel.name)
        with ZipFile(wheel) as archive:
            has_metadata = any(entry.endswith(".dist-info/METADATA") for entry in archive.namelist())
    except (InvalidWheelFilename, BadZipFile) as error:
        raise ResolutionError(
            f"Error while {action}: {wheel.name} is no wheel: {error}", "build or fetch it again"
        ) from error
    if not has_metadata:
        raise ResolutionError(f"Error while {action}: {wheel.name} is no wheel: it has no metadata", "build it again")
    if tags.isdisjoint(sys_tags()):
        made_for = ", ".join(sorted(map(str, tags)))
        raise ResolutionError(
            f"Error while {action}: {wheel.name} is made for another Python or system ({made_for})",
            f"this host runs with Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        )
    return name
