"""What extensions change for the whole process is noted while they do it, and put back when they go.

Two things are known of it. What was different after a call of one of its hooks is that extension's doing; a value is
put back when it is still the one that the extension has set. And what is made of an extension's own code, a logger's
class, a handler, a hook of the interpreter, is found when the code goes, whenever it was put there.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

from localstack.host.extension.ownership import module_of
from localstack.host.extension.process_registries import ABSENT, REGISTRIES, list_of
from localstack.host.extension.process_snapshot import Place, Snapshot, is_same, take_out
from localstack.utils.patch import Patch


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
            take_out(present, earlier.added)
        else:
            self.added = earlier.added


@dataclass
class ProcessChanges:
    """What one extension has changed and that still counts."""

    values: dict[Place, ValueChange] = field(default_factory=dict)
    lists: dict[Hashable, ListChange] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)
    """Those of ``localstack.utils.patch``, the oldest first."""

    under_way: ClassVar[list[Snapshot]] = []
    """What was there when calls began that have not ended."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is different after the block, also when it raises, but for what others have done meanwhile."""
        with _known_to_others() as before:
            self.under_way.append(before)
            try:
                yield
            finally:
                self.under_way.remove(before)
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
            elif is_same(own.before, earlier.after):
                own.before = earlier.before
        with _known_to_others():
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
        with _known_to_others():
            self._undo(others, own_modules)
        self.forget()

    def _undo(self, others: Collection[ProcessChanges], own_modules: Collection[str]) -> None:
        for patch in reversed(self.patches):
            if patch.is_on_top:
                patch.undo()
        now = Snapshot.take()
        for (index, key), change in self.values.items():
            later = [other.values[index, key] for other in others if (index, key) in other.values]
            on_top = [one for one in later if is_same(one.before, change.after)]
            for one in on_top:
                one.before = change.before
            if not on_top and is_same(now.values[index].get(key, ABSENT), change.after):
                REGISTRIES[index].put(key, change.before)
        for key, added_and_removed in self.lists.items():
            present = list_of(key)
            take_out(present, [one for one in added_and_removed.added if not _is_of_a_library(key, one, own_modules)])
            for position, item in added_and_removed.removed:
                if item not in present:
                    present.insert(position, item)

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
        for place, old, new in before.values_until(after):
            self._note_value(place, old, new)
        for key, had, has in before.lists_until(after):
            self._note_list(key, had, has)
        self.patches[:] = [*(patch for patch in self.patches if patch.is_applied), *before.patches_until(after)]

    def _note_value(self, place: Place, old: object, new: object) -> None:
        earlier = self.values.pop(place, None)
        first = earlier.before if earlier is not None and is_same(earlier.after, old) else old
        if not is_same(first, new):
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


@contextmanager
def _known_to_others() -> Iterator[Snapshot]:
    """Have nobody else whose call is under way taken for the one who makes the changes in the block."""
    before = Snapshot.take()
    try:
        yield before
    finally:
        after = Snapshot.take()
        for other in tuple(ProcessChanges.under_way):
            other.follow(before, after)


def _is_of_a_library(key: Hashable, item: Any, own_modules: Collection[str]) -> bool:
    """Whether a library has added it for itself when it was imported, and is still there: ``six`` has a finder.

    To loggers libraries add a ``NullHandler``, which does nothing; to ``sys.path`` a folder of their own.
    """
    if key == "path":
        return any(one.endswith("-packages") and item.startswith(f"{one}{os.sep}") for one in sys.path)
    if key not in ("meta_path", "path_hooks", "warnings"):
        return type(item) is logging.NullHandler
    module = item[2].__module__ if key == "warnings" else module_of(item)
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in own_modules and module in sys.modules


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
