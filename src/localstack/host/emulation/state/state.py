"""The state of the emulated services as the platform deals with it: reset, save, load, list, named snapshots."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING

from localstack.host.emulation.models import IMPORTING
from localstack.host.emulation.state.gate import Gate
from localstack.host.emulation.state.saver import Saver
from localstack.host.emulation.state.snapshot import SUFFIX, Content, Manifest, Section, Snapshot
from localstack.host.errors import LeantoError, SnapshotError, UnknownServiceError
from localstack.host.settings import LoadStrategy, SaveStrategy, Settings

if TYPE_CHECKING:
    from localstack.host.emulation.state.reading import PendingSections

_LOG = logging.getLogger(__name__)

_READ = re.compile(r"(Get|List|Describe|Head|BatchGet|Search|Lookup)[A-Z]|Query$|Scan$|SelectObjectContent$")
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
        self._is_in_use = False
        self._unread: tuple[Section, ...] = ()
        self._pending: PendingSections | None = None
        self._is_replaced_unread = False
        self._changes = 0
        self._saved_changes = 0
        self._snapshot = Snapshot(settings.state_dir / f"emulation{SUFFIX}")
        self._pods = settings.state_dir / "pods"
        interval = settings.flush_interval_seconds if settings.save_strategy is SaveStrategy.SCHEDULED else 0
        self._saver = Saver(self._save_if_changed, interval)

    def enter(self, operation: str) -> None:
        """Before a service is called; ``leave`` has to follow. Waits while the state is taken as a whole."""
        if not self._is_in_use:
            self._take_into_use()
        self._gate.enter()
        if not _is_read(operation):
            self._changes += 1  # two threads may count one change: it only has to differ from what was saved

    def leave(self) -> None:
        self._gate.leave()
        if self._changes != self._saved_changes:
            self._saver.wake()

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
                _LOG.error("the saved state is not used: %s; it is kept as %s", error, self._snapshot.kept())
        if self._settings.save_strategy in (SaveStrategy.SCHEDULED, SaveStrategy.ON_REQUEST):
            self._saver.start()

    def stop(self) -> None:
        """With ``PERSISTENCE``: save what has changed, and save no more."""
        self._saver.stop()
        if self._settings.persistence and self._settings.save_strategy is not SaveStrategy.MANUAL:
            self._save_if_changed()

    def reset(self, service: str | None = None) -> None:
        """Forget what one service holds, or all.

        :raises UnknownServiceError: when there is no such service
        """
        if service is not None and service not in self._emulated:
            raise UnknownServiceError(f"there is no service {service!r} in the emulation")
        with self._lock, self._gate.closed():
            self._changes += 1
            if service is None:
                self._forget_all()
            elif self._is_in_use or self._unread:
                self._take_into_use()
                from localstack.host.emulation.state.stores import forget, stores_of_service

                if self._pending is not None:
                    self._pending.read_all()
                forget(stores_of_service(service))

    def save(self) -> Manifest:
        """Write the volume's snapshot.

        :raises SnapshotError: when it can't be written; the one before it is kept then
        """
        return self._save(self._snapshot)

    def load(self) -> Manifest:
        """Replace all state by that of the volume's snapshot.

        :raises NoSnapshotError: when there is none
        :raises SnapshotError: when it can't be used here
        """
        return self._load(self._snapshot)

    def resources(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """What exists, by CloudFormation type: ``{"AWS::SQS::Queue": [{"region_name", "account_id", "id"}]}``."""
        if not self._is_in_use and not self._unread:
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
        return self._save(self._pod(name))

    def load_pod(self, name: str) -> Manifest:
        return self._load(self._pod(name))

    def delete_pod(self, name: str) -> None:
        self._pod(name).delete()

    def list_pods(self) -> Sequence[Pod]:
        files = sorted(self._pods.glob(f"*{SUFFIX}"))
        return [Pod(file.name.removesuffix(SUFFIX), file.stat().st_mtime) for file in files]

    def _pod(self, name: str) -> Snapshot:
        if not _POD_NAME.fullmatch(name):
            raise SnapshotError(f"{name!r} can't name a pod", "use letters, digits, '.', '_' and '-'")
        return Snapshot(self._pods / f"{name}{SUFFIX}")

    def _take_into_use(self) -> None:
        """Set moto up, and from then on read what was saved as it is looked up."""
        with self._lock:
            if self._is_in_use:
                return
            self._set_up_moto()
            if self._unread:
                from localstack.host.emulation.state.reading import PendingSections

                self._pending = PendingSections(self._snapshot, self._unread, self._report_unreadable)
                with IMPORTING:
                    self._pending.install()
                self._unread = ()
            self._is_in_use = True

    def _save(self, snapshot: Snapshot) -> Manifest:
        with self._lock:
            changes = self._changes
            if not self._is_in_use:
                manifest = self._write(snapshot, [(s, self._snapshot.copied(s)) for s in self._unread], {})
            else:
                from localstack.host.emulation.state.stores import key_of, used_stores
                from localstack.host.emulation.state.writing import PickledStores

                with PickledStores(self._settings.tmp_dir) as pickled:
                    with self._gate.closed():
                        changes = self._changes
                        unread = self._pending.unread() if self._pending is not None else []
                        left_out = {key for section, _ in unread for key in section.keys}
                        try:
                            pickled.add(store for store in used_stores() if key_of(store) not in left_out)
                        except OSError as error:
                            raise SnapshotError(f"the state can't be saved: {error}") from None
                    manifest = self._write(snapshot, [*pickled.sections, *unread], pickled.lost)
            if snapshot is self._snapshot:
                self._saved_changes = changes
            return manifest

    def _write(
        self, snapshot: Snapshot, sections: Sequence[tuple[Section, Content]], lost: Mapping[str, str]
    ) -> Manifest:
        if self._is_replaced_unread and snapshot is self._snapshot:
            _LOG.info("the snapshot that was not loaded is kept as %s", snapshot.kept())
            self._is_replaced_unread = False
        for service, reason in lost.items():
            _LOG.warning("the state of %s is not in %s: %s", service, snapshot.path.name, reason)
        return snapshot.write(sections, lost)

    def _save_if_changed(self) -> None:
        if self._changes == self._saved_changes:
            return
        try:
            self.save()
        except LeantoError as error:
            _LOG.error("%s%s", error.message, f"; {error.hint}" if error.hint else "")

    def _load(self, snapshot: Snapshot) -> Manifest:
        manifest = snapshot.manifest()
        snapshot.check()
        self._take_into_use()
        from localstack.host.emulation.state.reading import read_section

        with self._lock, self._gate.closed(), IMPORTING:
            self._forget_all()
            self._changes += 1
            try:
                for section in manifest.sections:
                    read_section(snapshot, section)
            except Exception as error:  # noqa: BLE001 - a pickle may raise anything
                self._forget_all()
                hint = f"what was saved before is {self._snapshot.kept()}" if self._snapshot.exists else None
                raise SnapshotError(f"{snapshot.path} can't be loaded, nothing is there now: {error}", hint) from None
            self._is_replaced_unread = False
        return manifest

    def _forget_all(self) -> None:
        self._unread = ()
        if self._pending is not None:
            self._pending.drop()
            self._pending = None
        if self._is_in_use:
            from localstack.host.emulation.state.stores import forget, used_stores

            forget(used_stores())

    def _report_unreadable(self, message: str) -> None:
        _LOG.error("%s; the snapshot is kept as %s", message, self._snapshot.kept())
