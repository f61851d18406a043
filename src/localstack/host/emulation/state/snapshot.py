"""A snapshot: the state of all services in one file, a zip archive that any tool can list.

``manifest.json`` says which versions wrote it and what is where; each section is one pickle of the stores of services
that hold objects of each other. The file appears whole or not at all: it is written beside its place, forced to the
disk, and renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from localstack.host.errors import NoSnapshotError, SnapshotError

FORMAT = 1
SUFFIX = ".snapshot"
_MANIFEST = "manifest.json"
_PART_SUFFIX = ".part"
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Section:
    """One pickle of a snapshot.

    :ivar keys: the stores in it, e.g. ``("moto.sqs.models:SQSBackend",)``
    :ivar services: their services under the names that users know
    """

    keys: tuple[str, ...]
    services: tuple[str, ...]


Content = Callable[[IO[bytes]], None]
"""Writes a section's pickle into a file."""


@dataclass(frozen=True)
class Manifest:
    """What a snapshot says of itself.

    :ivar saved_at: seconds since the epoch
    :ivar lost: why the state of a service is not in it, by the service's name
    """

    sections: tuple[Section, ...]
    lost: Mapping[str, str]
    moto: str = field(default_factory=lambda: version("moto"))
    format: int = FORMAT
    saved_at: float = field(default_factory=time.time)

    @property
    def services(self) -> Sequence[str]:
        return sorted({service for section in self.sections for service in section.services})


class Snapshot:
    """A snapshot's file, which may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    def manifest(self) -> Manifest:
        """Read what the snapshot says of itself, and check that it may be loaded here.

        :raises NoSnapshotError: when there is none
        :raises SnapshotError: when it is damaged, of another version of moto, or not this user's own
        """
        with self._opened() as archive:
            return self._manifest(archive)

    @contextmanager
    def section(self, section: Section) -> Iterator[IO[bytes]]:
        """The pickle of one section, checked to its end when the block is left without an exception."""
        with self._opened() as archive:
            sections = self._manifest(archive).sections
            with archive.open(_name_of(sections.index(section))) as file:
                yield file
                while file.read(_COPY_BYTES):  # the checksum is compared at the end
                    pass

    def copied(self, section: Section) -> Content:
        """A section as it is, for another snapshot."""

        def copy(target: IO[bytes]) -> None:
            with self.section(section) as source:
                shutil.copyfileobj(source, target, _COPY_BYTES)

        return copy

    def check(self) -> None:
        """Read all of it.

        :raises SnapshotError: when a part is damaged
        """
        with self._opened() as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} has a wrong checksum")

    def write(self, sections: Sequence[tuple[Section, Content]], lost: Mapping[str, str]) -> Manifest:
        """Replace the file in one step.

        :raises SnapshotError: when it can't be written; the earlier one is untouched then
        """
        manifest = Manifest(tuple(section for section, _ in sections), lost)
        part: Path | None = None
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_parts(self.path.parent)
            with NamedTemporaryFile(
                dir=self.path.parent, prefix=f".{self.path.name}.", suffix=_PART_SUFFIX, delete=False
            ) as file:
                part = Path(file.name)  # with mode 0600: state holds secrets
                with zipfile.ZipFile(file, "w") as archive:
                    archive.writestr(_MANIFEST, json.dumps(asdict(manifest)))
                    for number, (_, content) in enumerate(sections):
                        with archive.open(_name_of(number), "w", force_zip64=True) as target:
                            content(target)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
            _force_to_disk(self.path.parent)
        except OSError as error:
            raise SnapshotError(
                f"the state can't be saved as {self.path}: {error.strerror or error}", "what was saved before is kept"
            ) from None
        finally:
            if part is not None:
                part.unlink(missing_ok=True)
        return manifest

    def delete(self) -> None:
        """
        :raises NoSnapshotError: when there is none
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            raise self._absence() from None

    def kept(self) -> Path:
        """A second name for the file, the same when asked again: the next snapshot replaces only the first."""
        number = 1
        while True:
            path = self.path.with_suffix(f".kept-{number}{SUFFIX}")
            if not path.exists():
                break
            if path.samefile(self.path):
                return path
            number += 1
        try:
            path.hardlink_to(self.path)
        except OSError:  # a file system without links
            shutil.copy2(self.path, path)
        return path

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with self.path.open("rb") as file:
                self._check_owner(file)
                with zipfile.ZipFile(file) as archive:
                    yield archive
        except FileNotFoundError:
            raise self._absence() from None
        except (OSError, zipfile.BadZipFile, EOFError) as error:
            raise SnapshotError(f"{self.path} can't be read: {error}") from None

    def _check_owner(self, file: IO[bytes]) -> None:
        """Loading a snapshot runs what it says, so nobody else may have written it."""
        status = os.fstat(file.fileno())
        if status.st_uid != os.geteuid():
            raise SnapshotError(f"{self.path} belongs to another user", "only your own snapshots are loaded")
        if status.st_mode & 0o022:
            raise SnapshotError(f"{self.path} can be written by others", f"if you trust it: chmod go-w {self.path}")

    def _manifest(self, archive: zipfile.ZipFile) -> Manifest:
        try:
            content: dict[str, Any] = json.loads(archive.read(_MANIFEST))
            written_format, moto = content["format"], content["moto"]
            if written_format == FORMAT:
                sections = tuple(Section(tuple(s["keys"]), tuple(s["services"])) for s in content["sections"])
                manifest = Manifest(sections, content["lost"], moto, written_format, content["saved_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{self.path} is no snapshot of the state: {error}") from None
        if written_format != FORMAT:
            raise SnapshotError(f"{self.path} has format {written_format}; this is format {FORMAT}")
        if moto != version("moto"):
            raise SnapshotError(
                f"{self.path} was saved with moto {moto}; this is moto {version('moto')}",
                f"to use it, install moto=={moto}",
            )
        return manifest

    def _absence(self) -> NoSnapshotError:
        return NoSnapshotError(f"there is no snapshot {self.path}")


def remove_parts(folder: Path) -> None:
    """Remove what a writer left behind that was killed."""
    for path in folder.glob(f".*{_PART_SUFFIX}"):
        path.unlink(missing_ok=True)


def _name_of(number: int) -> str:
    return f"{number}.pickle"


def _force_to_disk(folder: Path) -> None:
    """A rename outlasts a crash of the machine only when its folder is written, too."""
    with contextlib.suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
