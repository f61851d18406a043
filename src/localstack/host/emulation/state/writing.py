"""From moto's stores to the sections of a snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
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
    """Sections ready to be written, and what could not be pickled."""

    sections: list[tuple[Section, Content]] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)


@dataclass
class _Pickled:
    """Stores pickled together. The pickler lives as long: it keeps the identities in ``reached`` from being re-used."""

    stores: list[BackendDict[Any]]
    file: IO[bytes]
    pickler: StorePickler


def pickle_stores(stores: Iterable[BackendDict[Any]], left_out: set[str], folder: Path) -> PickledStores:
    """Pickle stores, those that share objects together: read one by one, each would get a copy of its own.

    :param left_out: keys of stores that are not pickled
    :param folder: where large pickles wait to be copied
    """
    result = PickledStores()
    single: list[_Pickled] = []
    for store in stores:
        if key_of(store) not in left_out and backends(store) and (pickled := _pickled([store], folder, result.lost)):
            single.append(pickled)
    for group in _connected(single):
        together = group[0]
        if len(group) > 1:
            members = [store for pickled in group for store in pickled.stores]
            joined = _pickled(members, folder, result.lost)
            if joined is None:
                continue
            together = joined
        keys = tuple(key_of(store) for store in together.stores)
        services = tuple(sorted({str(store.service_name) for store in together.stores}))
        result.sections.append((Section(keys, services), _copied(together.file)))
    return result


def _pickled(stores: list[BackendDict[Any]], folder: Path, lost: dict[str, str]) -> _Pickled | None:
    """The stores in a temporary file; None, with the reason in ``lost``, when an object of theirs can't be pickled."""
    file = SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115 - it lives until it is copied
    pickler = StorePickler(file)
    try:
        pickler.write(stores)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - pickling runs code of moto's objects, which may raise anything
        file.close()
        lost |= {str(store.service_name): f"{type(error).__name__}: {error}" for store in stores}
        return None
    return _Pickled(stores, file, pickler)


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
        source.close()

    return copy
