"""What extensions want called when the process ends, which for them is when they go."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from localstack.host.extension.old_code import OldCode
from localstack.utils.patch import Patch

LOG = logging.getLogger("localstack.extensions.platform")

_register = atexit.register
_unregister = atexit.unregister


@dataclass(frozen=True, eq=False)
class _ExitFunction:
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def install() -> None:
    """Note what ``atexit.register`` is given from now on: ``atexit`` tells nobody what it has."""
    for patch in _patches:
        patch.apply()


def uninstall() -> None:
    """Note nothing any more; what somebody has patched in the meantime stays as they have it, and goes on noting."""
    for patch in _patches:
        if patch.is_on_top:
            patch.undo()
    _noted.clear()


def call_those_of(gone: Iterable[ModuleType]) -> None:
    """Call the functions of modules that are gone, the last one first, and not again when the process ends."""
    old = OldCode(gone)
    for one in reversed([one for one in _noted if old.owns(one.function)]):
        try:
            _forget(one.function)
            one.function(*one.args, **one.kwargs)
        except BaseException as error:  # noqa: BLE001 - as at the end of a process: the next one is called
            LOG.warning("what was unloaded has failed in %r, registered with atexit: %r", one.function, error)


def _note(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Callable[..., Any]:
    result = _register(function, *args, **kwargs)
    _noted.append(_ExitFunction(function, args, kwargs))
    return result


def _forget(function: Callable[..., Any], /) -> None:
    _unregister(function)
    for one in [one for one in _noted if one.function == function]:  # as atexit compares: methods are made anew
        _noted.remove(one)


_noted: list[_ExitFunction] = []
_patches = (Patch(atexit, "register", _note), Patch(atexit, "unregister", _forget))
