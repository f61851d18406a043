"""Functions of installed distributions that run at moments of the platform's life: entry points of plux plugins.

They belong to no extension, but are called as extensions are: what one raises is reported and hinders no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint
from typing import Any

from plux import PluginDisabled, PluginSpecResolver

from localstack.host.errors import ExtensionFault
from localstack.host.extension.discovery import Candidate, candidates_in
from localstack.host.extension.guard import Guard, report
from localstack.host.extension.loading import source_roots
from localstack.host.extension.registry import ExtensionRecord, ExtensionState


@dataclass
class PlatformHooks:
    """The hooks among the entry points of a platform."""

    guard: Guard
    installed: Sequence[tuple[EntryPoint, Distribution]]

    def run(self, namespace: str) -> None:
        """Import and call the hooks of a namespace, those with the highest priority first."""
        loaded = sorted(self._loaded(namespace), key=lambda one: _priority(one[1]), reverse=True)
        for record, plugin in loaded:
            try:
                self.guard.call(record, namespace.rpartition(".")[2], plugin)
            except ExtensionFault as fault:
                report(fault)

    def _loaded(self, namespace: str) -> Iterator[tuple[ExtensionRecord, Any]]:
        for candidate in candidates_in(namespace, self.installed):
            record = _record_of(candidate)
            try:
                plugin = self.guard.call(record, "import", _made, candidate)
                if self.guard.call(record, "should_load", plugin.should_load):
                    self.guard.call(record, "load", plugin.load)
                    yield record, plugin
            except ExtensionFault as fault:
                if not isinstance(fault.cause, PluginDisabled):
                    report(fault)


def _made(candidate: Candidate) -> Any:
    return PluginSpecResolver().resolve(candidate.load()).factory()


def _priority(plugin: Any) -> int:
    return getattr(getattr(plugin, "fn", plugin), "hook_priority", 0)


def _record_of(candidate: Candidate) -> ExtensionRecord:
    """What faults are reported under: the distribution's name."""
    roots = source_roots(candidate.module)
    return ExtensionRecord(candidate.distribution.name, candidate, ExtensionState.LOADED, roots=roots)
