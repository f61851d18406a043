"""Saved is served: a change below an enabled folder loads its extensions anew, while requests go on."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType

from localstack.host.dev.activation import (
    SOURCE_FOLDERS,
    Dependencies,
    EnabledProject,
    renewed,
    replaced_packages,
    source_folders,
)
from localstack.host.dev.description import DescriptionError
from localstack.host.dev.status import BrokenSave, ProjectStatus
from localstack.host.extension.discovery import Candidate, Origin
from localstack.host.extension.exchange import Exchange, ExchangeError
from localstack.host.extension.modules import leftovers, loaded_anew
from localstack.host.extension.registry import ExtensionRecord, ExtensionState, Fault

LOG = logging.getLogger("localstack.extensions.platform")

_IGNORED = frozenset({"__pycache__", "build", "dist", "node_modules"})
_STEP_MILLISECONDS = 10
"""A save is complete when nothing else has changed for so long."""
_GROUP_MILLISECONDS = 500
"""So long at most, a program that goes on writing delays a reload."""
_LOOK_MILLISECONDS = 5000
_POLL_MILLISECONDS = 100
"""How often files are looked at where the system has no events for them."""


Fingerprint = frozenset[tuple[str, int, int, int]]
"""Path, inode, time and size of every file of a project."""


@dataclass(frozen=True)
class _Event:
    """Something may have been saved in a project; ``is_certain`` when a change was seen."""

    project: Path
    is_certain: bool


class DevReload:
    """Watches enabled folders from ``start`` on.

    :param candidates_of: the extensions that a project declares
    :param fingerprints: of each project, from before it was loaded
    :param dependencies_of: as ``activate`` had it
    """

    def __init__(
        self,
        exchange: Exchange,
        projects: Iterable[EnabledProject],
        candidates_of: Callable[[EnabledProject], Sequence[Candidate]],
        fingerprints: Mapping[Path, Fingerprint],
        dependencies_of: Dependencies | None = None,
    ) -> None:
        self._exchange = exchange
        self._projects = {project.path: project for project in projects}
        self._candidates_of = candidates_of
        self._prints = dict(fingerprints)
        self._dependencies_of = dependencies_of
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._watched: set[Path] = set()
        self._broken: dict[Path, BrokenSave] = {}
        self._leftovers: dict[Path, dict[str, None]] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        for project in self._projects.values():
            for folder in source_folders(project.path):
                self._watch(project, folder, is_recursive=False)
        if self._projects:
            threading.Thread(target=self._run, name="Dev-Reload", daemon=True).start()

    def stop(self) -> None:
        """Reload nothing any more."""
        self._stopped.set()

    def statuses(self) -> tuple[ProjectStatus, ...]:
        """How each folder does now."""
        return tuple(self._status(project) for project in list(self._projects.values()))

    def broken_save_of(self, extension: str) -> BrokenSave | None:
        """Why the last save of an extension that is loaded is not served; ``None`` when it is."""
        if not self._broken:
            return None
        record = self._exchange.lifecycle.registry.get(extension)
        found = (
            broken for path, broken in list(self._broken.items()) if record and _is_of(record, self._projects[path])
        )
        return next(found, None)

    def _status(self, project: EnabledProject) -> ProjectStatus:
        records = [one for one in self._exchange.lifecycle.registry.records if _is_of(one, project)]
        failed = [one.faults[-1] for one in records if one.state is ExtensionState.FAILED and one.faults]
        return ProjectStatus(
            path=project.path,
            extensions=tuple(one.name for one in records if one.extension is not None),
            broken_save=self._broken.get(project.path) or next(map(_broken_save, failed), None),
            leftovers=tuple(self._leftovers.get(project.path, ())),
        )

    def _watch(self, project: EnabledProject, folder: Path, *, is_recursive: bool) -> None:
        """Watch a folder; one that is not watched as a whole has those below it watched, but for what is not source."""
        if folder in self._watched:
            return
        self._watched.add(folder)
        arguments = (project, folder, is_recursive)
        threading.Thread(target=self._follow, args=arguments, name="Dev-Watch", daemon=True).start()
        if not is_recursive:
            for child in folder.iterdir():
                if child.is_dir() and _is_source(child.name) and child.name not in SOURCE_FOLDERS:
                    self._watch(project, child, is_recursive=True)

    def _follow(self, project: EnabledProject, folder: Path, is_recursive: bool) -> None:
        from watchfiles._rust_notify import RustNotify  # ``watch`` does not tell from when on it watches

        notify = RustNotify([str(folder)], False, _is_polling_forced(), _POLL_MILLISECONDS, is_recursive, True)
        self._events.put(_Event(project.path, is_certain=False))  # what was saved until now was not noticed
        while not self._stopped.is_set():
            changes = notify.watch(_GROUP_MILLISECONDS, _STEP_MILLISECONDS, _LOOK_MILLISECONDS, self._stopped)
            if not isinstance(changes, set):
                continue
            paths = [Path(path) for _, path in changes if _is_source(os.path.relpath(path, folder))]
            for path in paths:
                if not is_recursive and path.is_dir():
                    self._watch(project, path, is_recursive=True)
            if paths:
                self._events.put(_Event(project.path, is_certain=True))

    def _run(self) -> None:
        while not self._stopped.is_set():
            events = [self._events.get()]
            with suppress(Empty):
                while True:
                    events.append(self._events.get_nowait())
            for path in dict.fromkeys(event.project for event in events):
                before, self._prints[path] = self._prints[path], fingerprint(path)
                is_certain = any(event.is_certain for event in events if event.project == path)
                if is_certain or self._prints[path] != before:
                    try:
                        self._reload(path)
                    except Exception:  # a mistake of ours must not end the reloading
                        LOG.exception("%s could not be reloaded", path)

    def _reload(self, path: Path) -> None:
        with self._exchange.lock:
            self._load_anew(path)

    def _load_anew(self, path: Path) -> None:
        started = time.perf_counter()
        project = self._projects[path]
        try:
            fresh = renewed(project, self._dependencies_of)
        except DescriptionError as error:
            LOG.error("the enabled extension %s goes on as it was before the last save: %s", path, error)
            self._broken[path] = BrokenSave(str(error), None)
            return
        records = self._exchange.lifecycle.registry.records
        gone = [one for one in records if _is_of(one, project)]
        old = {name: sys.modules[name] for name in _modules_of(project, sys.modules)}
        before = {one.candidate.entry_point.name: one for one in gone}

        def selected(loaded: Mapping[str, ModuleType]) -> list[str]:
            return list(_modules_of(project, loaded))

        try:
            with loaded_anew(selected, selected):
                arrived = self._exchange.run(gone, self._candidates_of(fresh))
        except ExchangeError as error:
            for name in error.reasons:
                LOG.error("extension %s goes on as it was before the last save", name)
            self._broken[path] = _broken_save(next(iter(error.faults.values())))
            # what is installed and importable stays so
            self._projects[path] = replace(
                project, paths=fresh.paths, requires=fresh.requires, dependencies=fresh.dependencies
            )
            return
        self._projects[path] = fresh
        self._broken.pop(path, None)
        milliseconds = (time.perf_counter() - started) * 1000
        for record in arrived:
            if record.state is ExtensionState.LOADED:
                verb = "reloaded" if record.candidate.entry_point.name in before else "loaded"
                LOG.info("%s extension %s in %.0f ms", verb, record.name, milliseconds)
        for what in (*replaced_packages(project, fresh), *leftovers(old.values())):
            self._leftovers.setdefault(path, {})[what] = None
            LOG.warning("of the version before of %s, %s: restart needed (localstack restart)", project.name, what)


def fingerprint(project: Path) -> Fingerprint:
    """What tells two states of a project's files apart without reading them."""
    found = []
    for folder, folders, files in os.walk(project):
        folders[:] = [name for name in folders if _is_source(name)]
        for path in (Path(folder, name) for name in files if _is_source(name)):
            with suppress(OSError):
                about = path.stat()
                found.append((str(path), about.st_ino, about.st_mtime_ns, about.st_size))
    return frozenset(found)


def _broken_save(fault: Fault) -> BrokenSave:
    return BrokenSave(fault.message, fault.location)


def _is_polling_forced() -> bool:
    return os.environ.get("WATCHFILES_FORCE_POLLING", "").lower() not in ("", "0", "false")


def _is_of(record: ExtensionRecord, project: EnabledProject) -> bool:
    candidate = record.candidate
    return candidate.origin is Origin.DEVELOPED and candidate.distribution.name == project.name


def _is_source(path: str) -> bool:
    """Whether a change there may be one of the extension; hidden files and what tools write are not.

    :param path: relative to a folder that is watched
    """
    parts = Path(path).parts
    return not any(p in _IGNORED or p.startswith(".") or p.endswith((".egg-info", ".pyc", "~")) for p in parts)


def _modules_of(project: EnabledProject, loaded: Mapping[str, ModuleType]) -> Iterator[str]:
    for name, module in list(loaded.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
        if file and Path(file).is_relative_to(project.path) and _is_source(os.path.relpath(file, project.path)):
            yield name
