"""The state of the emulated services as the platform deals with it: reset, save, load, list, named snapshots."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING

from localstack.host.emulation.models import IMPORTING
from localstack.host.emulation.state.archive import SUFFIX, SnapshotArchive
from localstack.host.emulation.state.folder import SnapshotFolder
from localstack.host.emulation.state.gate import Gate
from localstack.host.emulation.state.progress import Progress
from localstack.host.emulation.state.saver import Saver
from localstack.host.emulation.state.snapshot import Content, Manifest, Section, Snapshot
from localstack.host.errors import LeantoError, NoSnapshotError, SnapshotError, UnknownServiceError
from localstack.host.settings import LoadStrategy, SaveStrategy, Settings

if TYPE_CHECKING:
    from localstack.host.emulation.state.keeper import Keeper
    from localstack.host.emulation.state.reading import PendingSections

_LOG = logging.getLogger(__name__)

_READ = re.compile(r"(Get|List|Describe|Head|BatchGet|Search|Lookup)[A-Z]|Query$|Scan$|SelectObjectContent$")
_WAITING = "ReceiveMessage"
_POD_NAME = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@cache
def _is_read(operation: str) -> bool:
    """Whether an operation changes nothing, told by its name; what can't be told counts as a change."""
    return _READ.match(operation) is not None


@dataclass(frozen=True)
class Pod:
    """A named snapshot; ``saved_at`` is in seconds since the epoch."""

    name: str
    saved_at: float


