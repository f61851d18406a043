"""Changes of the installed extensions reach the running platform: without a restart where that is safe."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from localstack.host.environment.environment import make_importable
from localstack.host.errors import LeantoError
from localstack.host.extension.discovery import Candidate, Origin, canonical_name, in_order, installed_candidates
from localstack.host.extension.exchange import Exchange, ExchangeError
from localstack.host.extension.modules import loaded_anew
from localstack.host.extension.process_changes import note_nothing_of_calls_under_way
from localstack.host.extension.process_registries import HOOK_NAMES
from localstack.host.extension.registry import ExtensionRecord, ExtensionState
from localstack.host.manage.extension_resources import Takeover

if TYPE_CHECKING:
    from localstack.host.environment.difference import Difference
    from localstack.host.environment.environment import ExtensionEnvironment
    from localstack.host.environment.generation import Generation

LOG = logging.getLogger("localstack.extensions.platform")


class LivePlatform:
    """The generation of installed extensions that a platform runs with.

    :ivar paths: what of it is on ``sys.path``
    """

    def __init__(self, environment: ExtensionEnvironment) -> None:
        self._environment = environment
        self._seen = environment.generations.current()
        """The one that was in force when it was last looked for, usable or not."""
        self._generation = environment.hold_usable()
        self._exchange: Exchange | None = None
        self._held = {self._generation} if self._generation else set()
        """That one, and those before it as long as modules of them are loaded."""
        self.paths = make_importable(self._generation)

    def serve(self, exchange: Exchange) -> None:
        """From now on changes can be taken over."""
        self._exchange = exchange

    def catch_up(self) -> None:
        """Take over what was installed while the platform was starting; the log says what has to wait for a restart."""
        try:
            if self._environment.generations.current() != self._seen:
                for obstacle in self.take_over().obstacles:
                    LOG.warning("what was changed during the start waits for localstack restart, for %s", obstacle)
        except LeantoError as error:
            LOG.warning("what was changed during the start waits for localstack restart: %s", error)

    def obstacles_to(self, generation: str) -> Sequence[str]:
        from localstack.host.environment.generation import Generation

        path = self._environment.generations.folder / generation
        if Path(generation).name != generation or not path.is_dir():
            raise ValueError(f"there is no generation {generation!r}")
        assert self._exchange is not None
        with self._exchange.lock:
            return self._obstacles(Generation(path))

    def take_over(self) -> Takeover:
        assert self._exchange is not None
        with self._exchange.lock:
            generation = self._seen = self._environment.generations.hold_current()
            if generation == self._generation:
                return Takeover()
            obstacles = self._obstacles(generation)
            if generation is not None:
                self._held.add(generation)
            try:
                return Takeover(obstacles=tuple(obstacles)) if obstacles else self._take_over(generation)
            finally:
                self._let_go_of_unused()

    def _take_over(self, generation: Generation | None) -> Takeover:
        exchange, difference = self._exchange, self._difference(generation)
        assert exchange is not None
        records = exchange.lifecycle.registry.records
        leaving = [one for one in records if _is_of(one, difference.leaving)]
        freed = {one.name for one in leaving}
        refused = [one for one in records if one.state is ExtensionState.REFUSED and one.name in freed]
        waiting = [one for one in refused if not _is_of(one, difference.leaving)]
        removed = replace(difference, changed=frozenset()).modules(dict(sys.modules))
        changed = replace(difference, removed=frozenset()).modules(dict(sys.modules))
        failed: dict[str, ModuleType] = {}
        try:
            with self._imports_of(generation, difference, failed):
                developed = [one.candidate for one in records if one.candidate.origin is Origin.DEVELOPED]
                coming = difference.added | difference.changed
                candidates = [one for one in in_order(developed, installed_candidates()) if _is_named(one, coming)]
                candidates += [one.candidate for one in waiting]
                arrived = exchange.run([*leaving, *waiting], candidates)
        except ExchangeError as error:
            for name, reason in error.reasons.items():
                LOG.error("extension %s can't be replaced while it runs, so all goes on as it was: %s", name, reason)
            _warn_of(exchange.retire(failed.values(), is_for_good=True))
            return Takeover(obstacles=tuple(f"{name}: {reason}" for name, reason in error.reasons.items()))
        self._generation = generation
        left = _warn_of((*exchange.retire(removed.values(), is_for_good=True), *exchange.retire(changed.values())))
        loaded = [one for one in arrived if one.state is ExtensionState.LOADED]
        names = {one.name for one in loaded}
        unloaded = [one for one in leaving if one.state is ExtensionState.UNLOADED and one.name not in names]
        for one in loaded:
            LOG.info("loaded extension %s (%s)", one.name, _shown(one))
        for one in unloaded:
            LOG.info("unloaded extension %s (%s)", one.name, _shown(one))
        return Takeover(
            loaded=tuple(map(_shown, loaded)),
            unloaded=tuple(map(_shown, unloaded)),
            failed=tuple(_shown(one) for one in arrived if one.state is ExtensionState.FAILED),
            left=left,
        )

    def _let_go_of_unused(self) -> None:
        """What did not change in an exchange stays loaded from the generation before."""
        files = [str(getattr(module, "__file__", "") or "") for module in list(sys.modules.values())]
        for held in self._held - {self._generation}:
            if not any(file.startswith(f"{held.path}{os.sep}") for file in files):
                held.let_go()
                self._held.remove(held)

    @contextmanager
    def _imports_of(
        self, generation: Generation | None, difference: Difference, failed: dict[str, ModuleType]
    ) -> Iterator[None]:
        """Let imports find ``generation``; when the block fails, everything is as it was.

        :param failed: gets the modules that were loaded in vain, by name
        """

        def loaded_in_vain(loaded: Mapping[str, ModuleType]) -> list[str]:
            failed.update(difference.reversed().modules(loaded))
            return list(failed)

        before = list(sys.path)
        old_paths, self.paths = self.paths, make_importable(generation)
        sys.path[:] = [entry for entry in sys.path if Path(entry) not in old_paths]
        note_nothing_of_calls_under_way()
        try:
            with loaded_anew(difference.forgettable_modules, loaded_in_vain):
                yield
        except BaseException:
            sys.path[:], self.paths = before, old_paths
            note_nothing_of_calls_under_way()
            raise

    def _difference(self, generation: Generation | None) -> Difference:
        from localstack.host.environment.difference import Difference

        old = self._generation.site_packages if self._generation else None
        return Difference.between(old, generation.site_packages if generation else None)

    def _obstacles(self, generation: Generation | None) -> list[str]:
        assert self._exchange is not None
        if generation is not None and not generation.is_for_this_python():
            here = f"{sys.version_info.major}.{sys.version_info.minor}"
            return [f"the extensions are now for Python {generation.python_minor}, and the platform runs with {here}"]
        found = (record.candidate.distribution.name for record in self._exchange.lifecycle.registry.records)
        difference = self._difference(generation)
        changes = self._exchange.lifecycle.registry.process_changes()
        recoverable = HOOK_NAMES.union(*(one.patched_names() for one in changes))
        return [str(one) for one in difference.obstacles(dict(sys.modules), map(canonical_name, found), recoverable)]


def _warn_of(left: tuple[str, ...]) -> tuple[str, ...]:
    """Log what code that is gone goes on with."""
    for what in left:
        LOG.warning("of what was unloaded, %s: restart needed (localstack restart)", what)
    return left


def _is_named(candidate: Candidate, names: frozenset[str]) -> bool:
    return candidate.origin is Origin.INSTALLED and canonical_name(candidate.distribution.name) in names


def _is_of(record: ExtensionRecord, names: frozenset[str]) -> bool:
    return _is_named(record.candidate, names)


def _shown(record: ExtensionRecord) -> str:
    distribution = record.candidate.distribution
    return f"{distribution.name} {distribution.version}"
