"""The snapshot of the volume: a folder in which a save adds the parts that are new, and leaves the others alone."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from localstack.host.emulation.state.files import (
    check_owner,
    force_to_disk,
    new_file_aside,
    remove_left_behind,
)
from localstack.host.emulation.state.progress import Progress, Writable
from localstack.host.emulation.state.snapshot import MANIFEST, Content, DamagedPartError, Manifest, Opener, Snapshot
from localstack.host.errors import SnapshotError


class SnapshotFolder(Snapshot):
    """A manifest beside the parts that it names.

    New parts are written first, then the manifest is renamed into its place, and only then what no manifest names any
    more is removed: a kill at any instant leaves a manifest whose parts are all there.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        super().__init__(path)
        self._progress = progress
        self._damaged: set[str] = set()

    @property
    def exists(self) -> bool:
        return self._manifest_path.is_file()

    def has(self, part: str) -> bool:
        """Whether a part is there, and was not found to be damaged."""
        return part not in self._damaged and (self.path / part).is_file()

    @contextmanager
    def opened(self) -> Iterator[Opener]:
        try:
            yield self._open
        except DamagedPartError as error:
            self._damaged.add(error.part)
            raise
        except FileNotFoundError as error:
            if self.exists:
                raise self.unreadable(error) from None
            raise self.absence() from None
        except (OSError, EOFError) as error:
            raise self.unreadable(error) from None

    def write(self, manifest: Manifest, contents: Mapping[str, Content]) -> None:
        written: dict[Path, Path] = {}
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._remove_unnamed()
            for part, content in contents.items():
                if not self.has(part):
                    written[self._written(content)] = self.path / part
            written[self._written(partial(_write, manifest.to_json()))] = self._manifest_path
            for path in written:
                force_to_disk(path)
                self._progress.advance()
            for path, place in written.items():  # the manifest is the last one
                if place == self._manifest_path:
                    force_to_disk(self.path)
                path.replace(place)
            force_to_disk(self.path)
            self._damaged -= contents.keys()
            self._remove_unnamed()
        except OSError as error:
            raise self.unwritable(error) from None
        finally:
            remove_left_behind(self.path)

    def kept(self) -> Path:
        """A second folder with the snapshot as it is now, the same when asked again; saves leave it alone.

        :raises SnapshotError: when there can be none
        """
        number = 1
        try:
            content = self._manifest_path.read_bytes()
            while (path := self.path.with_name(f"{self.path.name}.kept-{number}")).exists():
                if (path / MANIFEST).is_file() and (path / MANIFEST).read_bytes() == content:
                    return path
                number += 1
            copy = Path(mkdtemp(dir=self.path.parent, prefix=".", suffix=".kept"))
            try:
                shutil.copytree(self.path, copy, copy_function=_link_or_copy, dirs_exist_ok=True)
                copy.rename(path)
            finally:
                shutil.rmtree(copy, ignore_errors=True)
        except OSError as error:
            raise SnapshotError(f"{self.path} can't be kept under another name: {error}") from None
        return path

    @property
    def _manifest_path(self) -> Path:
        return self.path / MANIFEST

    def _open(self, part: str) -> IO[bytes]:
        file = (self.path / part).open("rb")
        if part == MANIFEST:  # which has the checksums of all others
            try:
                check_owner(file, self._manifest_path)
            except SnapshotError:
                file.close()
                raise
        return file

    def _written(self, content: Content) -> Path:
        path = new_file_aside(self.path)
        with path.open("wb") as file:
            content(self._progress.counting(file))
        return path

    def _remove_unnamed(self) -> None:
        """Remove the parts that the manifest does not name; none when it can't be read."""
        try:
            named = {MANIFEST, *self.manifest().parts}
        except SnapshotError:
            if self.exists:
                return
            named = set()
        for path in self.path.iterdir():
            if path.name not in named:
                with contextlib.suppress(OSError):
                    path.unlink()


def _write(data: bytes, target: Writable) -> None:
    target.write(data)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)
