"""Lists and dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["ensure_list", "merge_dicts", "remove_attributes", "select_attributes"]


def ensure_list(obj: Any, wrap_none: bool = False) -> Any:
    """``obj`` when it is a list, else a list with ``obj`` as its only element.

    ``None`` stays ``None`` unless ``wrap_none`` is set.
    """
    if obj is None and not wrap_none:
        return None
    return obj if isinstance(obj, list) else [obj]


def select_attributes(obj: Mapping[str, Any], attributes: Iterable[str]) -> dict[str, Any]:
    """A new dictionary with those of the named entries that ``obj`` has."""
    wanted = set(attributes)
    return {key: value for key, value in obj.items() if key in wanted}


def remove_attributes(obj: dict[str, Any], attributes: Iterable[str], recursive: bool = False) -> dict[str, Any]:
    """Take entries out of a dictionary, and return it.

    :param recursive: out of those in it, too, also of those in its lists
    """
    for key in attributes:
        obj.pop(key, None)
    if recursive:
        for below in _dicts_in(obj.values()):
            remove_attributes(below, attributes, recursive=True)
    return obj


def merge_dicts(*dicts: Mapping[str, Any] | None, default: Any = None) -> Any:
    """A new dictionary of all entries; of those with the same name the last one counts.

    :param default: returned when all are ``None``
    """
    given = [each for each in dicts if each is not None]
    return {key: value for each in given for key, value in each.items()} if given else default


def _dicts_in(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for value in values:
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from _dicts_in(value)
