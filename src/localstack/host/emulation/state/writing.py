"""From moto's stores to the sections of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from moto.core.base_backend import BackendDict

from localstack.host.emulation.state.bodies import Body, BodyFile
from localstack.host.emulation.state.pickling import StorePickler
from localstack.host.emulation.state.progress import Progress, Writable
from localstack.host.emulation.state.snapshot import Content, Section, chunks_of, digest_of
from localstack.host.emulation.state.stores import key_of

_IN_MEMORY_BYTES = 8 << 20
_ATTEMPTS = 3
"""A call that waits for messages is inside while stores are pickled, and may change one: then it is tried again."""

Stores = tuple[BackendDict[Any], ...]


@dataclass(frozen=True)
class Group:
    """Stores that were pickled together, for they hold objects of each other.

    :ivar is_running: whether a thread of moto goes on to change them
    """

    stores: Stores
    section: Section
    is_running: bool


@dataclass
class PickledStores:
    """Stores ready to be written as long as the block lasts that it is used in, and what could not be pickled.

    :ivar folder: where large pickles wait to be copied
    :ivar is_saved: whether the snapshot has a part already
    """

    folder: Path
    progress: Progress
    is_saved: Callable[[str], bool]
    lost: dict[str, str] = field(default_factory=dict)
    _pickled: list[_Pickled] = field(default_factory=list)
    _files: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> PickledStores:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def add(self, groups: Iterable[Stores]) -> None:
        """Pickle groups of stores, those that share objects together: read one by one, each would get a copy."""
        single = [pickled for stores in groups for pickled in self._pickle_group(stores)]
        for connected in _connected(single):
            if len(connected) == 1:
                self._pickled += connected
            elif (together := self._pickle([store for each in connected for store in each.stores])) is not None:
                self._pickled.append(together)

    def groups(self) -> Iterator[Group]:
        """What was pickled, after its checksums were worked out: nobody needs to wait for that."""
        return (pickled.group for pickled in self._pickled)

    def contents(self) -> dict[str, Content]:
        """The parts that are not saved."""
        parts: dict[str, Content] = {}
        for pickled in self._pickled:
            parts[pickled.group.section.pickle] = pickled.copy_to
            parts |= {body.part: body.copy_to for body in pickled.bodies if not body.is_saved}
        return parts

    def _pickle_group(self, stores: Stores) -> Iterator[_Pickled]:
        """Stores that belonged together; when one of them can't be pickled, the others can by themselves."""
        is_last = len(stores) == 1
        if (pickled := self._pickle(stores, is_last=is_last)) is not None:
            yield pickled
        elif not is_last:
            for store in stores:
                yield from self._pickle_group((store,))

    def _pickle(self, stores: Sequence[BackendDict[Any]], *, is_last: bool = True) -> _Pickled | None:
        """The stores in a temporary file; None, with the reason in ``lost``, when one of their objects can't be."""
        for attempt in range(1, _ATTEMPTS + 1):
            file = self._files.enter_context(SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(self.folder)))  # noqa: SIM115 - the stack does
            pickler = StorePickler(self.progress.counting(file))
            try:
                pickler.write(stores)
                return _Pickled(tuple(stores), file, pickler, [self._body(each) for each in pickler.bodies])
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001 - pickling runs code of moto's objects, which may raise anything
                file.close()
                if isinstance(error, RuntimeError) and attempt < _ATTEMPTS:
                    continue
                if is_last:
                    self.lost |= {str(store.service_name): f"{type(error).__name__}: {error}" for store in stores}
                break
        return None

    def _body(self, file: BodyFile) -> Body:
        body = Body(file, self.is_saved)
        self._files.callback(body.close)
        return body


@dataclass
class _Pickled:
    """Stores pickled together. The pickler lives as long: it keeps the identities in ``reached`` from being re-used."""

    stores: Stores
    file: IO[bytes]
    pickler: StorePickler
    bodies: list[Body]
    _group: Group | None = None

    @property
    def group(self) -> Group:
        if self._group is None:
            self.file.seek(0)
            keys = tuple(key_of(store) for store in self.stores)
            services = tuple(sorted({str(store.service_name) for store in self.stores}))
            section = Section(keys, services, digest_of(self.file), tuple(body.part for body in self.bodies))
            self._group = Group(self.stores, section, self.pickler.is_running)
        return self._group

    def copy_to(self, target: Writable) -> None:
        self.file.seek(0)
        for chunk in chunks_of(self.file):
            target.write(chunk)


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
