"""Into the snapshot of the volume goes what somebody looked up since the last time; the rest is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.base_backend import BackendDict

from localstack.host.emulation.state.folder import SnapshotFolder
from localstack.host.emulation.state.gate import Gate
from localstack.host.emulation.state.look_ups import LookUps
from localstack.host.emulation.state.progress import Progress
from localstack.host.emulation.state.snapshot import Section
from localstack.host.emulation.state.stores import backends, key_of, store_of, used_stores
from localstack.host.emulation.state.writing import Group, PickledStores, Stores

WAITING_KEY = "moto.sqs.models:SQSBackend"
"""The one store that a call changes which waits for messages."""


@dataclass
class Taken:
    """The state between two calls, on its way to a snapshot.

    :ivar is_saved: to be set when all of it is in the snapshot of the volume
    """

    kept: Sequence[Group]
    pickled: PickledStores
    unread: Sequence[Section]
    is_saved: bool = False

    @property
    def sections(self) -> Sequence[Section]:
        return [*self.unread, *(group.section for group in (*self.kept, *self.pickled.groups()))]


class Keeper:
    """Knows which stores are in the snapshot of the volume as they are now.

    Stores that hold objects of each other stay together: whoever changes such an object has looked up one of them.
    """

    def __init__(self, snapshot: SnapshotFolder, tmp_dir: Path, gate: Gate, progress: Progress) -> None:
        self._snapshot = snapshot
        self._tmp_dir = tmp_dir
        self._gate = gate
        self._progress = progress
        self._groups: list[Group] = []
        self._look_ups = LookUps()
        self._look_ups.install()

    def forget(self) -> None:
        """Take everything anew the next time."""
        self._groups = []

    @contextmanager
    def taken(self, unread: Callable[[], Sequence[Section]]) -> Iterator[Taken]:
        """The state, of which the stores that changed are pickled; calls wait until that is done.

        :param unread: sections of the snapshot that nobody has read yet
        :raises OSError: when there is no room for the pickles
        """
        with PickledStores(self._tmp_dir, self._progress, self._snapshot.has) as pickled:
            with self._gate.closed() as stragglers:
                stores, sections = _stores_besides(unread)
                kept = [group for group in self._groups if self._is_as_saved(group, stores)]
                pickled.add(self._to_pickle(stores, kept))
                looked_up = frozenset() if stragglers.others else self._look_ups.take()
                if stragglers.waiting:
                    self._look_ups.note(store_of(WAITING_KEY))
            taken = Taken(kept, pickled, sections)
            try:
                yield taken
            finally:
                if taken.is_saved:
                    self._groups = [*kept, *pickled.groups()]
                else:
                    self._look_ups.put_back(looked_up)

    @contextmanager
    def taken_whole(self, unread: Callable[[], Sequence[Section]]) -> Iterator[Taken]:
        """The state, for a snapshot elsewhere that has none of it."""
        with PickledStores(self._tmp_dir, self._progress, lambda part: False) as pickled:
            with self._gate.closed():
                stores, sections = _stores_besides(unread)
                pickled.add(self._to_pickle(stores, ()))
            yield Taken((), pickled, sections)

    def _is_as_saved(self, group: Group, stores: Sequence[BackendDict[Any]]) -> bool:
        used = {id(store) for store in stores}
        return (
            not group.is_running
            and all(id(store) in used and store not in self._look_ups for store in group.stores)
            and all(self._snapshot.has(part) for part in group.section.parts)
        )

    def _to_pickle(self, stores: Sequence[BackendDict[Any]], kept: Sequence[Group]) -> Iterator[Stores]:
        """The stores that are in no kept group, together those that were the last time."""
        left = {id(store): store for store in stores}
        for group in kept:
            for store in group.stores:
                del left[id(store)]
        for group in self._groups:
            if together := tuple(left.pop(id(store)) for store in group.stores if id(store) in left):
                yield together
        for store in left.values():
            yield (store,)


def _stores_besides(unread: Callable[[], Sequence[Section]]) -> tuple[list[BackendDict[Any]], Sequence[Section]]:
    """The stores that hold something, but for those that are still to be read."""
    sections = unread()
    elsewhere = {key for section in sections for key in section.keys}
    return [s for s in used_stores() if key_of(s) not in elsewhere and backends(s)], sections
