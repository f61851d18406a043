"""From entry points to loaded extensions: import, identity, constructor, ``should_load``, ``on_extension_load``."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plux import Plugin, PluginDisabled, PluginSpec, PluginSpecResolver
from plux.runtime.filter import global_plugin_filter

from localstack.host.errors import ExtensionFault
from localstack.host.extension.discovery import NAMESPACE, Candidate, Origin
from localstack.host.extension.guard import Guard, report
from localstack.host.extension.ownership import Ledger
from localstack.host.extension.registry import ExtensionRecord, ExtensionState, Registry

LOG = logging.getLogger("localstack.extensions.platform")


@dataclass
class Loader:
    """Loads candidates one by one into ``registry``; what goes wrong with one concerns no other."""

    registry: Registry
    guard: Guard
    ledger: Ledger

    def load_all(self, candidates: Iterable[Candidate]) -> int:
        """Load every candidate in the given order and return how many extensions are loaded."""
        for candidate in candidates:
            self.load(candidate)
        return sum(1 for _ in self.registry.loaded())

    def load(self, candidate: Candidate) -> ExtensionRecord:
        """Load one candidate. The record tells what became of it; failures are logged, never raised."""
        record = self.make(candidate)
        self.registry.add(record)
        return record

    def make(self, candidate: Candidate, replaces: ExtensionRecord | None = None) -> ExtensionRecord:
        """Load one candidate without adding it to the registry.

        :param replaces: the loaded extension whose place it is to take, so that it may have its name
        """
        name = replaces.name if replaces else candidate.entry_point.name
        record = ExtensionRecord(name, candidate, ExtensionState.FAILED, roots=source_roots(candidate.module))
        try:
            spec = self.guard.call(record, "import", lambda: PluginSpecResolver().resolve(candidate.load()))
            record.name = spec.name
            if self._may_load(spec, record, replaces):
                for module in modules_of(candidate.module):
                    self.ledger.owners_of_modules.setdefault(module, record.name)
                record.extension = self._construct(record, spec)
                record.state = ExtensionState.LOADED
        except ExtensionFault as fault:
            self._note_failure(record, fault)
        if record.state is not ExtensionState.LOADED:
            record.changes.undo(record.name, self.registry.process_changes(), modules_of(candidate.module))
        return record

    def _may_load(self, spec: PluginSpec, record: ExtensionRecord, replaces: ExtensionRecord | None) -> bool:
        if spec.namespace != NAMESPACE or global_plugin_filter(spec):
            record.state = ExtensionState.DISABLED
            return False
        first = self.registry.get(spec.name)
        if first is None or first is replaces:
            return True
        record.state = ExtensionState.REFUSED
        why = "it is in developer mode" if first.candidate.origin is Origin.DEVELOPED else "it comes first by name"
        LOG.warning(
            "two distributions bring an extension named %s: %s is used because %s, %s is refused; "
            "uninstall one of them, or give one another name",
            spec.name,
            first.candidate,
            why,
            record.candidate,
        )
        return False

    def _construct(self, record: ExtensionRecord, spec: PluginSpec) -> Any:
        plugin: Plugin = self.guard.call(record, "constructor", spec.factory)
        if not self.guard.call(record, "should_load", plugin.should_load):
            raise ExtensionFault(
                record.name, "should_load", PluginDisabled(NAMESPACE, record.name, "should_load"), None
            )
        self.guard.call(record, "load", plugin.load)
        self.guard.call(record, "on_extension_load", plugin.on_extension_load)
        return plugin

    def _note_failure(self, record: ExtensionRecord, fault: ExtensionFault) -> None:
        if self.registry.get(record.name) is None:  # else the name, until now the entry point's, is a neighbour's
            self.ledger.withdraw(record.name)
        if isinstance(fault.cause, PluginDisabled):
            record.state = ExtensionState.DISABLED
            LOG.debug("extension %s is disabled: %s", record.name, fault.cause.reason)
            return
        report(fault, f"exception while loading plugin {NAMESPACE}:{record.name}: ")


def source_roots(module: str) -> tuple[Path, ...]:
    """Folder of the top-level package of ``module``, or its file; () when it can't be found. Imports nothing."""
    top = module.partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    if spec.submodule_search_locations:
        return tuple(Path(location) for location in spec.submodule_search_locations)
    return (Path(spec.origin),) if spec.origin else ()


def modules_of(module: str) -> tuple[str, ...]:
    """Top-level modules whose code counts as the extension's; () for a package that others share."""
    top = module.partition(".")[0]
    return () if top in ("", "localstack", "localstack_extensions") else (top,)
