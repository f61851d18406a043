"""Replacing extensions while requests are served: new ones are built beside the old ones and then take their place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from localstack.host.extension.activities import Activities, Activity
from localstack.host.extension.containers import OwnedContainers
from localstack.host.extension.discovery import Candidate
from localstack.host.extension.exit_functions import call_those_of
from localstack.host.extension.hand_over import HandOver
from localstack.host.extension.leftovers import end_threads, leftovers
from localstack.host.extension.lifecycle import HookArguments, Lifecycle
from localstack.host.extension.loading import Loader, modules_of
from localstack.host.extension.ownership import Staging
from localstack.host.extension.process_changes import ProcessChanges, note_nothing_of_calls_under_way
from localstack.host.extension.registry import ExtensionRecord, ExtensionState, Fault

LOG = logging.getLogger("localstack.extensions.platform")

_PATIENCE_SECONDS = 2.0
"""How long the functions may take that an extension which goes has given to ``atexit``."""


class ExchangeError(Exception):
    """A new version could not take the place of the old one, so nothing was changed.

    :ivar faults: why, by extension
    """

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in self.reasons.items()))

    @property
    def reasons(self) -> Mapping[str, str]:
        """The texts of the faults."""
        return {name: fault.message for name, fault in self.faults.items()}


@dataclass(frozen=True)
class _Newcomer:
    """An extension that is ready to take part.

    :ivar is_whole: False when loading it or one of its hooks failed
    """

    record: ExtensionRecord
    staging: Staging
    replaces: ExtensionRecord | None
    is_whole: bool
    hand_over: HandOver


@dataclass(frozen=True)
class Exchange:
    """Takes extensions out of a running platform and brings others in."""

    lifecycle: Lifecycle
    arguments: HookArguments
    end_leftovers: Callable[[str], None]
    """Ends the containers, threads and processes of an extension that has gone for good."""
    activities: Activities
    """Threads and processes of extensions; those of a version that was replaced end with it."""
    containers: OwnedContainers
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held by who exchanges extensions, from choosing them to the end."""

    def run(self, gone: Sequence[ExtensionRecord], candidates: Iterable[Candidate]) -> tuple[ExtensionRecord, ...]:
        """Let ``candidates`` take part, and ``gone`` no longer.

        A candidate whose entry point one of ``gone`` had replaces that one: requests meet the one or the other, and
        those under way end on the old. New extensions that can't be loaded are logged and recorded, as at a start.

        :return: the records of ``candidates``
        :raises ExchangeError: when one that replaces another can't be loaded, or a hook of it fails
        """
        try:
            return self._run(gone, candidates)
        finally:
            for record in gone:
                self.containers.release(record.name)

    def _run(self, gone: Sequence[ExtensionRecord], candidates: Iterable[Candidate]) -> tuple[ExtensionRecord, ...]:
        predecessors = {_place(record.candidate): record for record in gone if record.extension is not None}
        running = {record.name: self.activities.of(record.name) for record in gone}
        for name in running:
            self.containers.keep(name)
        newcomers = [self._prepare(candidate, predecessors.get(_place(candidate))) for candidate in candidates]
        broken = {one.replaces.name: one for one in newcomers if one.replaces is not None and not one.is_whole}
        if broken:
            others = [one.changes for one in self.lifecycle.registry.records if one not in gone]
            for newcomer in reversed(newcomers):  # those that came later go back to what was before them
                self._shut_down(newcomer.record)
                self._undo(newcomer.record, others)
                if newcomer.record.state is not ExtensionState.REFUSED:
                    self.activities.end(newcomer.record.name, spared=running.get(newcomer.record.name, ()))
                if newcomer.replaces is not None:
                    newcomer.replaces.faults.extend(newcomer.record.faults)
            raise ExchangeError({name: _last_fault(one.record) for name, one in broken.items()})
        registry = self.lifecycle.registry
        replaced = {id(one.replaces) for one in newcomers}
        for record in gone:
            if id(record) not in replaced:
                if record.extension is not None:
                    self.lifecycle.ledger.withdraw(record.name)
                registry.replace(record, None)
        for one in newcomers:
            if one.replaces is None:
                registry.add(one.record)
            else:
                registry.replace(one.replaces, one.record)
            if one.record.state is ExtensionState.LOADED:
                one.staging.commit()
        for record in gone:
            self.containers.hand_on(record.name)
            successor = registry.get(record.name)
            if successor is not None:
                others = [one for one in registry.process_changes() if one is not successor.changes]
                successor.changes.take_over(record.changes, others)
            self._shut_down(record)
            if successor is None:
                self._undo(record, registry.process_changes())
                self._forget_modules(record)
                self.end_leftovers(record.name)
            else:
                self._end_activities(record.name, running[record.name], newcomers)
            self.containers.release(record.name)
        for one in newcomers:
            if one.record.extension is not None and self.lifecycle.is_ready:
                self.lifecycle.guard.hook(one.record, "on_platform_ready")
        return tuple(one.record for one in newcomers)

    def retire(self, gone: Iterable[ModuleType], *, is_for_good: bool = False) -> tuple[str, ...]:
        """Take the code of ``gone``, which nobody imports any more, out of what the process has once, e.g. ``logging``.

        :param is_for_good: whether no new version goes on with something of it; then its threads are ended, and what it
            has registered with ``atexit`` is called
        :return: what of it goes on working until the process ends, in words for people
        """
        modules = tuple(gone)
        noted = self.lifecycle.registry.process_changes()
        kept_values = {place: change.after for changes in noted for place, change in changes.values.items()}
        kept_items = [item for changes in noted for one in changes.lists.values() for item in one.added]
        note_nothing_of_calls_under_way()
        self.lifecycle.guard.bare.put_back_instead_of(modules, kept_values, kept_items)
        left = []
        if is_for_good:
            ending = threading.Thread(target=call_those_of, args=(modules,), name="Exit-Functions", daemon=True)
            ending.start()
            ending.join(_PATIENCE_SECONDS)
            if ending.is_alive():
                left = ["a function that it gave to atexit has not come to its end"]
            end_threads(modules)
        return (*left, *leftovers(modules))

    def _prepare(self, candidate: Candidate, replaces: ExtensionRecord | None) -> _Newcomer:
        lifecycle = self.lifecycle
        with Staging(lifecycle.ledger, replaces.name if replaces else None) as staging:
            loader = Loader(lifecycle.registry, lifecycle.guard, lifecycle.ledger)
            record = loader.make(candidate, replaces)
            is_whole = record.state is ExtensionState.LOADED
            hand_over = HandOver()
            if is_whole and replaces is not None:
                hand_over = HandOver.between(replaces, record, lifecycle.guard)
                is_whole = hand_over.is_taken
            if is_whole:
                is_whole = lifecycle.guard.hook(record, "on_platform_start")
                for hook, argument in self.arguments.hooks():
                    is_whole = lifecycle.guard.hook(record, hook, argument) and is_whole
        return _Newcomer(record, staging, replaces, is_whole, hand_over)

    def _end_activities(self, name: str, old: Collection[Activity], newcomers: Iterable[_Newcomer]) -> None:
        """End what a replaced version has left running, but for what it has handed over."""
        stays = [kept for one in newcomers for kept in one.hand_over.among(old)]
        ends = {id(one) for one in old} - {id(one) for one in stays}
        self.activities.end(name, spared=[one for one in self.activities.of(name) if id(one) not in ends])

    def _undo(self, record: ExtensionRecord, others: Collection[ProcessChanges]) -> None:
        record.changes.undo(record.name, others, modules_of(record.candidate.module))

    def _shut_down(self, record: ExtensionRecord) -> None:
        if record.extension is not None:
            self.lifecycle.guard.hook(record, "on_platform_shutdown")
            record.extension = None

    def _forget_modules(self, record: ExtensionRecord) -> None:
        owners = self.lifecycle.ledger.owners_of_modules
        for module in [module for module, owner in owners.items() if owner == record.name]:
            del owners[module]


def _place(candidate: Candidate) -> tuple[str, str]:
    """What a new version has in common with the old one."""
    return candidate.order[1], candidate.entry_point.name


def _last_fault(record: ExtensionRecord) -> Fault:
    return record.faults[-1] if record.faults else Fault(time.time(), "load", f"it is {record.state.value}", None)
