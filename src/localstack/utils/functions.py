"""Calling functions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["run_safe"]

LOG = logging.getLogger(__name__)


def run_safe(fn: Callable[..., Any], /, *args: Any, _default: Any = None, **kwargs: Any) -> Any:
    """Call the function with the arguments; an exception is logged at DEBUG and gives ``_default`` instead."""
    try:
        return fn(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - swallowing whatever the function raises is what callers want
        LOG.debug("%s failed, going on with %r: %r", fn, _default, error)
        return _default
