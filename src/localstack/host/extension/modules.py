"""Loading modules anew: old ones are set aside, and come back when what follows fails."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from importlib.abc import PathEntryFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType

_WRAPPERS = frozenset({partial, MethodType, classmethod, staticmethod})
_PATIENCE_SECONDS = 0.5
"""How long threads may take to end that their extension has told to."""

Selection = Callable[[Mapping[str, ModuleType]], Iterable[str]]
"""Picks names out of the loaded modules."""


@contextmanager
def loaded_anew(old: Selection, new: Selection) -> Iterator[None]:
    """Set aside the modules that ``old`` selects, so that imports in the block load them anew.

    When the block raises, they are back, and those that ``new`` selects then are gone.
    """
    before = {name: sys.modules[name] for name in list(old(dict(sys.modules)))}
    for name in before:
        del sys.modules[name]
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        for name in list(new(dict(sys.modules))):
            del sys.modules[name]
        sys.modules.update(before)
        importlib.invalidate_caches()
        raise


def leftovers(gone: Iterable[ModuleType]) -> Iterator[str]:
    """What of modules that were replaced goes on working: threads, and functions that other modules were given.

    Waits a moment for threads that were told to end.
    """
    old = _OldCode(gone)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for thread in [one for one in threading.enumerate() if any(map(old.is_called_by, (one.run, *vars(one).values())))]:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            yield f"the thread {thread.name} still runs"
    for name, module in list(sys.modules.items()):
        if old.has(module):
            continue
        for key, value in list(getattr(module, "__dict__", {}).items()):
            if old.is_called_by(value):
                yield f"{name}.{key} is still patched"
            elif isinstance(value, type) and value.__module__ == name:
                patched = (attribute for attribute, entry in list(vars(value).items()) if old.is_called_by(entry))
                yield from (f"{name}.{key}.{attribute} is still patched" for attribute in patched)


class _OldCode:
    """The functions of modules that were replaced, and what leads to them."""

    def __init__(self, gone: Iterable[ModuleType]) -> None:
        self._globals = {id(vars(module)) for module in gone}
        self._known: dict[int, bool] = {}

    def has(self, module: ModuleType) -> bool:
        return id(getattr(module, "__dict__", None)) in self._globals

    def is_called_by(self, thing: object) -> bool:
        """Whether it is such a function, or wraps one as ``localstack.utils.patch`` and decorators do."""
        while type(thing) in _WRAPPERS:
            thing = thing.func if type(thing) is partial else thing.__func__  # type: ignore[attr-defined]
        if type(thing) is not FunctionType:
            return False
        if id(thing) not in self._known:
            self._known[id(thing)] = False  # where a function leads back to itself
            self._known[id(thing)] = id(thing.__globals__) in self._globals or any(
                map(self.is_called_by, _closed_over(thing))
            )
        return self._known[id(thing)]


def _closed_over(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it has no value yet
            yield cell.cell_contents


class _FreshLoader(SourceFileLoader):
    """Compiles a module from its source each time.

    A ``.pyc`` counts as current when time, in seconds, and size of the source are as they were: two saves within a
    second may look alike.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def compile_from_source(folders: Iterable[Path]) -> None:
    """From now on modules below ``folders`` are compiled at each import; no ``.pyc`` of them is read or written."""
    roots = tuple(folder.resolve() for folder in folders)
    make_finder = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (_FreshLoader, [".py"]))

    def hook(entry: str) -> PathEntryFinder:
        path = Path(entry or ".").resolve()
        if not any(path.is_relative_to(root) for root in roots) or ".venv" in path.parts:
            raise ImportError(f"{entry} is none of the folders that are being developed")
        return make_finder(entry)

    sys.path_hooks.insert(0, hook)
    for entry in [entry for entry in sys.path_importer_cache if any(Path(entry).is_relative_to(r) for r in roots)]:
        del sys.path_importer_cache[entry]
