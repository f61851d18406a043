"""What code that is gone has left in the process: threads, signal handlers, functions in other places."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, ModuleType, NoneType

from localstack.host.extension.old_code import FUNCTIONS, OldCode

_PLAIN = frozenset(
    {BuiltinFunctionType, ModuleType, NoneType, bool, bytes, dict, float, frozenset, int, list, set, str, tuple}
)
"""Types of most other values, without attributes of interest."""
_PATIENCE_SECONDS = 0.5
"""How long threads may take to end that their extension has told to."""


def end_threads(gone: Iterable[ModuleType]) -> None:
    """Have threads that still run code of ``gone`` end as by ``sys.exit()``, as soon as they wake up.

    A thread that waits in a loop, ``while True: time.sleep(5)``, ends that way; one that waits for an event in vain
    goes on waiting. Those that were told to end have a moment to do so by themselves.
    """
    import ctypes  # not needed to start a platform

    for thread in _threads(OldCode(gone)):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


def leftovers(gone: Iterable[ModuleType]) -> Iterator[str]:
    """What of modules that are gone goes on working: threads, signal handlers, functions that other modules were given.

    Waits a moment for threads that were told to end.
    """
    old = OldCode(gone)
    for thread in _threads(old):
        yield f"the thread {thread.name} still runs"
    for number in sorted(signal.valid_signals()):
        if old.owns(signal.getsignal(number)):  # only the main thread can set another
            yield f"it still handles {signal.Signals(number).name}"
    for place in dict.fromkeys(_patched(old)):
        yield f"{place} is still patched"


def _threads(old: OldCode) -> list[threading.Thread]:
    """The threads that run old code and go on doing so when they are given a moment to end."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    found = [one for one in threading.enumerate() if any(map(old.is_called_by, (one.run, *vars(one).values())))]
    for thread in found:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread for thread in found if thread.is_alive()]


def _patched(old: OldCode) -> Iterator[str]:
    """Where in other modules, their classes and their objects old functions are, e.g. ``"json.dumps"``."""
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if old.has(module):
            continue
        for key, value in list(getattr(module, "__dict__", {}).items()):
            kind = type(value)
            if kind in FUNCTIONS:
                if old.is_called_by(value):
                    yield f"{name}.{key}"
            elif kind in _PLAIN:
                continue
            elif isinstance(value, type):
                if value.__module__ == name:
                    for one, entry in _entries(value):
                        if type(entry) in FUNCTIONS and old.is_called_by(entry):
                            yield f"{name}.{key}.{one}"
            else:
                yield from (f"{name}.{key}.{path}" for path in _patched_attributes(value, old, seen))


def _patched_attributes(root: object, old: OldCode, seen: set[int]) -> Iterator[str]:
    """Attributes of an object that are its own, and of the objects there, each object once."""
    found = [("", root)]
    while found:
        path, thing = found.pop()
        if id(thing) in seen or isinstance(thing, (type, ModuleType)) or old.defines(type(thing)):
            continue
        seen.add(id(thing))
        for name, value in _entries(thing):
            if type(value) in FUNCTIONS:
                if old.is_called_by(value):
                    yield f"{path}{name}"
            elif type(value) not in _PLAIN:
                found.append((f"{path}{name}.", value))


def _entries(thing: object) -> list[tuple[str, object]]:
    """What an object or a class has itself; a proxy, as werkzeug's, is not asked for what it stands for."""
    try:
        return list(object.__getattribute__(thing, "__dict__").items())
    except AttributeError:
        return []
