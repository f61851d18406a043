"""One complete set of installed extensions, and the pointer that says which set is in force.

    <volume>/lib/extensions/
    ├── python_venv -> generations/7        the pointer; moves by one rename
    ├── extensions.toml -> python_venv/extensions.toml
    ├── .work/                              the lock, and the installer's stand-ins for the host
    └── generations/7/                      a virtual environment: bin include lib pyvenv.cfg
        ├── extensions.toml                 what was asked for; written last, so a folder without it is no generation
        ├── requirements.lock               every version that was chosen, with hashes
        └── wheels/                         what was built from local files, so that they may go away

A generation never changes once it is complete. The one before the current one is kept, and those that platforms use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.host.errors import InstallError, VolumeError

REQUESTS_NAME = "extensions.toml"
"""File of a generation that says what was asked for."""

_LOCK_TIMEOUT_SECONDS = 900.0


@dataclass(frozen=True)
class Generation:
    """A folder below ``generations``; its name is its number."""

    path: Path

    @property
    def number(self) -> int:
        return int(self.path.name)

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def requests_file(self) -> Path:
        return self.path / REQUESTS_NAME

    @property
    def lock_file(self) -> Path:
        return self.path / "requirements.lock"

    @property
    def wheels(self) -> Path:
        return self.path / "wheels"

    @property
    def python_minor(self) -> str:
        """Version of Python that it is for, e.g. ``"3.11"``, empty when nothing says it."""
        configuration = self.path / "pyvenv.cfg"
        for line in configuration.read_text(encoding="utf-8").splitlines() if configuration.is_file() else ():
            key, _, value = line.partition("=")
            if key.strip() in ("version_info", "version"):
                return ".".join(value.strip().split(".")[:2])
        return ""

    @property
    def site_packages(self) -> Path:
        return self.path / "lib" / f"python{self.python_minor}" / "site-packages"

    @property
    def _held_file(self) -> Path:
        return self.path / "pyvenv.cfg"  # readable for everyone, unlike extensions.toml

    def is_complete(self) -> bool:
        return self.path.name.isdigit() and self.requests_file.is_file()

    def is_for_this_python(self) -> bool:
        return self.python_minor == f"{sys.version_info.major}.{sys.version_info.minor}"

    def is_usable(self) -> bool:
        """Whether it is for this Python, and the interpreter that it was made from is still there."""
        return self.is_for_this_python() and self.python.exists() and self.site_packages.is_dir()

    def hold(self) -> None:
        """Keep the generation from being removed until this process, and what it forks, has ended."""
        # without locks on this file system, only the number of kept generations protects it
        with suppress(OSError):
            descriptor = os.open(self._held_file, os.O_RDONLY)  # never closed: the kernel lets go when all have ended
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def is_held(self) -> bool:
        try:
            with self._held_file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


@dataclass(frozen=True)
class Generations:
    """All generations of one volume. ``directory`` is ``<volume>/lib/extensions``; it need not exist."""

    directory: Path

    @property
    def pointer(self) -> Path:
        return self.directory / "python_venv"

    @property
    def work_directory(self) -> Path:
        """What the installer itself needs; exists while the lock is held."""
        return self.directory / ".work"

    @property
    def _folder(self) -> Path:
        return self.directory / "generations"

    def current(self) -> Generation | None:
        """The one in force; ``None`` when nothing was installed or the pointer leads to no generation of ours."""
        try:
            if not self.pointer.is_symlink():
                return None
            target = self.pointer.readlink()
            generation = Generation(self.directory / target)
            return generation if target.parent.name == self._folder.name and generation.is_complete() else None
        except OSError as error:
            raise VolumeError(f"{self.pointer} can't be read: {error.strerror}", "make it readable for you") from error

    def has_foreign_environment(self) -> bool:
        """Whether ``python_venv`` is a real folder, as other programs than this one make it."""
        return self.pointer.is_dir() and not self.pointer.is_symlink()

    @contextmanager
    def change(self) -> Iterator[Generation]:
        """A new, empty generation that comes into force when the block ends well and is removed when it raises."""
        before = self.current()
        generation = self._next()
        try:
            yield generation
            self._switch_to(generation)
        except BaseException:
            if self.current() != generation:  # an interruption may come right after the switch
                shutil.rmtree(generation.path, ignore_errors=True)
            if not self._all():
                self._folder.rmdir()
            raise
        self._prune({generation, before})

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change generations; waits for the one that is at it.

        :raises VolumeError: when the volume can't be written
        :raises InstallError: when the other one does not finish
        """
        from filelock import FileLock, Timeout  # not needed to start a platform

        with _writing(self.directory):
            self.work_directory.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.work_directory / "lock", timeout=_LOCK_TIMEOUT_SECONDS)
            try:
                lock.acquire()
            except Timeout as error:
                hint = "wait until it has ended, or end it"
                raise InstallError("another installation of extensions is still at work", hint) from error
            try:
                yield
            finally:
                lock.release()

    def _all(self) -> list[Generation]:
        """Every folder with a number, complete or not, oldest first."""
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted((Generation(path) for path in folders if path.name.isdigit()), key=lambda one: one.number)

    def _next(self) -> Generation:
        numbers = [generation.number for generation in self._all()]
        generation = Generation(self._folder / str(max(numbers, default=0) + 1))
        generation.path.mkdir(parents=True)
        return generation

    def _switch_to(self, generation: Generation) -> None:
        if not (self.directory / REQUESTS_NAME).is_symlink():
            _point(self.directory / REQUESTS_NAME, Path(self.pointer.name, REQUESTS_NAME))
        if self.has_foreign_environment():
            self.pointer.rename(self.directory / f"python_venv.before-{generation.number}")
        _point(self.pointer, Path(self._folder.name, generation.path.name))  # last: now it counts

    def _prune(self, kept: Collection[Generation | None]) -> None:
        """Remove all generations but ``kept`` and those that platforms use, and what an interrupted change left."""
        for generation in self._all():
            if generation not in kept and not generation.is_held():
                shutil.rmtree(generation.path, ignore_errors=True)


def _point(link: Path, target: Path) -> None:
    """Make ``link`` a relative symbolic link to ``target`` in one step."""
    fresh = link.with_name(f"{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VolumeError(
            f"{error.filename or directory} can't be written: {error.strerror or error}",
            "make it writable, or set LOCALSTACK_VOLUME_DIR to another folder",
        ) from error
