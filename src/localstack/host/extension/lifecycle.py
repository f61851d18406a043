"""The life of all loaded extensions: nine hooks and Leanto's own, phase by phase, each call guarded."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from localstack.host.extension.discovery import Candidate
from localstack.host.extension.guard import Guard
from localstack.host.extension.loading import Loader
from localstack.host.extension.ownership import Contribution, Ledger
from localstack.host.extension.registry import ExtensionRecord, Registry

LOG = logging.getLogger("localstack.extensions.platform")

_SLOW_HOOK_SECONDS = 5.0


@dataclass(frozen=True)
class HookArguments:
    """The singletons that the update hooks get; extensions may import the same objects."""

    router: Any
    request_handlers: Any
    response_handlers: Any
    exception_handlers: Any
    finalizers: Any
    connections: Any

    def hooks(self) -> tuple[tuple[str, Any], ...]:
        """The update hooks with their arguments, in the order in which they are called."""
        return (
            ("update_gateway_routes", self.router),
            ("update_request_handlers", self.request_handlers),
            ("update_response_handlers", self.response_handlers),
            ("update_exception_handlers", self.exception_handlers),
            ("update_finalizers", self.finalizers),
            ("update_gateway_connections", self.connections),
        )


@dataclass
class Lifecycle:
    """Takes all extensions from discovery to shutdown.

    ``load`` is hook 1, ``start`` hook 2, ``update_gateway`` hooks 3 to 7 and
    ``update_gateway_connections``, ``ready`` hook 8, ``shutdown`` hook 9.
    """

    registry: Registry
    guard: Guard
    ledger: Ledger
    shutting_down: str | None = field(default=None, init=False)
    """Name of the extension whose ``on_platform_shutdown`` is running."""
    is_ready: bool = field(default=False, init=False)
    """Whether the extensions are being told, or have been, that the platform is ready."""

    def load(self, candidates: Iterable[Candidate]) -> int:
        count = Loader(self.registry, self.guard, self.ledger).load_all(candidates)
        LOG.info("loaded %d extensions", count)
        return count

    def start(self) -> None:
        self._call_all("on_platform_start")

    def update_gateway(self, arguments: HookArguments) -> None:
        for hook, argument in arguments.hooks():
            self._call_all(hook, argument)

    def ready(self, exchange_lock: AbstractContextManager[object]) -> None:
        """Call every ``on_platform_ready``; of extensions that come later who brings them calls it.

        :param exchange_lock: kept by who exchanges extensions; only held until it is known which are called here
        """
        with exchange_lock:
            self.is_ready = True
            records = tuple(self.registry.loaded())
        self._call("on_platform_ready", records)

    def shutdown(self) -> None:
        """Call every ``on_platform_shutdown``; may block as long as an extension does, so the caller bounds it."""
        for record in self.registry.loaded():
            self.shutting_down = record.name
            self.guard.hook(record, "on_platform_shutdown")
        self.shutting_down = None

    def contributions(self, name: str) -> tuple[Contribution, ...]:
        """What the extension has in the platform now."""
        return self.ledger.of(name)

    def _call_all(self, hook: str, *args: Any) -> None:
        self._call(hook, self.registry.loaded(), *args)

    def _call(self, hook: str, records: Iterable[ExtensionRecord], *args: Any) -> None:
        for record in records:
            started = time.monotonic()
            self.guard.hook(record, hook, *args)
            elapsed = time.monotonic() - started
            if elapsed > _SLOW_HOOK_SECONDS:
                LOG.warning("extension %s took %.1f s in %s", record.name, elapsed, hook)
