"""Noticing that something was saved below an enabled folder, also below one that is not there yet."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.dev.description import source_folders

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

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
_POLLING = "WATCHFILES_FORCE_POLLING"
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
    """Watches the source of projects from ``start`` on, each on two threads.

    :param projects: their folders, which need not exist
    :param happened: called on those threads
    """

    def __init__(self, projects: Iterable[Path], happened: Callable[[Event], None]) -> None:
        self._stopped = threading.Event()
        self._projects = [_ProjectWatch(project, happened, self._stopped) for project in projects]

    def start(self) -> None:
        for project in self._projects:
            for follow in (project.follow_top, project.follow_below):
                threading.Thread(target=follow, name="Dev-Watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        for project in self._projects:
            project.is_outdated.set()


_Identities = dict[Path, tuple[int, int]]
"""Folders, with what tells each from another that takes its place."""


class _ProjectWatch:
    """Watches a project's folder and those in it that hold packages by themselves, and source below them as a whole.

    So events of ``.venv`` and ``node_modules`` never come.

    :ivar is_outdated: set when other folders are to be watched below
    """

    def __init__(self, project: Path, happened: Callable[[Event], None], stopped: threading.Event) -> None:
        self._project = project
        self._happened = happened
        self._stopped = stopped
        self._below: _Identities | None = None
        self.is_outdated = threading.Event()

    def follow_top(self) -> None:
        """Watch the folder as long as it is there, and wait for it when it is not."""
        self._follow(self._follow_present_top)

    def follow_below(self) -> None:
        """Watch what is below the top, anew whenever other folders are there."""
        self._follow(self._follow_present_below)

    def _follow(self, step: Callable[[], None]) -> None:
        is_told = False
        while not self._stopped.is_set():
            try:
                step()
                is_told = False
            except (OSError, RuntimeError) as error:  # watchfiles has errors of its own, too
                if not is_told and not isinstance(error, FileNotFoundError):
                    LOG.warning("%s can't be watched: %s; mend it, or set %s=1", self._project, error, _POLLING)
                    is_told = True
                self._stopped.wait(_ABSENCE_SECONDS)

    def _follow_present_top(self) -> None:
        """:raises OSError: when it is not there, or can't be watched"""
        folders = source_folders(self._project)
        identities = _identities(folders)
        os.scandir(self._project).close()  # what can't be read would be watched in vain
        notify = _notify(folders, is_whole=False)
        self._look_below()
        self._say(is_certain=False)  # what was saved until now was not noticed
        is_gone = False
        while not self._stopped.is_set() and not is_gone and _identities(source_folders(self._project)) == identities:
            paths, is_gone = _changes(notify, folders, self._stopped)
            self._look_below()
            self._say_changed(paths, is_gone)

    def _follow_present_below(self) -> None:
        """:raises OSError: when it can't be watched"""
        self.is_outdated.clear()
        known, self._below = self._below, self._folders_below()
        if not self._below:
            self.is_outdated.wait()
            return
        folders = self._below
        notify = _notify(folders, is_whole=True)
        is_built = known is not None and any(one.match(_BUILD) for one in folders.keys() - known.keys())
        self._say(is_certain=is_built)  # builds leave no fingerprint
        is_gone = False
        while not self.is_outdated.is_set() and not is_gone and _identities(folders) == folders:
            paths, is_gone = _changes(notify, folders, self.is_outdated)
            self._say_changed(paths, is_gone)

    def _look_below(self) -> None:
        if self._folders_below() != self._below:
            self.is_outdated.set()

    def _folders_below(self) -> _Identities:
        tops = source_folders(self._project)
        found: list[Path] = []
        with suppress(OSError):  # gone, or made unreadable: the top finds out
            found = [child for top in tops for child in top.iterdir() if child not in tops]
        wanted = (one for one in found if one.match(_BUILD) or is_source(one.name))
        return _identities(one for one in wanted if one.is_dir() and not _is_virtual_environment(one))

    def _say_changed(self, paths: Iterable[Path], is_gone: bool) -> None:
        if is_gone or any(is_source(os.path.relpath(path, self._project)) for path in paths):
            self._say(is_certain=True)

    def _say(self, *, is_certain: bool) -> None:
        self._happened(Event(self._project, is_certain))


def _notify(folders: Iterable[Path], *, is_whole: bool) -> RustNotify:
    from watchfiles._rust_notify import RustNotify  # ``watch`` does not tell from when on it watches

    polls = os.environ.get(_POLLING, "").lower() not in ("", "0", "false")
    return RustNotify(list(map(str, folders)), False, polls, _POLL_MILLISECONDS, is_whole, True)


def _changes(notify: RustNotify, folders: Iterable[Path], stop: threading.Event) -> tuple[list[Path], bool]:
    """What has changed, after some time nothing, and whether one of ``folders`` was deleted; it may be there again."""
    changes = notify.watch(_GROUP_MILLISECONDS, _STEP_MILLISECONDS, _LOOK_MILLISECONDS, stop)
    if not isinstance(changes, set):
        return [], False
    return [Path(path) for _, path in changes], any((_DELETED, str(folder)) in changes for folder in folders)


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


def _identities(folders: Iterable[Path]) -> _Identities:
    return {folder: found for folder in folders if (found := _identity(folder)) is not None}


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        about = folder.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
