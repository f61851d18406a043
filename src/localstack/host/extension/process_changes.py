"""What extensions change for the whole process is noted while they do it, and put back when they go.

What was different after a call of one of its hooks is that extension's doing, when nobody else was called meanwhile.
Nobody who stays may lose anything by what is put back, so what others may rely on is left: text, numbers and the like
for the extension that was called last since then, until that one goes; and for good what a library may have set when
it was imported, as it won't do that again.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from localstack.host.extension.ownership import module_of
from localstack.host.extension.process_registries import ABSENT, REGISTRIES, Holder, describe, is_of_a_library, list_of
from localstack.host.extension.process_snapshot import Place, Snapshot, is_same, kept_going, take_out
from localstack.utils.patch import Patch

LOG = logging.getLogger("localstack.extensions.platform")

_SHARED_LISTS = ("path", "warnings")
"""Lists of texts and the like, to which two may want to add the same."""


@dataclass(frozen=True)
class Moment:
    """When something was changed.

    :ivar number: of the call, counted over all extensions
    :ivar imported: modules that were imported during it, and may have done it
    """

    number: int
    imported: frozenset[str] = frozenset()

    def has_left_libraries(self, own_modules: Collection[str]) -> bool:
        """Whether something that was imported then is still loaded, and not the extension's own."""
        return any(name in sys.modules and name.partition(".")[0] not in own_modules for name in self.imported)

    def and_before(self, earlier: Moment) -> Moment:
        """Both, where it is not known which of them something is from."""
        return Moment(min(self.number, earlier.number), self.imported | earlier.imported)


@dataclass
class ValueChange:
    before: object
    after: object
    moment: Moment


@dataclass
class ListChange:
    """Things that came and went, these with where they were."""

    moment: Moment
    added: list[Any] = field(default_factory=list)
    removed: list[tuple[int, Any]] = field(default_factory=list)


@dataclass(eq=False)
class _Call:
    """A call that has not ended; ``is_alone`` is False when somebody else may have changed something meanwhile."""

    is_alone: bool = True


_under_way: list[_Call] = []
_numbers = itertools.count(1)


def note_nothing_of_calls_under_way() -> None:
    """Called by who changes something for the process on behalf of the host, so that no extension is taken for it."""
    for call in tuple(_under_way):
        call.is_alone = False


