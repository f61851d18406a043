"""From moto's stores to the sections of a snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from moto.core.base_backend import BackendDict

from localstack.host.emulation.state.pickling import StorePickler
from localstack.host.emulation.state.snapshot import Content, Section
from localstack.host.emulation.state.stores import backends, key_of

_IN_MEMORY_BYTES = 8 << 20
_COPY_BYTES = 1 << 20


@dataclass
class PickledStores:
    """Sections ready to be written as long as the block lasts that it is used in, and what could not be pickled.

    :ivar folder: where large pickles wait to be copied
    """

    folder: Path
    sections: list[tuple[Section, Content]] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    _files: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> PickledStores:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, stores: Iterable[BackendDict[Any]]) -> None:
        """Pickle stores, those that share objects together: read one by one, each would get a copy of its own."""
        single = [pickled for store in stores if backends(store) and (pickled := self._pickled([store]))]
        for group in _connected(single):
            together: _Pickled | None = group[0]
            if len(group) > 1:
                together = self._pickled([store for pickled in group for store in pickled.stores])
            if together is not None:
                self.sections.append((together.section, _copied(together.file)))

    def _pickled(self, stores: list[BackendDict[Any]]) -> _Pickled | None:
        """The stores in a temporary file; None, with the reason in ``lost``, when one of their objects can't be."""
        file = self._files.enter_context(SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(self.folder)))  # noqa: SIM115 - the stack does
        pickler = StorePickler(file)
        try:
            pickler.write(stores)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - pickling runs code of moto's objects, which may raise anything
            self.lost |= {str(store.service_name): f"{type(error).__name__}: {error}" for store in stores}
            return None
        return _Pickled(stores, file, pickler)


@dataclass
class _Pickled:
    """Stores pickled together. The pickler lives as long: it keeps the identities in ``reached`` from being re-used."""

    stores: list[BackendDict[Any]]
    file: IO[bytes]
    pickler: StorePickler

    @property
    def section(self) -> Section:
        services = sorted({str(store.service_name) for store in self.stores})
        return Section(tuple(key_of(store) for store in self.stores), tuple(services))


def _connected(pickled: list[_Pickled]) -> list[list[_Pickled]]:
    """Groups of which no two reached the same object."""
    groups: list[tuple[set[int], list[_Pickled]]] = []
    for each in pickled:
        reached, members = set(each.pickler.reached), [each]
        apart = []
        for group in groups:
            if group[0].isdisjoint(reached):
                apart.append(group)
            else:
                reached |= group[0]
                members = [*group[1], *members]
        groups = [*apart, (reached, members)]
    return [members for _, members in groups]


def _copied(source: IO[bytes]) -> Content:
    def copy(target: IO[bytes]) -> None:
        source.seek(0)
        shutil.copyfileobj(source, target, _COPY_BYTES)

    return copy
