"""What extensions change for the whole process is noted while they do it, and put back when they go.

Two things are known of it. What was different after a call of one of its hooks is that extension's doing; a value is
put back when it is still the one that the extension has set. And what is made of an extension's own code, a logger's
class, a handler, a hook of the interpreter, is found when the code goes, whenever it was put there.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from localstack.host.extension.old_code import OldCode
from localstack.host.extension.ownership import module_of
from localstack.host.extension.process_registries import (
    ABSENT,
    REGISTRIES,
    list_of,
    lists,
    loggers,
)
from localstack.utils.patch import Patch

_PLAIN = (str, int, float)

Place = tuple[int, Hashable]
"""Which of the registries, and the key in it."""


@dataclass
class ValueChange:
    before: object
    after: object


@dataclass
class ListChange:
    """Things that came and went, these with where they were."""

    added: list[Any] = field(default_factory=list)
    removed: list[tuple[int, Any]] = field(default_factory=list)

    def follow(self, earlier: ListChange, present: list[Any]) -> None:
        """Go on for another version that ``earlier`` was noted of; ``present`` is the list."""
        self.removed = [*(one for one in self.removed if one[1] not in earlier.added), *earlier.removed]
        if self.added:
            _take_out(present, earlier.added)
        else:
            self.added = earlier.added


@dataclass
class ProcessChanges:
    """What one extension has changed and that still counts."""

    values: dict[Place, ValueChange] = field(default_factory=dict)
    lists: dict[Hashable, ListChange] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)
    """Those of ``localstack.utils.patch``, the oldest first."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is different after the block, also when it raises."""
        before = Snapshot.take()
        try:
            yield
        finally:
            self._note(before, Snapshot.take())

    def take_over(self, other: ProcessChanges) -> None:
        """Go on for another version of the same extension, which ``other`` was noted of.

        What only the other one has changed stays, and is put back when this one goes. Where both have added something
        to the same list, the other one's goes.
        """
        for place, earlier in other.values.items():
            own = self.values.get(place)
            if own is None:
                self.values[place] = earlier
            elif _is_same(own.before, earlier.after):
                own.before = earlier.before
        for key, before in other.lists.items():
            if key in self.lists:
                self.lists[key].follow(before, list_of(key))
            else:
                self.lists[key] = before
        self.patches[:0] = other.patches
        other.forget()

    def undo(self, others: Collection[ProcessChanges] = (), own_modules: Collection[str] = ()) -> None:
        """Put everything back that nobody has changed since.

        :param others: what other extensions have changed: one that came later goes back to what was before both
        :param own_modules: top-level modules of the extension that are still loaded
        """
        for patch in reversed(self.patches):
            if patch.is_on_top:
                patch.undo()
        now = Snapshot.take()
        for (index, key), change in self.values.items():
            later = [other.values[index, key] for other in others if (index, key) in other.values]
            on_top = [one for one in later if _is_same(one.before, change.after)]
            for one in on_top:
                one.before = change.before
            if not on_top and _is_same(now.values[index].get(key, ABSENT), change.after):
                REGISTRIES[index].put(key, change.before)
        for key, added_and_removed in self.lists.items():
            present = list_of(key)
            _take_out(present, [one for one in added_and_removed.added if not _is_of_a_library(key, one, own_modules)])
            for position, item in added_and_removed.removed:
                if item not in present:
                    present.insert(position, item)
        self.forget()

    def patched_names(self) -> Iterator[tuple[str, str]]:
        """Names in modules that get back what they had, by module and name."""
        for patch in self.patches:
            if isinstance(patch.obj, ModuleType) and patch.is_on_top:
                yield patch.obj.__name__, patch.name

    def forget(self) -> None:
        self.values.clear()
        self.lists.clear()
        self.patches.clear()

    def _note(self, before: Snapshot, after: Snapshot) -> None:
        for index, (old, new) in enumerate(zip(before.values, after.values, strict=True)):
            for key in () if old == new else old.keys() | new.keys():
                self._note_value((index, key), old.get(key, ABSENT), new.get(key, ABSENT))
        for key in () if before.lists == after.lists else before.lists.keys() | after.lists.keys():
            self._note_list(key, before.lists.get(key, ()), after.lists.get(key, ()))
        still = (patch for patch in self.patches if patch.is_applied)
        self.patches[:] = [*still, *(patch for patch in after.patches if patch not in before.patches)]

    def _note_value(self, place: Place, old: object, new: object) -> None:
        if _is_same(old, new):
            return
        earlier = self.values.pop(place, None)
        first = earlier.before if earlier is not None and _is_same(earlier.after, old) else old
        if not _is_same(first, new):
            self.values[place] = ValueChange(first, new)

    def _note_list(self, key: Hashable, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
        came, went = _beyond(new, old), _beyond(old, new)
        if not came and not went:
            return
        change = self.lists.setdefault(key, ListChange())
        for _, item in came:
            if any(item == gone for _, gone in change.removed):
                change.removed = [(position, gone) for position, gone in change.removed if gone != item]
            else:
                change.added.append(item)
        for position, item in went:
            if item in change.added:
                change.added.remove(item)
            else:
                change.removed.append((position, item))


@dataclass(frozen=True)
class Snapshot:
    """What was in the registries and lists at one moment."""

    values: tuple[Mapping[Any, object], ...]
    lists: Mapping[Hashable, tuple[Any, ...]]
    patches: tuple[Patch, ...]

    @classmethod
    def take(cls) -> Snapshot:
        values = tuple(registry.read() for registry in REGISTRIES)
        return cls(values, {key: tuple(one) for key, one in lists().items()}, tuple(Patch.in_place))

    def put_back_instead_of(self, gone: Iterable[ModuleType], noted: Collection[ProcessChanges]) -> None:
        """Wherever something is made of the code of ``gone``, have what was there at this moment.

        :param noted: what extensions have changed; that stays, also when it was the version before that did it
        """
        old = OldCode(gone)
        for index, (registry, values) in enumerate(zip(REGISTRIES, self.values, strict=True)):
            for key, value in registry.read().items():
                if old.owns(value) and not any((index, key) in one.values for one in noted):
                    registry.put(key, values.get(key, ABSENT))
        for key, present in lists().items():
            kept = [item for one in noted if key in one.lists for item in one.lists[key].added]
            _take_out(present, [item for item in present if _is_of(old, item) and item not in kept])
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


def _is_of_a_library(key: Hashable, item: object, own_modules: Collection[str]) -> bool:
    """Whether a library has added it for itself when it was imported, and is still there: ``six`` has a finder.

    To loggers libraries add a ``NullHandler``, which does nothing.
    """
    if key not in ("meta_path", "path_hooks"):
        return type(item) is logging.NullHandler
    module = module_of(item)
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in own_modules and module in sys.modules


def _is_same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, _PLAIN) and isinstance(other, _PLAIN) and one == other)


def _beyond(these: tuple[Any, ...], those: tuple[Any, ...]) -> list[tuple[int, Any]]:
    """What is in ``these`` and not, or not so often, in ``those``, with where it is."""
    rest = list(those)
    found = []
    for position, item in enumerate(these):
        if item in rest:
            rest.remove(item)
        else:
            found.append((position, item))
    return found


def _take_out(present: list[Any], items: Iterable[Any]) -> None:
    for item in items:
        if item in present:
            present.remove(item)
