"""Loading modules anew: old ones are set aside, and come back when what follows fails."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.abc import PathEntryFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

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
    """What of modules that were replaced goes on working: threads, and functions that other modules were given."""
    globals_of_gone = {id(module.__dict__) for module in gone}

    def is_left(function: object) -> bool:
        return id(getattr(getattr(function, "__func__", function), "__globals__", None)) in globals_of_gone

    for thread in threading.enumerate():
        if thread.is_alive() and (is_left(getattr(thread, "_target", None)) or is_left(thread.run)):
            yield f"the thread {thread.name} still runs"
    for name, module in list(sys.modules.items()):
        if id(getattr(module, "__dict__", None)) in globals_of_gone:
            continue
        for key, value in list(getattr(module, "__dict__", {}).items()):
            if type(value) is FunctionType and is_left(value):
                yield f"{name}.{key} is still patched"
            elif isinstance(value, type) and value.__module__ == name:
                for attribute, function in list(value.__dict__.items()):
                    if type(function) is FunctionType and is_left(function):
                        yield f"{name}.{key}.{attribute} is still patched"


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
