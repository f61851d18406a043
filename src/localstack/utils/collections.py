"""Lists and dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["ensure_list", "select_attributes"]


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
