"""Bringing saved state into stores that hold something already."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.common_models import BaseModel

from localstack.host.emulation.state.pickling import StoredStore
from localstack.host.emulation.state.stores import attach, shared_state, state_of, store_of


def merge(stored: StoredStore, *, by_name: bool) -> None:
    """Put saved backends in the place of those of the same account and region, and leave the others alone.

    A saved backend that holds nothing replaces nothing: some services are looked up at every call.

    :param by_name: keep what is there under other names than in the saved backend
    """
    store = store_of(stored.key)
    replaced = set()
    found = []
    for backend in stored.backends:
        place = _place(backend)
        current = dict.get(dict.get(store, place[0], {}), place[1])
        if current is not None:
            if _holds_nothing(backend, store):
                continue
            if by_name:
                _unite(current, backend)
            else:
                replaced.add(frozenset(place))
        found.append(backend)
    attach(store, _united_shared_state(store, stored.shared, replaced), found)


def _place(backend: BaseBackend) -> tuple[str, str]:
    own = state_of(backend)
    return own["account_id"], own["region_name"]


def _holds_nothing(backend: BaseBackend, store: BackendDict[Any]) -> bool:
    """Whether a backend has no more in it than a new one, but for names and times that are made up anew each time."""
    account, region = _place(backend)
    return _census(backend) == _census(store.backend(region, account))


def _census(root: BaseBackend) -> Counter[object]:
    """How much of which kind is in a backend; it tells true from false, but not one text from another."""
    counts: Counter[object] = Counter()
    seen: set[int] = set()
    left: list[Any] = [state_of(root)]
    while left:
        value = left.pop()
        counts[value if isinstance(value, bool) else type(value)] += 1
        if isinstance(value, str | bytes | BaseBackend | BackendDict | type | ModuleType) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset | deque):
            left += value
        left += getattr(value, "__dict__", {}).values()
    return counts


def _unite(current: BaseBackend, loaded: BaseBackend) -> None:
    """Make two backends one: the objects of either know one of the two, so both get the same attributes."""
    state = _united_attributes(state_of(current), state_of(loaded))
    object.__setattr__(current, "__dict__", state)
    object.__setattr__(loaded, "__dict__", state)


def _united_attributes(current: dict[str, Any], loaded: dict[str, Any]) -> dict[str, Any]:
    return current | {name: _united(current.get(name), value) for name, value in loaded.items()}


def _united(current: Any, loaded: Any) -> Any:
    """One attribute of a backend from two; the loaded value wins where they can't be united."""
    if type(current) is not type(loaded):
        return loaded
    if isinstance(loaded, dict):
        return _united_dictionaries(current, loaded)
    if isinstance(loaded, list):
        return [*(each for each in current if each not in loaded), *loaded]
    if isinstance(loaded, set):
        return current | loaded
    if _is_container(loaded):
        vars(loaded).update(_united_attributes(vars(current), vars(loaded)))
    return loaded


def _united_dictionaries(current: dict[Any, Any], loaded: dict[Any, Any]) -> dict[Any, Any]:
    for key, value in current.items():
        if key not in loaded:
            loaded[key] = value
        elif isinstance(value, dict) and isinstance(loaded[key], dict):
            loaded[key] = _united_dictionaries(value, loaded[key])
    return loaded


def _is_container(value: Any) -> bool:
    """Whether an object of moto is no resource, but holds resources or their tags."""
    return type(value).__module__.startswith("moto.") and not isinstance(value, BaseModel | BaseBackend | BackendDict)


def _united_shared_state(
    store: BackendDict[Any], loaded: Mapping[str, Any], replaced: set[frozenset[str]]
) -> dict[str, Any]:
    """What all backends of a store share: by name of a bucket or an account, the account and partition it is in."""
    united = {}
    for name, current in shared_state(store).items():
        value = loaded.get(name, current)
        if isinstance(current, dict) and isinstance(value, dict):
            value = {key: place for key, place in current.items() if frozenset(place) not in replaced} | value
        united[name] = value
    return united
