"""Calling functions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["call_safe", "run_safe"]

LOG = logging.getLogger(__name__)


def run_safe(fn: Callable[..., Any], /, *args: Any, _default: Any = None, **kwargs: Any) -> Any:
    """Call the function with the arguments; an exception is logged at DEBUG and gives ``_default`` instead."""
    try:
        return fn(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - swallowing whatever the function raises is what callers want
        LOG.debug("%s failed, going on with %r: %r", fn, _default, error)
        return _default


def call_safe(
    func: Callable[..., Any],
    args: Iterable[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    exception_message: str | None = None,
) -> Any:
    """Call the function with the arguments; an exception is logged as a warning and gives ``None`` instead.

    :param exception_message: what the warning begins with
    """
    try:
        return func(*args, **(kwargs or {}))
    except Exception as error:
        message = exception_message or f"error calling function {getattr(func, '__name__', func)}"
        LOG.warning("%s: %s", message, error, exc_info=LOG.isEnabledFor(logging.DEBUG))
        return None
