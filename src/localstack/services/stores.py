"""Where a service keeps its resources: a store for each account and region.

>>> class Queues(BaseStore):
...     names: dict[str, str] = LocalAttribute(default=dict)  # of one account and region
...     buckets: dict[str, str] = CrossRegionAttribute(default=dict)  # of one account
>>> stores = AccountRegionBundle("queues", Queues)
>>> stores["000000000000"]["us-east-1"].names["jobs"] = "..."
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from localstack import config
from localstack.host import shared

__all__ = [
    "AccountRegionBundle",
    "BaseStore",
    "CrossAccountAttribute",
    "CrossRegionAttribute",
    "LocalAttribute",
    "RegionBundle",
]

_S = TypeVar("_S", bound="BaseStore")


class BaseStore:
    """What a service keeps in one account and region. Subclasses have attributes of the kinds below."""

    _service_name: str
    _account_id: str
    _region_name: str

    _local: dict[str, Any]
    _of_account: dict[str, Any]
    _of_all: dict[str, Any]


class _Attribute:
    """An attribute whose value is kept with others of its kind.

    :param default: the first value; what can be called is called for one
    """

    kept_in: str

    def __init__(self, default: Any = None) -> None:
        self._default = default
        self._lock = threading.RLock()

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, store: BaseStore | None, owner: type) -> Any:
        if store is None:
            raise AttributeError(f"{self._name} is known of a store, not of its class")
        values = getattr(store, self.kept_in)
        with self._lock:
            if self._name not in values:
                values[self._name] = self._default() if callable(self._default) else self._default
            return values[self._name]

    def __set__(self, store: BaseStore, value: Any) -> None:
        getattr(store, self.kept_in)[self._name] = value


class LocalAttribute(_Attribute):
    """A value for each account and region."""

    kept_in = "_local"


class CrossRegionAttribute(_Attribute):
    """A value for each account, the same in all regions."""

    kept_in = "_of_account"


class CrossAccountAttribute(_Attribute):
    """One value for all accounts and regions."""

    kept_in = "_of_all"


class RegionBundle(dict[str, _S], Generic[_S]):
    """The stores of an account by region; each is made when it is first asked for."""

    def __init__(self, service_name: str, store: type[_S], account_id: str, of_all: dict[str, Any]) -> None:
        super().__init__()
        self.service_name = service_name
        self.store = store
        self.account_id = account_id
        self._of_account: dict[str, Any] = {}
        self._of_all = of_all
        self._lock = threading.RLock()

    def __missing__(self, region_name: str) -> _S:
        """:raises ValueError: when AWS has no such region, unless ``ALLOW_NONSTANDARD_REGIONS`` is set"""
        if not config.ALLOW_NONSTANDARD_REGIONS and region_name not in shared.aws_regions():
            raise ValueError(f"{self.service_name}: {region_name!r} is no region of AWS")
        with self._lock:
            if region_name not in self:
                self[region_name] = self._made(region_name)
            return self[region_name]

    def _made(self, region_name: str) -> _S:
        store = self.store()
        store._service_name, store._account_id, store._region_name = self.service_name, self.account_id, region_name
        store._local, store._of_account, store._of_all = {}, self._of_account, self._of_all
        return store

    def reset(self) -> None:
        """Forget what is in the account's stores."""
        with self._lock:
            self.clear()
            self._of_account.clear()


class AccountRegionBundle(dict[str, RegionBundle[_S]], Generic[_S]):
    """The stores of a service: ``stores[account_id][region_name]``; each is made when it is first asked for."""

    def __init__(self, service_name: str, store: type[_S]) -> None:
        super().__init__()
        self.service_name = service_name
        self.store = store
        self._of_all: dict[str, Any] = {}
        self._lock = threading.RLock()

    def __missing__(self, account_id: str) -> RegionBundle[_S]:
        """:raises ValueError: when it is no number of an account"""
        if not re.fullmatch(r"[0-9]{12}", account_id):
            raise ValueError(f"{self.service_name}: {account_id!r} is no account, which has twelve digits")
        with self._lock:
            if account_id not in self:
                self[account_id] = RegionBundle(self.service_name, self.store, account_id, self._of_all)
            return self[account_id]

    def iter_stores(self) -> Iterator[tuple[str, str, _S]]:
        """Account, region and store of each one that was made."""
        for account_id, regions in list(self.items()):
            for region_name, store in list(regions.items()):
                yield account_id, region_name, store

    def reset(self) -> None:
        """Forget what is in all stores."""
        with self._lock:
            for regions in self.values():
                regions.reset()
            self.clear()
            self._of_all.clear()
