"""Which stores somebody looked up: what moto does not look up, it does not change."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict

from localstack.host.emulation.moto import shortcuts


class LookUps:
    """The stores that were looked up since ``take`` was called last, by calls of services and by one another."""

    def __init__(self) -> None:
        self._stores: set[int] = set()

    def install(self) -> None:
        """From now on, note each look-up; stores live as long as the process, so their identities stay their own."""
        shortcuts.apply("")  # one of them answers look-ups by itself, and has to come second
        look_up = BackendDict.__getitem__

        def noted(store: BackendDict[Any], account: str) -> Any:
            self._stores.add(id(store))
            return look_up(store, account)

        BackendDict.__getitem__ = noted

    def __contains__(self, store: BackendDict[Any]) -> bool:
        return id(store) in self._stores

    def note(self, store: BackendDict[Any]) -> None:
        self._stores.add(id(store))

    def take(self) -> frozenset[int]:
        """What was noted, and begin anew."""
        taken, self._stores = self._stores, set()
        return frozenset(taken)

    def put_back(self, taken: frozenset[int]) -> None:
        self._stores |= taken
