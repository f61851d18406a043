"""moto's stores: one ``BackendDict`` for each service, in it a backend for each account and region."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend, backend_lock

_OWN_ATTRIBUTES = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}
"""What every ``BackendDict`` has; S3 and Organizations keep state of all accounts in others."""


def key_of(store: BackendDict[Any]) -> str:
    """The name of a store that outlives the process, e.g. ``"moto.sqs.models:SQSBackend"``."""
    return f"{store.backend.__module__}:{store.backend.__qualname__}"


def store_of(key: str) -> BackendDict[Any]:
    """The store with that key; its module is imported.

    :raises LookupError: when this moto has no such store
    """
    module_name, _, class_name = key.partition(":")
    for value in vars(importlib.import_module(module_name)).values():
        if isinstance(value, BackendDict) and value.backend.__qualname__ == class_name and key_of(value) == key:
            return value
    raise LookupError(f"this moto has no {key}")


def used_stores() -> list[BackendDict[Any]]:
    """The stores in which anything was ever looked up, without moto's own control."""
    with backend_lock:
        stores = list(BackendDict._instances)
    return [store for store in stores if store.service_name not in ("moto_api", "instance_metadata")]


def keys_of_service(service: str) -> set[str]:
    """Keys of all stores that hold state of a service, also of the one that nobody looked up yet."""
    return {key_of(get_backend(service)), *(key_of(store) for store in stores_of_service(service))}


def stores_of_service(service: str) -> list[BackendDict[Any]]:
    """All stores that hold state of a service under botocore's name: Lambda's and Batch's is split into two."""
    wanted = get_backend(service)
    return [store for store in used_stores() if store is wanted or store.service_name == wanted.service_name]


def backends(store: BackendDict[Any]) -> list[tuple[str, str, BaseBackend]]:
    """The backends of a store that were made: account, region or partition, backend. None is made by asking."""
    with backend_lock:
        return list(store.iter_backends())


def new_backend(key: str) -> BaseBackend:
    """A backend without anything, in no store yet; the constructor would look others up."""
    kind = store_of(key).backend
    backend: BaseBackend = kind.__new__(kind)
    return backend


def attach(store: BackendDict[Any], state: Mapping[str, Any], found: list[BaseBackend]) -> None:
    """Put backends, and what they share, into a store, in the place of those of the same account and region.

    Who looks an account up that was not there finds all of it, or nothing.
    """
    vars(store).update(state)
    accounts: dict[str, AccountSpecificBackend[Any]] = {}
    for backend in found:
        own = state_of(backend)
        account, region = own["account_id"], own["region_name"]
        if account not in accounts:
            accounts[account] = AccountSpecificBackend(
                store.service_name, account, store.backend, store._use_boto3_regions, store._additional_regions
            )
        accounts[account][region] = backend
        _register(backend)
    with backend_lock:
        for account, regions in accounts.items():
            if (there := dict.get(store, account)) is not None:
                there.update(regions)
            else:
                store[account] = regions
        if not any(other is store for other in BackendDict._instances):
            BackendDict._instances.append(store)


def _register(backend: BaseBackend) -> None:
    """Enter a backend where its class keeps track of all its backends, as EC2's constructors do."""
    kind = type(backend)
    for name in ("vpc_refs", "vpc_pcx_refs", "backend_refs"):
        references = getattr(kind, name, None)
        if references is not None:
            references[kind].add(weakref.ref(backend))


def account_in(key: str, account: str) -> AccountSpecificBackend[Any]:
    return store_of(key)[account]


def shared_state(store: BackendDict[Any]) -> dict[str, Any]:
    """What a store holds beside its backends, e.g. which account a bucket's name belongs to."""
    return {name: value for name, value in vars(store).items() if name not in _OWN_ATTRIBUTES}


def state_of(backend: BaseBackend) -> dict[str, Any]:
    """A backend's own attributes; Batch's class would show those of another one."""
    state: dict[str, Any] = object.__getattribute__(backend, "__dict__")
    return state


def set_state(backend: BaseBackend, state: Mapping[str, Any]) -> None:
    own = state_of(backend)
    own.clear()
    own.update(state)


def forget(stores: list[BackendDict[Any]]) -> None:
    """Empty stores, as moto's reset does with all."""
    with backend_lock:
        for store in stores:
            for regions in list(store.values()):
                regions.reset()
            store.clear()
            BackendDict._instances[:] = [other for other in BackendDict._instances if other is not store]


def resources(store: BackendDict[Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """What a store holds of things that CloudFormation has a type for: the type, and region, account and id."""
    from moto.core.common_models import CloudFormationModel

    for account, region, backend in backends(store):
        for thing in _things(state_of(backend), CloudFormationModel, depth=4):
            kind, identifier = thing.cloudformation_type(), _identifier(thing)
            if kind and identifier:
                yield kind, {"region_name": _region(thing, region), "account_id": account, "id": identifier}


def _region(thing: Any, place: str) -> str:
    """A model's own region, else that of its backend; services without regions have a backend for each partition."""
    own = getattr(thing, "region_name", None)
    return str(own) if own else "global" if place.startswith("aws") else place


def _identifier(thing: Any) -> str:
    """A model's physical id; some of moto's models lack it, or can't tell before they are complete."""
    try:
        return str(thing.physical_resource_id or "")
    except (AttributeError, KeyError, NotImplementedError):
        return ""


def _things(container: Any, wanted: type, depth: int) -> Iterator[Any]:
    """Models in nested dictionaries, lists, sets and plain objects of moto, not in one another."""
    if isinstance(container, wanted):
        yield container
    elif depth and not isinstance(container, BaseBackend | BackendDict | str | bytes):
        if isinstance(container, Mapping):
            values = list(container.values())
        elif isinstance(container, list | tuple | set):
            values = list(container)
        elif type(container).__module__.startswith("moto.") and hasattr(container, "__dict__"):
            values = list(vars(container).values())
        else:
            return
        for value in values:
            yield from _things(value, wanted, depth - 1)
