"""Replacing extensions while requests are served: new ones are built beside the old ones and then take their place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from localstack.host.errors import ExtensionFault
from localstack.host.extension.discovery import Candidate
from localstack.host.extension.guard import report
from localstack.host.extension.lifecycle import HookArguments, Lifecycle
from localstack.host.extension.loading import Loader
from localstack.host.extension.ownership import Staging
from localstack.host.extension.registry import ExtensionRecord, ExtensionState, Fault

LOG = logging.getLogger("localstack.extensions.platform")


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


@dataclass(frozen=True)
class Exchange:
    """Takes extensions out of a running platform and brings others in."""

    lifecycle: Lifecycle
    arguments: HookArguments
    end_leftovers: Callable[[str], None]
    """Ends the containers, threads and processes of an extension that has gone for good."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held by who exchanges extensions, from choosing them to the end."""

    def run(self, gone: Sequence[ExtensionRecord], candidates: Iterable[Candidate]) -> tuple[ExtensionRecord, ...]:
        """Let ``candidates`` take part, and ``gone`` no longer.

        A candidate whose entry point one of ``gone`` had replaces that one: requests meet the one or the other, and
        those under way end on the old. New extensions that can't be loaded are logged and recorded, as at a start.

        :return: the records of ``candidates``
        :raises ExchangeError: when one that replaces another can't be loaded, or a hook of it fails
        """
        predecessors = {_place(record.candidate): record for record in gone if record.extension is not None}
        newcomers = [self._prepare(candidate, predecessors.get(_place(candidate))) for candidate in candidates]
        broken = {one.replaces.name: one for one in newcomers if one.replaces is not None and not one.is_whole}
        if broken:
            for newcomer in newcomers:
                self._shut_down(newcomer.record)
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
            self._shut_down(record)
            if registry.get(record.name) is None:
                self._forget_modules(record)
                self.end_leftovers(record.name)
        for one in newcomers:
            if one.record.extension is not None:
                self.lifecycle.guard.hook(one.record, "on_platform_ready")
        return tuple(one.record for one in newcomers)

    def _prepare(self, candidate: Candidate, replaces: ExtensionRecord | None) -> _Newcomer:
        lifecycle = self.lifecycle
        with Staging(lifecycle.ledger, replaces.name if replaces else None) as staging:
            loader = Loader(lifecycle.registry, lifecycle.guard, lifecycle.ledger)
            record = loader.make(candidate, replaces)
            is_whole = record.state is ExtensionState.LOADED
            if is_whole and replaces is not None:
                is_whole = self._hand_over(replaces, record)
            if is_whole:
                is_whole = lifecycle.guard.hook(record, "on_platform_start")
                for hook, argument in self.arguments.hooks():
                    is_whole = lifecycle.guard.hook(record, hook, argument) and is_whole
        return _Newcomer(record, staging, replaces, is_whole)

    def _hand_over(self, old: ExtensionRecord, new: ExtensionRecord) -> bool:
        """Carry over what the old version wants to; False when the new one can't take it.

        An old version that fails to hand over is in nobody's way: else its mistake could never be mended live.
        """
        guard = self.lifecycle.guard
        assert old.extension is not None
        try:
            state = guard.call(old, "hand_over", old.extension.hand_over)
        except ExtensionFault as fault:
            report(fault)
            LOG.warning("extension %s goes on without the state of the version before", new.name)
            return True
        return state is None or guard.hook(new, "take_over", state)

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
