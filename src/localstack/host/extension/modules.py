"""Loading modules anew: old ones are set aside, and come back when what follows fails."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.abc import PathEntryFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

Selection = Callable[[Mapping[str, ModuleType]], Iterable[str]]
"""Picks names out of the loaded modules."""


_executed: ContextVar[list[ModuleType] | None] = ContextVar("executed", default=None)


@contextmanager
def loaded_anew(old: Selection, new: Selection) -> Iterator[list[ModuleType]]:
    """Set aside the modules that ``old`` selects, so that imports in the block load them anew.

    When the block raises, they are back, and those that ``new`` selects then are gone.

    :return: what the block executes of the folders that are being developed, also modules that fail
    """
    executed: list[ModuleType] = []
    token = _executed.set(executed)
    before = {name: sys.modules[name] for name in list(old(dict(sys.modules)))}
    for name in before:
        del sys.modules[name]
    importlib.invalidate_caches()
    try:
        yield executed
    except BaseException:
        for name in list(new(dict(sys.modules))):
            del sys.modules[name]
        sys.modules.update(before)
        importlib.invalidate_caches()
        raise
    finally:
        _executed.reset(token)


class _FreshLoader(SourceFileLoader):
    """Compiles a module from its source each time.

    A ``.pyc`` counts as current when time, in seconds, and size of the source are as they were: two saves within a
    second may look alike.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        executed = _executed.get()
        if executed is not None:
            executed.append(module)
        super().exec_module(module)


def compile_from_source(folders: Iterable[Path]) -> None:
    """From now on modules below ``folders`` are compiled at each import; no ``.pyc`` of them is read or written."""
    roots = tuple(dict.fromkeys(path for folder in folders for path in (folder.absolute(), folder.resolve())))
    make_finder = FileFinder.path_hook((ExtensionFileLoader, EXTENSION_SUFFIXES), (_FreshLoader, [".py"]))

    def hook(entry: str) -> PathEntryFinder:
        path = Path(entry or ".")
        paths = (path.absolute(), path.resolve())  # a package may be a link, or be reached through one
        if not any(one.is_relative_to(root) for one in paths for root in roots) or ".venv" in path.parts:
            raise ImportError(f"{entry} is none of the folders that are being developed")
        return make_finder(entry)

    sys.path_hooks.insert(0, hook)
    for entry in [entry for entry in sys.path_importer_cache if any(Path(entry).is_relative_to(r) for r in roots)]:
        del sys.path_importer_cache[entry]
