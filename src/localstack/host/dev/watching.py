"""Noticing that something was saved below an enabled folder, also below one that is not there yet."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.host.dev.description import SOURCE_FOLDERS

LOG = logging.getLogger("localstack.extensions.platform")

_IGNORED = frozenset({"__pycache__", "build", "dist", "node_modules"})
_BUILD = "*.egg-info"
_BUILT = "entry_points.txt"
"""What of a build tells which extensions a project has."""
_DELETED = 3
"""How watchfiles' events call it."""
_STEP_MILLISECONDS = 10
"""A save is complete when nothing else has changed for so long."""
_GROUP_MILLISECONDS = 500
"""So long at most, a program that goes on writing delays a reload."""
_LOOK_MILLISECONDS = 5000
_POLL_MILLISECONDS = 100
"""How often files are looked at where the system has no events for them."""
_ABSENCE_SECONDS = 0.5
"""How often a folder that can't be watched is looked for."""

Fingerprint = frozenset[tuple[str, int, int, int]]
"""Path, inode, time and size of every file of a project."""


@dataclass(frozen=True)
class Event:
    """Something may have been saved in a project; ``is_certain`` when a change was seen."""

    project: Path
    is_certain: bool


class Watch:
    """Watches the source of projects from ``start`` on. Each folder has a thread of its own.

    :param projects: their folders, which need not exist
    :param happened: called on those threads
    """

    def __init__(self, projects: Iterable[Path], happened: Callable[[Event], None]) -> None:
        self._projects = tuple(projects)
        self._happened = happened
        self._watched: set[Path] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> None:
        for project in self._projects:
            self._watch(project, project)

    def stop(self) -> None:
        self._stopped.set()

    def _watch(self, project: Path, folder: Path, *, is_new_build: bool = False) -> None:
        with self._lock:
            if folder in self._watched:
                return
            self._watched.add(folder)
        threading.Thread(
            target=self._follow, args=(project, folder, is_new_build), name="Dev-Watch", daemon=True
        ).start()

    def _follow(self, project: Path, folder: Path, is_new_build: bool) -> None:
        """Watch a folder as long as it is there; that of a project is waited for when it is not."""
        is_told = False
        while not self._stopped.is_set():
            try:
                self._follow_present(project, folder, is_new_build)
                is_told = False
            except OSError as error:
                if not isinstance(error, FileNotFoundError) and not is_told:
                    LOG.warning("%s can't be watched: %s; mend it, or set WATCHFILES_FORCE_POLLING=1", folder, error)
                    is_told = True
            with self._lock:
                if folder != project and not folder.is_dir():  # whoever watches the folder above sees it come back
                    self._watched.discard(folder)
                    return
            if not folder.is_dir() or is_told:
                self._stopped.wait(_ABSENCE_SECONDS)

    def _follow_present(self, project: Path, folder: Path, is_new_build: bool) -> None:
        """Watch a folder until it is gone, or another took its place.

        Folders that are not only source are watched without those below, which are watched each for itself: events of
        ``.venv`` and ``node_modules`` never come.

        :raises OSError: when it can't be watched
        """
        from watchfiles._rust_notify import RustNotify  # ``watch`` does not tell from when on it watches

        is_whole = folder != project and folder not in _source_folders(project)
        identity, children = _identity(folder), list(folder.iterdir())
        notify = RustNotify([str(folder)], False, _is_polling_forced(), _POLL_MILLISECONDS, is_whole, True)
        for child in () if is_whole else children:
            self._watch_below(project, child)
        # what was saved until now was not noticed, and builds leave no fingerprints
        self._happened(Event(project, is_certain=is_new_build))
        is_gone = False
        while not self._stopped.is_set() and not is_gone and _identity(folder) == identity:
            changes = notify.watch(_GROUP_MILLISECONDS, _STEP_MILLISECONDS, _LOOK_MILLISECONDS, self._stopped)
            if not isinstance(changes, set):
                continue
            paths = [Path(path) for _, path in changes]
            for path in () if is_whole else paths:
                self._watch_below(project, path, is_new=True)
            is_gone = (_DELETED, str(folder)) in changes  # perhaps it is there again, even with the same identity
            if is_gone or any(is_source(os.path.relpath(path, project)) for path in paths):
                self._happened(Event(project, is_certain=True))

    def _watch_below(self, project: Path, path: Path, *, is_new: bool = False) -> None:
        is_build = path.match(_BUILD)
        if (is_build or is_source(path.name)) and path.is_dir() and not _is_virtual_environment(path):
            self._watch(project, path, is_new_build=is_build and is_new)


def fingerprint(project: Path) -> Fingerprint:
    """What tells two states of a project's files apart without reading them."""
    found = []
    visited = set()
    for folder, folders, files in os.walk(project, followlinks=True):
        identity = _identity(Path(folder))
        if identity in visited or _is_virtual_environment(Path(folder)):
            folders.clear()
            continue
        folders[:] = filter(is_source, folders)
        visited.add(identity)  # links may lead in circles
        for path in (Path(folder, name) for name in files if is_source(name)):
            with suppress(OSError):
                about = path.stat()
                found.append((str(path), about.st_ino, about.st_mtime_ns, about.st_size))
    return frozenset(found)


def is_source(path: str) -> bool:
    """Whether a change there may be one of the extension; hidden files and what tools write are not.

    :param path: relative to the project
    """
    parts = [part for part in Path(path).parts if not part.endswith(".egg-info")]
    if len(parts) < len(Path(path).parts) and parts[-1:] != [_BUILT]:
        return False
    return not any(p in _IGNORED or p.startswith((".", "#")) or p.endswith((".pyc", "~")) for p in parts)


def _is_virtual_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def _source_folders(project: Path) -> tuple[Path, ...]:
    return tuple(project / name for name in SOURCE_FOLDERS)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        about = folder.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _is_polling_forced() -> bool:
    return os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "0", "false")