class EmulationState:
    """What the services hold. All methods may be called from any thread, and while calls of services run.

    Nothing of moto is imported before a service is called, unless there is something to read or to forget.

    :param set_up_moto: makes moto ready for use in this process, once; called before anything of it is imported
    """

    def __init__(self, settings: Settings, emulated: Sequence[str], set_up_moto: Callable[[], None]) -> None:
        self._settings = settings
        self._emulated = frozenset(emulated)
        self._set_up_moto = set_up_moto
        self._gate = Gate()
        self._lock = RLock()
        self._keeper: Keeper | None = None
        self._unread: tuple[Section, ...] = ()
        self._pending: PendingSections | None = None
        self._is_replaced_unread = False
        self._changes = 0
        self._saved_changes = 0
        self._progress = Progress(settings)
        self._snapshot = SnapshotFolder(settings.state_dir / "emulation", self._progress)
        self._pods = settings.state_dir / "pods"
        interval = settings.flush_interval_seconds if settings.save_strategy is SaveStrategy.SCHEDULED else 0
        self._saver = Saver(self._save_if_changed, interval)

    def enter(self, operation: str) -> None:
        """Before a service is called; ``leave`` has to follow. Waits while the state is taken as a whole."""
        if self._keeper is None:
            self._take_into_use()
        self._gate.enter(may_wait=operation == _WAITING)
        if not _is_read(operation):
            self._changes += 1  # two threads may count one change: it only has to differ from what was saved

    def leave(self, operation: str) -> None:
        """After the call of ``enter``; both on any thread."""
        if self._gate.leave(may_wait=operation == _WAITING):
            self._changes += 1  # it went on while the state was taken
        if self._changes != self._saved_changes:
            self._saver.wake()

    def read(self, service: str) -> None:
        """Read what the snapshot has of a service, unless somebody has needed it already."""
        if any(service in section.services for section in self._unread):
            self._take_into_use()
        if self._pending is not None:
            with IMPORTING:
                self._pending.read(service)

    def start(self) -> None:
        """With ``PERSISTENCE``: offer or read what was saved, and begin to save. Failures are logged, not raised."""
        if not self._settings.persistence:
            return
        if self._settings.load_strategy is LoadStrategy.MANUAL:
            self._is_replaced_unread = self._snapshot.exists
        elif self._snapshot.exists:
            try:
                self._unread = self._snapshot.manifest().sections
                if self._settings.load_strategy is LoadStrategy.ON_STARTUP:
                    self.load()
            except LeantoError as error:
                self._unread = ()
                _LOG.error("the saved state is not used: %s; %s", _text(error), self._kept())
        if self._settings.save_strategy in (SaveStrategy.SCHEDULED, SaveStrategy.ON_REQUEST):
            self._saver.start()

    def stop(self) -> None:
        """With ``PERSISTENCE``: save what has changed, and save no more."""
        self._saver.stop()
        if not self._settings.persistence or self._settings.save_strategy is SaveStrategy.MANUAL:
            return
        if self._keeper is not None and not self._is_replaced_unread:
            self._changes += 1  # what looked like a read may have changed something; what did not is not saved again
        self._save_if_changed()

    def reset(self, service: str | None = None) -> None:
        """Forget what one service holds, or all.

        :raises UnknownServiceError: when there is no such service
        """
        self._check_service(service)
        with self._lock, self._gate.closed():
            self._changes += 1
            if service is None:
                self._forget_all()
            elif self._keeper is not None or self._unread:
                self._take_into_use()
                from localstack.host.emulation.state.stores import forget, stores_of_service

                if self._pending is not None:
                    self._pending.read_all()
                forget(stores_of_service(service))

    def save(self, service: str | None = None) -> Manifest:
        """Write the volume's snapshot; with a service, only its state: what the snapshot has of others stays there.

        :raises UnknownServiceError: when there is no such service
        :raises SnapshotError: when it can't be written; the one before it is kept then
        """
        self._check_service(service)
        with self._lock, self._progress.of_save():
            changes = self._changes  # those that follow are saved again, or for nothing
            if self._keeper is None and service is None:
                manifest = self._write(Manifest(self._unread, {}), {})
            else:
                keeper = self._take_into_use()
                with _room_for_pickles(), keeper.taken(self._pending_sections) as taken:
                    sections = taken.sections if service is None else self._with_saved(service, taken.sections)
                    manifest = self._write(Manifest(tuple(sections), taken.pickled.lost), taken.pickled.contents())
                    taken.is_saved = service is None
            if service is None:
                self._saved_changes = changes
            return manifest

    def load(self, service: str | None = None) -> Manifest:
        """Replace all state, or that of one service and those that share objects with it, by the volume's snapshot.

        :raises UnknownServiceError: when there is no such service
        :raises NoSnapshotError: when there is none, or none of the service
        :raises SnapshotError: when it can't be used here; nothing has changed then
        """
        self._check_service(service)
        manifest = self._snapshot.manifest()
        sections = manifest.sections
        if service is not None:
            self._take_into_use()
            from localstack.host.emulation.state.stores import keys_of_service

            keys = keys_of_service(service)
            sections = tuple(section for section in sections if not keys.isdisjoint(section.keys))
            if not sections:
                raise NoSnapshotError(f"{self._snapshot.path} holds nothing of {service}")
        self._load(self._snapshot, sections, is_all=service is None)
        return replace(manifest, sections=sections)

    def resources(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """What exists, by CloudFormation type: ``{"AWS::SQS::Queue": [{"region_name", "account_id", "id"}]}``."""
        if self._keeper is None and not self._unread:
            return {}
        self._take_into_use()
        from localstack.host.emulation.state.stores import resources, used_stores

        found: dict[str, list[Mapping[str, str]]] = {}
        with self._lock, self._gate.closed():
            if self._pending is not None:
                self._pending.read_all()
            for store in used_stores():
                for kind, resource in resources(store):
                    if resource not in found.setdefault(kind, []):
                        found[kind].append(resource)
        return dict(sorted(found.items()))

    def save_pod(self, name: str) -> Manifest:
        """Write a snapshot with a name, in one file.

        :raises SnapshotError: when it can't be written; the one of that name before it is kept then
        """
        pod = self._pod(name)
        with self._lock, self._progress.of_save():
            if self._keeper is None:
                manifest = Manifest(self._unread, {})
                pod.write(manifest, self._snapshot.contents_of(self._unread))
                return manifest
            with _room_for_pickles(), self._keeper.taken_whole(self._pending_sections) as taken:
                manifest = Manifest(tuple(taken.sections), taken.pickled.lost)
                _warn_of_lost(manifest, pod)
                pod.write(manifest, self._snapshot.contents_of(taken.unread) | taken.pickled.contents())
                return manifest

    def load_pod(self, name: str, merge: str) -> Manifest:
        """Bring the state of a pod in.

        :param merge: ``overwrite`` forgets all other state; ``account-region-merge`` replaces what is in the same
            service, account and region; ``service-merge`` adds to that, and replaces what has the same name
        :raises NoSnapshotError: when there is none of that name
        :raises SnapshotError: when it can't be used here; nothing has changed then
        """
        pod = self._pod(name)
        manifest = pod.manifest()
        if merge == "overwrite":
            self._load(pod, manifest.sections, is_all=True)
        else:
            self._merge(pod, manifest.sections, by_name=merge == "service-merge")
        return manifest

    def delete_pod(self, name: str) -> None:
        self._pod(name).delete()

    def list_pods(self) -> Sequence[Pod]:
        files = sorted(self._pods.glob(f"*{SUFFIX}"))
        return [Pod(file.name.removesuffix(SUFFIX), file.stat().st_mtime) for file in files]

    def _pod(self, name: str) -> SnapshotArchive:
        if not _POD_NAME.fullmatch(name):
            raise SnapshotError(f"{name!r} can't name a pod", "use letters, digits, '.', '_' and '-'")
        return SnapshotArchive(self._pods / f"{name}{SUFFIX}")

    def _check_service(self, service: str | None) -> None:
        if service is not None and service not in self._emulated:
            raise UnknownServiceError(f"there is no service {service!r} in the emulation")

    def _take_into_use(self) -> Keeper:
        """Set moto up, and from then on read what was saved as it is looked up."""
        with self._lock:
            if self._keeper is not None:
                return self._keeper
            self._set_up_moto()
            from localstack.host.emulation.state.keeper import Keeper

            keeper = Keeper(self._snapshot, self._settings.tmp_dir, self._gate, self._progress)
            if self._unread:
                from localstack.host.emulation.state.reading import PendingSections

                self._pending = PendingSections(self._snapshot, self._unread, self._report_unreadable)
                with IMPORTING:
                    self._pending.install()
                self._unread = ()
            self._keeper = keeper
            return keeper

    def _pending_sections(self) -> Sequence[Section]:
        return self._pending.unread() if self._pending is not None else ()

    def _with_saved(self, service: str, sections: Sequence[Section]) -> Sequence[Section]:
        """The sections with a service, and those of the volume's snapshot that share no store with them."""
        from localstack.host.emulation.state.stores import keys_of_service

        saved = self._snapshot.manifest().sections if self._snapshot.exists else ()
        keys, size = keys_of_service(service), 0
        while len(keys) > size:  # who shares a section with a service comes along, in either snapshot
            size = len(keys)
            keys = keys.union(*(s.keys for s in (*sections, *saved) if not keys.isdisjoint(s.keys)))
        return [s for s in sections if not keys.isdisjoint(s.keys)] + [s for s in saved if keys.isdisjoint(s.keys)]

    def _write(self, manifest: Manifest, contents: Mapping[str, Content]) -> Manifest:
        """Write the volume's snapshot, unless it says that already."""
        saved = self._saved_manifest()
        if (
            saved is not None
            and set(saved.sections) == set(manifest.sections)
            and saved.lost == manifest.lost
            and all(self._snapshot.has(part) for part in saved.parts)
        ):
            return saved
        _warn_of_lost(manifest, self._snapshot)
        loses_saved = saved is not None and not set(saved.services).isdisjoint(manifest.lost)
        if self._is_replaced_unread or loses_saved:
            _LOG.info("the snapshot before it is kept as %s", self._snapshot.kept())
            self._is_replaced_unread = False
        parts = manifest.parts
        self._snapshot.write(manifest, {part: content for part, content in contents.items() if part in parts})
        return manifest

    def _saved_manifest(self) -> Manifest | None:
        try:
            return self._snapshot.manifest()
        except SnapshotError:
            return None

    def _save_if_changed(self) -> None:
        if self._changes == self._saved_changes:
            return
        try:
            self.save()
        except LeantoError as error:
            _LOG.error("%s", _text(error))

    def _load(self, snapshot: Snapshot, sections: Sequence[Section], *, is_all: bool) -> None:
        """Put sections in the place of their stores, or of all stores; they are tried first."""
        keeper = self._take_into_use()
        from localstack.host.emulation.state.reading import read_section, try_section

        with self._lock, self._gate.closed(), IMPORTING:
            snapshot.check(sections)
            with _nothing_changed(snapshot):
                for section in sections:
                    try_section(snapshot, section)
            if is_all:
                self._forget_all()
                self._is_replaced_unread = False
            elif self._pending is not None:
                self._pending.read_all()
            self._changes += 1
            keeper.forget()
            for section in sections:
                read_section(snapshot, section)

    def _merge(self, snapshot: Snapshot, sections: Sequence[Section], *, by_name: bool) -> None:
        keeper = self._take_into_use()
        from localstack.host.emulation.state.merging import merge
        from localstack.host.emulation.state.reading import stored_in

        with self._lock, self._gate.closed(), IMPORTING:
            if self._pending is not None:
                self._pending.read_all()
            snapshot.check(sections)
            with _nothing_changed(snapshot):
                stored = [each for section in sections for each in stored_in(snapshot, section)]
            self._changes += 1
            keeper.forget()
            for each in stored:
                merge(each, by_name=by_name)

    def _forget_all(self) -> None:
        self._unread = ()
        if self._pending is not None:
            self._pending.drop()
            self._pending = None
        if self._keeper is not None:
            from localstack.host.emulation.state.stores import forget, used_stores

            self._keeper.forget()
            forget(used_stores())

    def _report_unreadable(self, message: str) -> None:
        _LOG.error("%s; %s", message, self._kept())

    def _kept(self) -> str:
        """Where the snapshot stays that can't be used, in words; the next save does not replace it without that."""
        self._is_replaced_unread = True
        try:
            return f"it is kept as {self._snapshot.kept()}"
        except SnapshotError as error:
            return f"{_text(error)}, so nothing will be saved in its place"


@contextmanager
def _room_for_pickles() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"the state can't be saved: {error}") from None


@contextmanager
def _nothing_changed(snapshot: Snapshot) -> Iterator[None]:
    try:
        yield
    except SnapshotError:
        raise
    except Exception as error:  # noqa: BLE001 - a pickle may raise anything
        raise SnapshotError(f"{snapshot.path} can't be loaded, nothing has changed: {error}") from None


def _warn_of_lost(manifest: Manifest, snapshot: Snapshot) -> None:
    for service, reason in manifest.lost.items():
        _LOG.warning("the state of %s is not in %s: %s", service, snapshot.path.name, reason)


def _text(error: LeantoError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
