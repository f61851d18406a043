"""Containers that extensions have made: whose they are, and their end with the platform."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from localstack.host.extension.ownership import Contribution, ContributionKind, Ledger
from localstack.utils.container_utils.container_configuration import ContainerConfiguration
from localstack.utils.container_utils.container_errors import ContainerException

LOG = logging.getLogger("localstack.extensions.platform")

_EXTENSION = "leanto.extension"
_PLATFORM = "leanto.platform"
_RUN = "leanto.run"
_PATIENCE_SECONDS = 2


class Engine(Protocol):
    """What is asked of the container engine at the end."""

    def is_container_running(self, container_name: str) -> bool: ...
    def remove_container(self, container_name: str) -> None: ...
    def stop_container(self, container_name: str, timeout: int) -> None: ...


@dataclass(frozen=True)
class _Owned:
    """A container, the engine that has it, and the extension that made it."""

    engine: Engine
    id: str
    configuration: ContainerConfiguration
    owner: str | None

    @property
    def name(self) -> str:
        return self.configuration.name or self.id[:12]

    @property
    def image(self) -> str:
        return self.configuration.image_name

    @property
    def is_in_network_of_another(self) -> bool:
        return (self.configuration.network or "").startswith("container:")


@dataclass
class _Kept:
    """Ids of the containers of an extension that is being replaced.

    :ivar stay: these are not removed or stopped, whatever the extension says
    :ivar taken: with these the new version goes on
    """

    stay: set[str]
    taken: set[str] = field(default_factory=set)


class OwnedContainers:
    """The containers that were made in this run, until they are removed. Safe for threads.

    While an extension is replaced, there are two versions of it, and one container of a name: the new version gets the
    one that runs, and neither its failure nor the end of the version before takes that away.

    :param platform: tells the platform from all others, and stays the same from run to run
    :param run: tells this run from all others
    """

    def __init__(self, ledger: Ledger, platform: str, run: str) -> None:
        self._ledger = ledger
        self._platform = platform
        self._run = run
        self._owned: dict[str, _Owned] = {}
        self._kept: dict[str, _Kept] = {}
        ledger.containers.append(self)

    def labels(self) -> dict[str, str]:
        """Labels of a container that is made now."""
        return {_EXTENSION: self._ledger.owner_of(None) or "", _PLATFORM: self._platform, _RUN: self._run}

    @property
    def platform_label(self) -> str:
        """The label that all containers of this platform have, whichever run they are from."""
        return f"{_PLATFORM}={self._platform}"

    def is_leftover(self, labels: Mapping[str, str]) -> bool:
        """Whether a container with ``labels`` comes from an earlier run of this platform, which can't run any more."""
        return labels.get(_PLATFORM) == self._platform and labels.get(_RUN) != self._run

    def add(self, engine: Engine, container_id: str, configuration: ContainerConfiguration) -> None:
        """Record a container for the extension that is acting now."""
        self._owned[container_id] = _Owned(engine, container_id, configuration, self._ledger.owner_of(None))

    def forget(self, name_or_id: str) -> None:
        """A container has been removed."""
        for one in self._meant_by(name_or_id):
            self._owned.pop(one.id, None)

    def keep(self, owner: str) -> None:
        """A new version of an extension is made beside the one that runs, whose containers stay until ``release``."""
        self._kept[owner] = _Kept({one.id for one in tuple(self._owned.values()) if one.owner == owner})

    def hand_on(self, owner: str) -> None:
        """The new version is in place: while the one before ends, only what the new one has taken stays."""
        if kept := self._kept.get(owner):
            kept.stay = kept.taken

    def release(self, owner: str) -> None:
        """The extension has one version again, which does with its containers what it likes."""
        self._kept.pop(owner, None)

    def stays(self, name_or_id: str) -> bool:
        """Whether a container must not be removed or stopped now."""
        staying = [kept.stay for kept in tuple(self._kept.values())]
        return any(one.id in ids for one in self._meant_by(name_or_id) for ids in staying)

    def taken_from_version_before(self, configuration: ContainerConfiguration) -> str | None:
        """The id of the running container that the acting extension would make anew; ``None`` when there is none.

        :raises ContainerException: when it was made in another way
        """
        kept = self._kept.get(self._ledger.owner_of(None) or "")
        one = next((one for one in self._meant_by(configuration.name or "") if kept and one.id in kept.stay), None)
        if kept is None or one is None or not one.engine.is_container_running(one.id):
            return None
        if one.configuration != configuration:
            raise ContainerException(
                f"container {one.name} runs as the version before has made it, and is to be made in another way: "
                "run `localstack restart`"
            )
        kept.taken.add(one.id)
        return one.id

    def _meant_by(self, name_or_id: str) -> list[_Owned]:
        """A name counts more than the beginning of another's id."""
        present = tuple(self._owned.values()) if name_or_id else ()
        named = [one for one in present if one.name == name_or_id]
        return named or [one for one in present if one.id.startswith(name_or_id)]

    def end(self, owner: str | None = None, timeout_seconds: float | None = None) -> None:
        """End what still runs: what was to be removed at its end is removed, the rest stopped and kept.

        All at once, but containers in the network of another one before that: Podman insists.

        :param owner: an extension, whose containers are meant; those of all without it
        :param timeout_seconds: how long to wait for the engine; without it as long as that takes
        """
        meant = [one for one in tuple(self._owned.values()) if owner in (None, one.owner)]
        leaving = [one for one in meant if self._owned.pop(one.id, None) is not None]
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        for is_guest in (True, False):
            _end_all([one for one in leaving if one.is_in_network_of_another is is_guest], deadline)

    def contributions(self) -> Iterator[Contribution]:
        for one in tuple(self._owned.values()):
            if one.owner is not None:
                yield Contribution(one.owner, ContributionKind.CONTAINER, f"{one.name} ({one.image})")

    def items_of(self, owner: str) -> Sequence[Any]:
        """None: an extension that is replaced ends its own containers, in ``on_platform_shutdown``."""
        return ()

    def exchange(self, gone: Sequence[Any], additions: Sequence[Any], version: int) -> None:
        """Nothing to do, see ``items_of``."""


def _end_all(leaving: Sequence[_Owned], deadline: float | None) -> None:
    name = "Runtime-Containers"
    threads = [threading.Thread(target=_end, args=(one,), name=name, daemon=True) for one in leaving]
    for thread in threads:
        thread.start()
    for one, thread in zip(leaving, threads, strict=True):
        thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            LOG.warning("the container engine has not ended container %s in time", one.name)


def _end(one: _Owned) -> None:
    who = f"extension {one.owner}" if one.owner else "an extension"
    try:
        if not one.engine.is_container_running(one.id):
            return
        if one.configuration.remove:
            LOG.warning("removing container %s (%s), which %s left running", one.name, one.image, who)
            one.engine.remove_container(one.id)
        else:
            LOG.warning(
                "stopping container %s (%s), which %s left running; `docker rm %s` removes it",
                one.name, one.image, who, one.name,
            )  # fmt: skip
            one.engine.stop_container(one.id, timeout=_PATIENCE_SECONDS)
    except ContainerException as error:
        LOG.warning("container %s (%s), which %s left running, can't be ended: %s", one.name, one.image, who, error)
