"""``localstack.services.stores``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from localstack import config
from localstack.services.stores import (
    AccountRegionBundle,
    BaseStore,
    CrossAccountAttribute,
    CrossRegionAttribute,
    LocalAttribute,
    RegionBundle,
)

ONE, TWO = "000000000000", "111111111111"


class Store(BaseStore):
    queues: dict[str, str] = LocalAttribute(default=dict)  # type: ignore[assignment]
    buckets: list[str] = CrossRegionAttribute(default=list)  # type: ignore[assignment]
    names: set[str] = CrossAccountAttribute(default=set)  # type: ignore[assignment]
    limit: int = LocalAttribute(default=10)  # type: ignore[assignment]


def test_values_are_shared_as_far_as_their_kind_says() -> None:
    stores = AccountRegionBundle("tests", Store)
    here = stores[ONE]["us-east-1"]
    here.queues["q"], here.limit = "url", 20
    here.buckets.append("b")
    here.names.add("n")
    elsewhere, of_others = stores[ONE]["eu-west-1"], stores[TWO]["us-east-1"]
    assert (here.queues, elsewhere.queues, of_others.queues) == ({"q": "url"}, {}, {})
    assert (here.limit, elsewhere.limit) == (20, 10)
    assert (elsewhere.buckets, of_others.buckets) == (["b"], [])
    assert of_others.names == {"n"}
    assert stores[ONE]["us-east-1"] is here
    assert isinstance(stores[ONE], RegionBundle)


def test_services_do_not_share_what_all_accounts_do() -> None:
    first, second = AccountRegionBundle("first", Store), AccountRegionBundle("second", Store)
    first[ONE]["us-east-1"].names.add("n")
    assert second[ONE]["us-east-1"].names == set()


def test_all_stores_can_be_gone_through() -> None:
    stores = AccountRegionBundle("tests", Store)
    for account, region in ((ONE, "us-east-1"), (ONE, "eu-west-1"), (TWO, "us-east-1")):
        stores[account][region].limit = 1
    found = [(account, region, store.limit) for account, region, store in stores.iter_stores()]
    assert found == [(ONE, "us-east-1", 1), (ONE, "eu-west-1", 1), (TWO, "us-east-1", 1)]


def test_after_a_reset_nothing_is_left() -> None:
    stores: AccountRegionBundle[Any] = AccountRegionBundle("tests", Store)
    account = stores[ONE]
    store = account["us-east-1"]
    store.buckets.append("b")
    store.names.add("n")
    stores.reset()
    assert list(stores.iter_stores()) == []
    fresh = stores[ONE]["us-east-1"]
    assert (fresh.buckets, fresh.names) == ([], set())


@pytest.mark.parametrize(("account", "region"), [("12", "us-east-1"), (ONE, "us-east-9"), ("a" * 12, "us-east-1")])
def test_what_is_no_account_or_no_region_is_refused(account: str, region: str) -> None:
    stores = AccountRegionBundle("tests", Store)
    with pytest.raises(ValueError, match=f"tests: '{region if account == ONE else account}' is no"):
        stores[account][region]
    assert list(stores.iter_stores()) == []


def test_regions_of_ones_own_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "ALLOW_NONSTANDARD_REGIONS", True)
    stores = AccountRegionBundle("tests", Store)
    stores[ONE]["moon-1"].limit = 1
    assert [region for _, region, _ in stores.iter_stores()] == ["moon-1"]


def test_threads_that_ask_at_once_get_the_same_store() -> None:
    stores = AccountRegionBundle("tests", Store)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stores[ONE]["us-east-1"], range(64)))
    assert {id(store) for store in found} == {id(found[0])}


def test_attributes_are_those_of_stores() -> None:
    with pytest.raises(AttributeError, match="queues is known of a store"):
        Store.queues  # noqa: B018
