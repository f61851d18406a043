"""What the registries and lists of the process have at one moment."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from localstack.host.extension.old_code import OldCode
from localstack.host.extension.process_registries import ABSENT, REGISTRIES, describe, lists, loggers
from localstack.utils.patch import Patch

LOG = logging.getLogger("localstack.extensions.platform")

_PLAIN = (str, int, float)

Place = tuple[int, Hashable]
"""Which of the registries, and the key in it."""


@dataclass(eq=False)
class Snapshot:
    """All of it, and what is imported; ``patches`` are those of ``localstack.utils.patch``, the oldest first."""

    values: tuple[dict[Any, object], ...]
    lists: dict[Hashable, tuple[Any, ...]]
    patches: tuple[Patch, ...]
    modules: frozenset[str]

    @classmethod
    def take(cls) -> Snapshot:
        values = tuple(dict(registry.read()) for registry in REGISTRIES)
        return cls(
            values, {key: tuple(one) for key, one in lists().items()}, tuple(Patch.in_place), frozenset(sys.modules)
        )

    def values_until(self, later: Snapshot) -> Iterator[tuple[Place, object, object]]:
        """What other values there are ``later``: where, what was there, and what is."""
        for index, (old, new) in enumerate(zip(self.values, later.values, strict=True)):
            for key in () if old == new else old.keys() | new.keys():
                before, after = old.get(key, ABSENT), new.get(key, ABSENT)
                if not is_same(before, after):
                    yield (index, key), before, after

    def lists_until(self, later: Snapshot) -> Iterator[tuple[Hashable, tuple[Any, ...], tuple[Any, ...]]]:
        """Which lists are others ``later``, what was in them, and what is."""
        for key in () if self.lists == later.lists else self.lists.keys() | later.lists.keys():
            before, after = self.lists.get(key, ()), later.lists.get(key, ())
            if before != after:
                yield key, before, after

    def patches_until(self, later: Snapshot) -> list[Patch]:
        """The patches that have come until ``later``."""
        return [patch for patch in later.patches if patch not in self.patches]

    def imported_since(self, earlier: Snapshot) -> frozenset[str]:
        """Libraries' modules that are loaded and were not at an ``earlier`` moment."""
        passed_over = sys.stdlib_module_names | {"localstack"}
        new = self.modules - earlier.modules
        return frozenset(name for name in new if name.partition(".")[0] not in passed_over)

    def put_back_instead_of(
        self, gone: Iterable[ModuleType], kept_values: Mapping[Place, object], kept_items: Collection[Any]
    ) -> None:
        """Wherever something is made of the code of ``gone``, have what was there at this moment.

        :param kept_values: what stays nevertheless where it is, as do ``kept_items`` in lists
        """
        old = OldCode(gone)
        kept = set(map(id, kept_items))
        for index, (registry, values) in enumerate(zip(REGISTRIES, self.values, strict=True)):
            for key, value in registry.read().items():
                with kept_going(registry.describe(key)):
                    if old.owns(value) and not is_same(kept_values.get((index, key), ABSENT), value):
                        registry.put(key, values.get(key, ABSENT))
        for name, present in lists().items():
            with kept_going(describe(name)):
                take_out(present, [item for item in present if id(item) not in kept and _is_of(old, item)])
        for logger in loggers():
            kind = next(one for one in type(logger).__mro__ if not old.defines(one))
            if kind is not type(logger):
                with suppress(TypeError):  # its objects look different inside
                    logger.__class__ = kind
        for entry, finder in list(sys.path_importer_cache.items()):
            if old.owns(finder):
                del sys.path_importer_cache[entry]


@contextmanager
def kept_going(what: str) -> Iterator[None]:
    """One thing that can't be put back keeps nothing else from it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - handlers and hooks are anybody's
        LOG.warning("%s can't be put back as it was before the extension: %r", what, error)


def _is_of(old: OldCode, item: object) -> bool:
    if old.owns(item):
        return True
    is_handler = isinstance(item, logging.Handler)
    parts = [getattr(item, "formatter", None), *getattr(item, "filters", ())] if is_handler else []
    return any(map(old.owns, parts))


def is_same(one: object, other: object) -> bool:
    """Whether it is the same object, or the same text or number."""
    return one is other or (isinstance(one, _PLAIN) and isinstance(other, _PLAIN) and one == other)


def take_out(present: list[Any], items: Iterable[Any]) -> None:
    """Remove those of ``items`` that are there."""
    for item in items:
        if item in present:
            present.remove(item)
