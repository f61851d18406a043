"""One complete set of installed extensions, and the pointer that says which set is in force.

    <volume>/lib/extensions/
    ├── python_venv -> generations/7        the pointer; moves by one rename
    ├── extensions.toml -> python_venv/extensions.toml
    ├── .work/                              the lock, the installer's stand-ins for the host and its scratch folders
    └── generations/7/                      a virtual environment: bin include lib pyvenv.cfg
        ├── extensions.toml                 what was asked for; written last, so a folder without it is no generation
        ├── pylock.toml                     every version that was chosen, with hashes (PEP 751)
        ├── manifest.toml                   when it was made, and by what
        └── wheels/                         what no index has: built from local files, or out of a bundle

A generation never changes once it is complete. Five are kept, and those that platforms use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.host.errors import NoGenerationError, VolumeError
from localstack.host.volume import writing

REQUESTS_NAME = "extensions.toml"
"""File of a generation that says what was asked for."""

_KEPT = 5
"""So many generations are kept, the current one among them."""

_SCRATCH_PREFIX = "scratch-"
_FRESH_SUFFIX = ".new"

_held_here: dict[Path, int] = {}
"""Folders of the generations that this process holds, with the descriptors that lock them."""


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
        return self.path / "pylock.toml"

    @property
    def manifest_file(self) -> Path:
        return self.path / "manifest.toml"

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
        """Keep the generation from being removed until ``let_go``, or this process and what it forks has ended."""
        if self.path in _held_here:
            return
        # without locks on this file system, only the number of kept generations protects it
        with suppress(OSError):
            descriptor = os.open(self._held_file, os.O_RDONLY)  # left open: the kernel lets go when all have ended
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            _held_here[self.path] = descriptor

    def let_go(self) -> None:
        """This process needs the generation no longer."""
        descriptor = _held_here.pop(self.path, None)
        if descriptor is not None:
            os.close(descriptor)

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
    def folder(self) -> Path:
        return self.directory / "generations"

    def current(self) -> Generation | None:
        """The one in force; ``None`` when nothing was installed or the pointer leads to no generation of ours."""
        try:
            if not self.pointer.is_symlink():
                return None
            target = self.pointer.readlink()
            generation = Generation(self.directory / target)
            return generation if target.parent.name == self.folder.name and generation.is_complete() else None
        except OSError as error:
            raise VolumeError(f"{self.pointer} can't be read: {error.strerror}", "make it readable for you") from error

    def hold_current(self) -> Generation | None:
        """The current generation, kept until this process has ended; also while others install."""
        while (generation := self.current()) is not None:
            generation.hold()
            if generation.is_complete():  # five installations may have come between
                return generation
        return None

    def has_foreign_environment(self) -> bool:
        """Whether ``python_venv`` is a real folder, as other programs than this one make it."""
        return self.pointer.is_dir() and not self.pointer.is_symlink()

    def complete(self) -> tuple[Generation, ...]:
        """All that can be gone back to, and the current one; oldest first."""
        return tuple(generation for generation in self._all() if generation.is_complete())

    @contextmanager
    def change(self) -> Iterator[Generation]:
        """A new, empty generation that comes into force when the block ends well and is removed when it raises.

        The lock must be held.
        """
        before = self.current()
        generation = self._next()
        try:
            yield generation
            self._switch_to(generation)
        except BaseException:
            if self.current() != generation:  # an interruption may come right after the switch
                shutil.rmtree(generation.path, ignore_errors=True)
            if not self._all():
                self.folder.rmdir()
            raise
        self._prune({generation, before})

    def go_back(self, number: int | None) -> tuple[Generation, Generation]:
        """The current generation, and the one with ``number``; without a number the one before the current.

        :raises NoGenerationError: when there is none
        """
        current, known = self.current(), self.complete()
        numbers = ", ".join(str(one.number) for one in known if one != current) or "none"
        if current is None:
            raise NoGenerationError("nothing is installed, so there is nothing to go back to")
        if number is None:
            earlier = [one for one in known if one.number < current.number]
            if not earlier:
                raise NoGenerationError(f"there is no generation before {current.number}", f"there are: {numbers}")
            return current, earlier[-1]
        for one in known:
            if one.number == number:
                return current, one
        raise NoGenerationError(f"there is no generation {number}", f"there are: {numbers}")

    def switch_to(self, generation: Generation) -> None:
        """Put a complete generation in force, in one step. The lock must be held."""
        with writing(self.directory):
            self._switch_to(generation)

    @contextmanager
    def locked(self, action: str, report: Callable[[str], None]) -> Iterator[int]:
        """Let one process at a time change generations; waits for the one that is at it, and removes what it left.

        :return: a descriptor that holds the lock, for child processes to inherit
        :raises VolumeError: when the volume can't be written
        :raises InstallError: when the other one does not finish
        """
        from localstack.host.environment.lock import InstallerLock  # not needed to start a platform

        with writing(self.directory):
            self.work_directory.mkdir(parents=True, exist_ok=True)
            with InstallerLock(self._mutex).held(action, report) as descriptor:
                self._remove_leftovers()
                yield descriptor

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one change, removed with its end. The lock must be held.

        It has an empty ``uv.toml``, so that uv does not look for one in the folders above.
        """
        path = self.work_directory / f"{_SCRATCH_PREFIX}{os.getpid()}"
        path.mkdir()
        (path / "uv.toml").touch()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def clean(self) -> None:
        """Remove what a killed change left, unless one is at work; for starts, so it costs next to nothing."""
        if not any(self._leftovers()):
            return
        from localstack.host.environment.lock import InstallerLock

        with suppress(OSError), InstallerLock(self._mutex).held_if_free() as is_held:  # a volume may be read-only
            if is_held:
                self._remove_leftovers()

    def leftovers(self) -> tuple[Path, ...]:
        """What a killed change left; nothing while a change is at work."""
        found = tuple(self._leftovers())
        if not found or not self._mutex.exists():
            return found
        from localstack.host.environment.lock import InstallerLock

        with InstallerLock(self._mutex).held_if_free() as is_held:
            return found if is_held else ()

    @property
    def _mutex(self) -> Path:
        return self.work_directory / "lock"

    def _all(self) -> list[Generation]:
        """Every folder with a number, complete or not, oldest first."""
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted((Generation(path) for path in folders if path.name.isdigit()), key=lambda one: one.number)

    def _next(self) -> Generation:
        numbers = [generation.number for generation in self._all()]
        generation = Generation(self.folder / str(max(numbers, default=0) + 1))
        generation.path.mkdir(parents=True)
        return generation

    def _switch_to(self, generation: Generation) -> None:
        if not (self.directory / REQUESTS_NAME).is_symlink():
            _point(self.directory / REQUESTS_NAME, Path(self.pointer.name, REQUESTS_NAME))
        if self.has_foreign_environment():
            self.pointer.rename(self.directory / f"python_venv.before-{generation.number}")
        _point(self.pointer, Path(self.folder.name, generation.path.name))  # last: now it counts

    def _prune(self, kept: Collection[Generation | None]) -> None:
        """Remove all generations but ``kept``, the newest of the others, and those that platforms use."""
        others = [generation for generation in self._all() if generation not in kept]
        room = max(0, _KEPT - sum(one is not None for one in kept))
        for generation in others[: max(0, len(others) - room)]:
            if not generation.is_held():
                with suppress(OSError):
                    generation.requests_file.unlink()  # first: from now on it is no generation
                    shutil.rmtree(generation.path)

    def _leftovers(self) -> Iterator[Path]:
        """What a change leaves when it is killed."""
        for generation in self._all():
            if not generation.is_complete() and not generation.is_held():
                yield generation.path
        yield from self.directory.glob(f"*{_FRESH_SUFFIX}")
        yield from self.work_directory.glob(f"{_SCRATCH_PREFIX}*")

    def _remove_leftovers(self) -> None:
        for path in list(self._leftovers()):
            if path.is_symlink() or path.is_file():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)


def _point(link: Path, target: Path) -> None:
    """Make ``link`` a relative symbolic link to ``target`` in one step."""
    fresh = link.with_name(f"{link.name}{_FRESH_SUFFIX}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
