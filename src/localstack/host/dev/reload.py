"""Saved is served: a change below an enabled folder loads its extensions anew, while requests go on."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType

from localstack.host.dev.activation import (
    Activation,
    Dependencies,
    EnabledProject,
    activated,
    renewed,
    replaced_packages,
)
from localstack.host.dev.metadata import DescriptionError
from localstack.host.dev.status import BrokenSave, ProjectStatus
from localstack.host.dev.watching import Event, Fingerprint, Watch, fingerprint, is_source
from localstack.host.extension.discovery import Candidate, Origin, canonical_name
from localstack.host.extension.exchange import Exchange, ExchangeError
from localstack.host.extension.modules import loaded_anew
from localstack.host.extension.registry import ExtensionRecord, ExtensionState, Fault

LOG = logging.getLogger("localstack.extensions.platform")

_UNCERTAIN_SECONDS = 0.05
"""How long what may have been saved waits for the event of it, so that it is not loaded twice."""


class DevReload:
    """Watches enabled folders from ``start`` on.

    :param projects: those that run, and why others do not
    :param candidates_of: the extensions that a project declares
    :param fingerprints: of each folder, from before it was loaded
    :param dependencies_of: as ``activate`` had it
    """

    def __init__(
        self,
        exchange: Exchange,
        projects: Activation,
        candidates_of: Callable[[EnabledProject], Sequence[Candidate]],
        fingerprints: Mapping[Path, Fingerprint],
        dependencies_of: Dependencies | None = None,
    ) -> None:
        self._exchange = exchange
        self._projects = {project.path: project for project in projects.projects}
        self._candidates_of = candidates_of
        self._prints = dict(fingerprints)
        self._dependencies_of = dependencies_of
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._watch = Watch(fingerprints, self._events.put)
        self._broken = {path: BrokenSave(reason, None) for path, reason in projects.refused.items()}
        self._leftovers: dict[Path, dict[str, None]] = {}
        self._stopped = threading.Event()

    @property
    def projects(self) -> tuple[EnabledProject, ...]:
        """Those that run."""
        return tuple(self._projects.values())

    def start(self) -> None:
        self._watch.start()
        threading.Thread(target=self._run, name="Dev-Reload", daemon=True).start()

    def stop(self) -> None:
        """Reload nothing any more."""
        self._stopped.set()
        self._watch.stop()

    def statuses(self) -> tuple[ProjectStatus, ...]:
        """How each folder does now."""
        return tuple(map(self._status, self._prints))

    def broken_save_of(self, extension: str) -> BrokenSave | None:
        """Why the last save of an extension that is loaded is not served; ``None`` when it is."""
        if not self._broken:
            return None
        record = self._exchange.lifecycle.registry.get(extension)
        running = ((broken, self._projects.get(path)) for path, broken in list(self._broken.items()))
        found = (broken for broken, project in running if record and project and _is_of(record, project))
        return next(found, None)

    def _status(self, path: Path) -> ProjectStatus:
        project = self._projects.get(path)
        records = self._records_of(project) if project else []
        failed = [one.faults[-1] for one in records if one.state is ExtensionState.FAILED and one.faults]
        return ProjectStatus(
            path=path,
            extensions=tuple(one.name for one in records if one.extension is not None),
            broken_save=self._broken.get(path) or next(map(_broken_save, failed), None),
            leftovers=tuple(self._leftovers.get(path, ())),
        )

    def _records_of(self, project: EnabledProject) -> list[ExtensionRecord]:
        return [one for one in self._exchange.lifecycle.registry.records if _is_of(one, project)]

    def _run(self) -> None:
        while not self._stopped.is_set():
            events = [self._events.get()]
            with suppress(Empty):
                while True:
                    has_seen = any(event.is_certain for event in events)
                    events.append(self._events.get(timeout=0 if has_seen else _UNCERTAIN_SECONDS))
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
            if path in self._projects:
                self._load_anew(self._projects[path])
            else:
                self._take_up(path)

    def _take_up(self, path: Path) -> None:
        """Load a folder that could not be loaded until now."""
        try:
            project = activated(path, self._dependencies_of, self.projects)
        except DescriptionError as error:
            LOG.warning("the enabled folder %s", error)
            self._broken[path] = BrokenSave(str(error), None)
            return
        if any(map(partial(_is_installed, project), self._exchange.lifecycle.registry.records)):
            reason = f"{path} can take the place of the installed {project.name} only at a start: localstack restart"
            LOG.warning("the enabled folder %s", reason)
            self._broken[path] = BrokenSave(reason, None)
            return
        self._projects[path] = project
        self._broken.pop(path, None)
        for record in self._exchange.run([], self._candidates_of(project)):
            if record.state is ExtensionState.LOADED:
                LOG.info("loaded extension %s", record.name)

    def _load_anew(self, project: EnabledProject) -> None:
        started, path = time.perf_counter(), project.path
        try:
            fresh = renewed(project, self._dependencies_of)
        except DescriptionError as error:
            LOG.error("the enabled extension %s goes on as it was before the last save: %s", path, error)
            self._broken[path] = BrokenSave(str(error), None)
            return
        gone = self._records_of(project)
        old = {name: sys.modules[name] for name in _modules_of(project, sys.modules)}
        before = {one.candidate.entry_point.name: one for one in gone}

        def selected(loaded: Mapping[str, ModuleType]) -> list[str]:
            return list(_modules_of(project, loaded))

        try:
            with loaded_anew(selected, selected) as executed:
                arrived = self._exchange.run(gone, self._candidates_of(fresh))
        except ExchangeError as error:
            for name in error.reasons:
                LOG.error("extension %s goes on as it was before the last save", name)
            self._broken[path] = _broken_save(next(iter(error.faults.values())))
            # what is installed and importable stays so
            self._projects[path] = replace(
                project, paths=fresh.paths, requires=fresh.requires, dependencies=fresh.dependencies
            )
            self._note_leftovers(project, self._exchange.retire(executed, is_for_good=True))
            return
        self._projects[path] = fresh
        self._broken.pop(path, None)
        milliseconds = (time.perf_counter() - started) * 1000
        for record in arrived:
            if record.state is ExtensionState.LOADED:
                verb = "reloaded" if record.candidate.entry_point.name in before else "loaded"
                LOG.info("%s extension %s in %.0f ms", verb, record.name, milliseconds)
        self._note_leftovers(project, (*replaced_packages(project, fresh), *self._exchange.retire(old.values())))

    def _note_leftovers(self, project: EnabledProject, found: Iterable[str]) -> None:
        for what in found:
            self._leftovers.setdefault(project.path, {})[what] = None
            LOG.warning("of the version before of %s, %s: restart needed (localstack restart)", project.name, what)


def _broken_save(fault: Fault) -> BrokenSave:
    return BrokenSave(fault.message, fault.location)


def _is_of(record: ExtensionRecord, project: EnabledProject) -> bool:
    candidate = record.candidate
    return candidate.origin is Origin.DEVELOPED and candidate.distribution.name == project.name


def _is_installed(project: EnabledProject, record: ExtensionRecord) -> bool:
    name, candidate = canonical_name(project.name), record.candidate
    return candidate.origin is Origin.INSTALLED and canonical_name(candidate.distribution.name) == name


def _modules_of(project: EnabledProject, loaded: Mapping[str, ModuleType]) -> Iterator[str]:
    for name, module in list(loaded.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
        if file and Path(file).is_relative_to(project.path) and is_source(os.path.relpath(file, project.path)):
            yield name
