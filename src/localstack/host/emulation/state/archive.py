"""A snapshot in one file, a zip archive that any tool can list."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from localstack.host.emulation.state.files import aside, check_owner, force_to_disk
from localstack.host.emulation.state.snapshot import MANIFEST, Content, Manifest, Opener, Snapshot

SUFFIX = ".snapshot"


class SnapshotArchive(Snapshot):
    """A file with everything in it, which can be carried around."""

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    @contextmanager
    def opened(self) -> Iterator[Opener]:
        try:
            with self.path.open("rb") as file:
                check_owner(file, self.path)
                with zipfile.ZipFile(file) as archive:
                    yield archive.open
        except FileNotFoundError:
            raise self.absence() from None
        except (OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise self.unreadable(error) from None

    def write(self, manifest: Manifest, contents: Mapping[str, Content]) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with aside(self.path.parent) as part:
                with part.open("wb") as file:
                    with zipfile.ZipFile(file, "w") as archive:
                        archive.writestr(MANIFEST, manifest.to_json())
                        for name, content in contents.items():
                            with archive.open(name, "w", force_zip64=True) as target:
                                content(target)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(self.path)
            force_to_disk(self.path.parent)
        except OSError as error:
            raise self.unwritable(error) from None

    def delete(self) -> None:
        """
        :raises NoSnapshotError: when there is none
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            raise self.absence() from None