@dataclass
class ProcessChanges:
    """What one extension has changed and that still counts."""

    values: dict[Place, ValueChange] = field(default_factory=dict)
    lists: dict[Hashable, ListChange] = field(default_factory=dict)
    patches: list[Patch] = field(default_factory=list)
    """Those of ``localstack.utils.patch``, the oldest first."""
    last_call: int = 0
    """Number of its last call; 0 before the first one, and when it has gone."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is different after the block, also when it raises; nothing when another call overlaps it."""
        call = _Call()
        _under_way.append(call)
        if len(_under_way) > 1:
            note_nothing_of_calls_under_way()
        before = _snapshot()
        try:
            yield
        finally:
            after = _snapshot()
            _under_way.remove(call)
            self.last_call = next(_numbers)
            if call.is_alone and before is not None and after is not None:
                try:
                    self._note(before, after, Moment(self.last_call, after.imported_since(before)))
                except Exception as error:  # noqa: BLE001 - what is compared may be anybody's
                    LOG.debug("what a call has changed for the process can't be told: %r", error)

    def take_over(self, other: ProcessChanges, others: Collection[ProcessChanges] = ()) -> None:
        """Go on for another version of the same extension, which ``other`` was noted of.

        What only the other one has changed stays, and is put back when this one goes. Where both have added something
        to the same list, the other one's goes, unless ``others``, of the other extensions, may rely on it.
        """
        note_nothing_of_calls_under_way()
        for place, earlier in other.values.items():
            own = self.values.get(place)
            if own is None:
                self.values[place] = earlier
            elif is_same(own.before, earlier.after):
                own.before = earlier.before
        for key, before in other.lists.items():
            with kept_going(describe(key)):
                self._follow(key, before, others)
        self.patches[:0] = other.patches
        other.forget()

    def undo(self, owner: str, others: Collection[ProcessChanges] = (), own_modules: Collection[str] = ()) -> None:
        """Put back what nobody has changed since and nobody else may rely on; the log names what stays. Never raises.

        :param owner: name of the extension
        :param others: what other extensions have changed: one that came later goes back to what was before both
        :param own_modules: top-level modules of the extension that are still loaded
        """
        note_nothing_of_calls_under_way()
        left: list[str] = []
        for patch in reversed(self.patches):
            with kept_going(patch.name):
                if patch.is_on_top:
                    patch.undo()
        now = _snapshot()
        for place, change in self.values.items() if now is not None else ():
            with kept_going(describe(place)):
                if now is not None and not self._undo_value(place, change, now, others, own_modules):
                    left.append(describe(place))
        for key, added_and_removed in self.lists.items():
            with kept_going(describe(key)):
                if not self._undo_list(key, added_and_removed, others, own_modules):
                    left.append(describe(key))
        self.forget()
        if left:
            LOG.info("what extension %s has set stays, as others may rely on it: %s", owner, ", ".join(left))

    def patched_names(self) -> Iterator[tuple[str, str]]:
        """Names in modules that get back what they had, by module and name."""
        for patch in self.patches:
            if isinstance(patch.obj, ModuleType) and patch.is_on_top:
                yield patch.obj.__name__, patch.name

    def forget(self) -> None:
        self.values.clear()
        self.lists.clear()
        self.patches.clear()
        self.last_call = 0

    def _follow(self, key: Hashable, earlier: ListChange, others: Collection[ProcessChanges]) -> None:
        own = self.lists.get(key)
        if own is None:
            self.lists[key] = earlier
            return
        own.removed = [*(one for one in own.removed if one[1] not in earlier.added), *earlier.removed]
        if not own.added:
            own.added, own.moment = earlier.added, earlier.moment
            return
        staying = [one for one in earlier.added if is_of_a_library(key, one, earlier.moment.imported)]
        going = [one for one in earlier.added if one not in staying]
        if key in _SHARED_LISTS and _called_since(earlier.moment, others):
            going = [one for one in going if one in own.added]  # it is there twice
        take_out(list_of(key), going)

    def _undo_value(
        self,
        place: Place,
        change: ValueChange,
        now: Snapshot,
        others: Collection[ProcessChanges],
        own_modules: Collection[str],
    ) -> bool:
        """Whether nothing is left of it."""
        index, key = place
        later = [other.values[place] for other in others if place in other.values]
        on_top = [one for one in later if is_same(one.before, change.after)]
        for one in on_top:
            one.before = change.before
        if on_top or not is_same(now.values[index].get(key, ABSENT), change.after):
            return True
        if _may_be_shared(key, change.after):
            if change.moment.has_left_libraries(own_modules):
                return False
            if heir := _called_since(change.moment, others):
                heir._note_value(place, change.before, change.after, Moment(change.moment.number))
                return False
        elif is_of_a_library(None, change.after, change.moment.imported, own_modules):
            return False
        REGISTRIES[index].put(key, change.before)
        return True

    def _undo_list(
        self, key: Hashable, change: ListChange, others: Collection[ProcessChanges], own_modules: Collection[str]
    ) -> bool:
        """Whether nothing is left of it."""
        if key in _SHARED_LISTS:
            if change.moment.has_left_libraries(own_modules):
                return False
            if heir := _called_since(change.moment, others):
                earlier = heir.lists.setdefault(key, ListChange(Moment(change.moment.number)))
                earlier.moment = Moment(change.moment.number).and_before(earlier.moment)
                earlier.added += change.added
                earlier.removed += change.removed
                return False
        present = list_of(key)
        imported = change.moment.imported
        take_out(present, [one for one in change.added if not is_of_a_library(key, one, imported, own_modules)])
        for position, item in change.removed:
            if item not in present:
                present.insert(position, item)
        return True

    def _note(self, before: Snapshot, after: Snapshot, moment: Moment) -> None:
        for place, old, new in before.values_until(after):
            holder = place[1][-1] if isinstance(place[1], tuple) else None
            if not (isinstance(holder, Holder) and ABSENT in (old, new)):  # else it came or went with its handler
                self._note_value(place, old, new, moment)
        for key, had, has in before.lists_until(after):
            self._note_list(key, had, has, moment)
        self.patches[:] = [*(patch for patch in self.patches if patch.is_applied), *before.patches_until(after)]

    def _note_value(self, place: Place, old: object, new: object, moment: Moment) -> None:
        earlier = self.values.pop(place, None)
        first = earlier.before if earlier is not None and is_same(earlier.after, old) else old
        if not is_same(first, new):
            self.values[place] = ValueChange(first, new, moment)

    def _note_list(self, key: Hashable, old: tuple[Any, ...], new: tuple[Any, ...], moment: Moment) -> None:
        came, went = _beyond(new, old), _beyond(old, new)
        if not came and not went:
            return
        change = self.lists.setdefault(key, ListChange(moment))
        change.moment = moment.and_before(change.moment)
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


def _snapshot() -> Snapshot | None:
    """``None`` when something of it can't be read: loggers and handlers are anybody's, other threads import."""
    try:
        return Snapshot.take()
    except Exception as error:  # noqa: BLE001 - nobody's hook may fail of it
        LOG.debug("what extensions change for the process can't be noted: %r", error)
        return None


def _called_since(moment: Moment, others: Collection[ProcessChanges]) -> ProcessChanges | None:
    """The one of ``others`` that was called last, when that was after a moment."""
    last = max(others, key=lambda one: one.last_call, default=None)
    return last if last is not None and last.last_call > moment.number else None


def _may_be_shared(key: Hashable, value: object) -> bool:
    """Whether two may set the same one: text, numbers, absence, what Python itself has.

    That loggers are disabled is a side effect of ``logging.config``, which nobody wants of those of others.
    """
    if isinstance(key, tuple) and key[-1] == "disabled":
        return False
    if value is ABSENT or value is None or isinstance(value, (str, int, float)):
        return True
    return callable(value) and module_of(value).partition(".")[0] in sys.stdlib_module_names


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
