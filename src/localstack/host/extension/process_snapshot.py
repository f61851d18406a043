"""What the registries and lists of the process have at one moment."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from localstack.host.extension.old_code import OldCode
from localstack.host.extension.process_registries import ABSENT, REGISTRIES, lists, loggers
from localstack.utils.patch import Patch

_PLAIN = (str, int, float)

Place = tuple[int, Hashable]
"""Which of the registries, and the key in it."""


@dataclass(eq=False)
class Snapshot:
    """All of it; ``patches`` are those of ``localstack.utils.patch``, the oldest first."""

    values: tuple[dict[Any, object], ...]
    lists: dict[Hashable, tuple[Any, ...]]
    patches: tuple[Patch, ...]

    @classmethod
    def take(cls) -> Snapshot:
        values = tuple(dict(registry.read()) for registry in REGISTRIES)
        return cls(values, {key: tuple(one) for key, one in lists().items()}, tuple(Patch.in_place))

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

    def follow(self, before: Snapshot, after: Snapshot) -> None:
        """Count as there already what came, and as gone what went, between two other moments."""
        for (index, key), _, value in before.values_until(after):
            if value is ABSENT:
                self.values[index].pop(key, None)
            else:
                self.values[index][key] = value
        for key, _, items in before.lists_until(after):
            self.lists[key] = items
        self.patches += tuple(before.patches_until(after))

    def put_back_instead_of(
        self, gone: Iterable[ModuleType], kept_values: Collection[Place], kept_items: Collection[Any]
    ) -> None:
        """Wherever something is made of the code of ``gone``, have what was there at this moment.

        :param kept_values: what stays nevertheless, as do ``kept_items`` in lists
        """
        old = OldCode(gone)
        for index, (registry, values) in enumerate(zip(REGISTRIES, self.values, strict=True)):
            for key, value in registry.read().items():
                if old.owns(value) and (index, key) not in kept_values:
                    registry.put(key, values.get(key, ABSENT))
        for present in lists().values():
            take_out(present, [item for item in present if _is_of(old, item) and item not in kept_items])
        for logger in loggers():
            kind = next(one for one in type(logger).__mro__ if not old.defines(one))
            if kind is not type(logger):
                with suppress(TypeError):  # its objects look different inside
                    logger.__class__ = kind
        for entry, finder in list(sys.path_importer_cache.items()):
            if old.owns(finder):
                del sys.path_importer_cache[entry]


def _is_of(old: OldCode, item: object) -> bool:
    if old.owns(item):
        return True
    parts = [item.formatter, *item.filters] if isinstance(item, logging.Handler) else []
    return any(map(old.owns, parts))


def is_same(one: object, other: object) -> bool:
    """Whether it is the same object, or the same text or number."""
    return one is other or (isinstance(one, _PLAIN) and isinstance(other, _PLAIN) and one == other)


def take_out(present: list[Any], items: Iterable[Any]) -> None:
    """Remove those of ``items`` that are there."""
    for item in items:
        if item in present:
            present.remove(item)
