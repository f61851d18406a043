"""From a snapshot back to moto's stores: each section when a store of it is first looked up."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock

from localstack.host.emulation.object_content import ObjectContent
from localstack.host.emulation.state.bodies import read_body
from localstack.host.emulation.state.pickling import StoredStore, StoreUnpickler
from localstack.host.emulation.state.snapshot import Section, Snapshot, verified
from localstack.host.emulation.state.stores import attach, forget, key_of, store_of


class PendingSections:
    """The sections of a snapshot that no one has needed yet.

    moto's services look each other up, so the look-up itself is where a section is read: ``install`` puts a step in
    front of it, which takes itself away with the last section.
    """

    def __init__(self, snapshot: Snapshot, sections: Iterable[Section], on_failure: Callable[[str], None]) -> None:
        self._snapshot = snapshot
        self._by_key = {key: section for section in sections for key in section.keys}
        self._being_read: set[Section] = set()
        self._on_failure = on_failure
        self._look_up: Callable[[BackendDict[Any], str], None] | None = None

    def install(self) -> None:
        """From now on, looking a store up reads its section. What a look-up may then need is imported here."""
        for key, section in self._by_key.items():
            if len(section.keys) > 1:
                store_of(key)
        look_up = self._look_up = BackendDict._create_account_specific_backend

        def look_up_with_state(store: BackendDict[Any], account: str) -> None:
            if self._by_key:
                self._read_for(store)
            look_up(store, account)

        BackendDict._create_account_specific_backend = look_up_with_state

    def read_all(self) -> None:
        for key in list(self._by_key):
            if key in self._by_key:
                self._read_for(store_of(key))

    def read(self, service: str) -> None:
        """What there is of one service, together with what shares objects with it."""
        for key, section in list(self._by_key.items()):
            if service in section.services and key in self._by_key:
                self._read_for(store_of(key))

    def drop(self) -> None:
        """Forget what was not read, and give moto its own look-up back."""
        with backend_lock:
            self._by_key.clear()
            if self._look_up is not None:
                BackendDict._create_account_specific_backend = self._look_up
                self._look_up = None

    def unread(self) -> list[Section]:
        """What is still only in the snapshot, and belongs into the next one."""
        with backend_lock:
            return list(dict.fromkeys(self._by_key.values()))

    def _read_for(self, store: BackendDict[Any]) -> None:
        key = key_of(store)
        if key not in self._by_key:
            return
        with backend_lock:  # moto's own, for a thread may hold it when it looks a store up
            section = self._by_key.get(key)
            if section is None or section in self._being_read:
                return
            self._being_read.add(section)
            try:
                read_section(self._snapshot, section)
            except Exception as error:  # noqa: BLE001 - a damaged pickle may raise anything
                self._on_failure(f"the state of {', '.join(section.services)} can't be read: {error}")
            finally:
                self._being_read.discard(section)
                for each in section.keys:
                    self._by_key.pop(each, None)
            if not self._by_key:
                self.drop()


def read_section(snapshot: Snapshot, section: Section) -> None:
    """Fill the stores of one section; what they held is gone.

    :raises Exception: whatever a damaged pickle raises; the stores are empty then
    """
    stores = [store_of(key) for key in section.keys]
    try:
        forget(stores)
        for stored in stored_in(snapshot, section):
            attach(store_of(stored.key), stored.shared, stored.backends)
    except Exception:
        forget(stores)
        raise


def try_section(snapshot: Snapshot, section: Section) -> None:
    """Read the pickle of a section to its end, and forget what was in it.

    :raises Exception: whatever a damaged pickle raises, and what names a store that this moto does not have
    """
    with snapshot.opened() as open_part, verified(open_part, section.pickle) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # moto's, about objects that are only forgotten
        keys = {stored.key for stored in StoreUnpickler(file, lambda number: ObjectContent(0)).read()}
    for key in keys.union(section.keys):
        store_of(key)


def stored_in(snapshot: Snapshot, section: Section) -> list[StoredStore]:
    """What a section holds, in none of moto's stores yet.

    :raises Exception: whatever a damaged pickle raises
    """
    with snapshot.opened() as open_part, verified(open_part, section.pickle) as file:
        return StoreUnpickler(file, lambda number: read_body(open_part, section.bodies[number])).read()
