"""A snapshot: the state of all services, saved in parts.

``manifest.json`` says which versions wrote it and what is where. Every other part is named by the SHA-256 of its
content: the pickles of the stores of services that hold objects of each other, and the contents of large objects of S3.
The part that a manifest names is the one that was written, or it is refused.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import IO

from localstack.host.emulation.state.progress import Writable
from localstack.host.errors import NoSnapshotError, SnapshotError

FORMAT = 2
MANIFEST = "manifest.json"
_CHUNK_BYTES = 1 << 20

Content = Callable[[Writable], None]
"""Writes a part into a file."""
Opener = Callable[[str], IO[bytes]]
"""Opens a part of a snapshot by its name."""


@dataclass(frozen=True)
class Section:
    """Stores that were saved together.

    :ivar keys: the stores in it, e.g. ``("moto.sqs.models:SQSBackend",)``
    :ivar services: their services under the names that users know
    :ivar pickle: the part with their pickle
    :ivar bodies: the parts with large contents, in the order in which the pickle numbers them
    """

    keys: tuple[str, ...]
    services: tuple[str, ...]
    pickle: str
    bodies: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.pickle, *self.bodies)


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

    @property
    def parts(self) -> frozenset[str]:
        return frozenset(part for section in self.sections for part in section.parts)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes, path: Path) -> Manifest:
        """
        :raises SnapshotError: when it is damaged, or of another version of moto
        """
        try:
            content = json.loads(data)
            written_format, moto = content["format"], content["moto"]
            if written_format == FORMAT:
                sections = tuple(_section(entry) for entry in content["sections"])
                manifest = cls(sections, content["lost"], moto, written_format, content["saved_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(f"{path} is no snapshot of the state: {error}") from None
        if written_format != FORMAT:
            raise SnapshotError(f"{path} has format {written_format}; this is format {FORMAT}")
        if moto != version("moto"):
            raise SnapshotError(
                f"{path} was saved with moto {moto}; this is moto {version('moto')}",
                f"to use it, install moto=={moto}",
            )
        return manifest


class Snapshot(ABC):
    """A snapshot's place, where none may be yet. Methods that read raise ``NoSnapshotError`` then."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether there is one, readable or not."""

    @abstractmethod
    def opened(self) -> AbstractContextManager[Opener]:
        """Something to open parts with, as long as the block lasts.

        :raises SnapshotError: when it can't be read, or is not this user's own
        """

    @abstractmethod
    def write(self, manifest: Manifest, contents: Mapping[str, Content]) -> None:
        """Replace the snapshot in one step; whoever reads it sees the one before, or all of this one.

        :param contents: the parts that the manifest names; those that are there already may be left out
        :raises SnapshotError: when it can't be written; the earlier one is untouched then
        """

    def manifest(self) -> Manifest:
        """Read what the snapshot says of itself, and check that it may be loaded here.

        :raises SnapshotError: when it is damaged, of another version of moto, or not this user's own
        """
        with self.opened() as open_part, open_part(MANIFEST) as file:
            return Manifest.from_json(file.read(), self.path)

    def check(self, sections: Sequence[Section]) -> None:
        """Read all of some sections.

        :raises SnapshotError: when a part is damaged
        """
        try:
            with self.opened() as open_part:
                for part in {part for section in sections for part in section.parts}:
                    with verified(open_part, part):
                        pass
        except DamagedPartError as error:
            raise self.unreadable(error) from None

    def contents_of(self, sections: Sequence[Section]) -> dict[str, Content]:
        """The parts of sections as they are, for another snapshot."""
        return {part: partial(self._copy, part) for section in sections for part in section.parts}

    def _copy(self, part: str, target: Writable) -> None:
        with self.opened() as open_part, verified(open_part, part) as source:
            for chunk in chunks_of(source):
                target.write(chunk)

    def absence(self) -> NoSnapshotError:
        return NoSnapshotError(f"there is no snapshot {self.path}")

    def unreadable(self, error: Exception) -> SnapshotError:
        return SnapshotError(f"{self.path} can't be read: {error}")

    def unwritable(self, error: OSError) -> SnapshotError:
        return SnapshotError(
            f"the state can't be saved as {self.path}: {error.strerror or error}", "what was saved before is kept"
        )


class DamagedPartError(SnapshotError):
    """The content of a part is not the one that its name says."""

    def __init__(self, part: str) -> None:
        super().__init__(f"the part {part} is damaged: its checksum is wrong")
        self.part = part


@contextmanager
def verified(open_part: Opener, part: str) -> Iterator[IO[bytes]]:
    """A part whose content has been compared with its name: a damaged pickle is never loaded.

    :raises DamagedPartError: when the two don't match
    """
    with open_part(part) as file:
        if digest_of(file) != part:
            raise DamagedPartError(part)
        file.seek(0)
        yield file


def verified_content(open_part: Opener, part: str) -> bytes:
    """All of a part, read once.

    :raises DamagedPartError: when it is not what its name says
    """
    with open_part(part) as file:
        content = file.read()
    if sha256(content).hexdigest() != part:
        raise DamagedPartError(part)
    return content


def digest_of(file: IO[bytes]) -> str:
    """The name of a part with the content that follows in a file."""
    digest = sha256()
    for chunk in chunks_of(file):
        digest.update(chunk)
    return digest.hexdigest()


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _section(entry: Mapping[str, object]) -> Section:
    """
    :raises TypeError: when a value is no list of texts; a part's name can't lead elsewhere
    """
    keys, services, bodies = (_texts(entry[name]) for name in ("keys", "services", "bodies"))
    pickle = str(entry["pickle"])
    for part in (pickle, *bodies):
        if len(part) != 64 or not part.isalnum():
            raise TypeError(f"{part!r} is no name of a part")
    return Section(keys, services, pickle, bodies)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return tuple(str(text) for text in value)
