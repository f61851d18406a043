"""Changing modules when they are imported, so that what nobody imports costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

Adapt = Callable[[ModuleType], None]
"""Changes a module that was loaded just now."""


class AdaptedImports(MetaPathFinder):
    """Finds modules where Python would, and has those changed that are to be.

    :param adaptation_of: how the module of a full name is to be changed; ``None`` when it is left alone
    """

    def __init__(self, adaptation_of: Callable[[str], Adapt | None]) -> None:
        self._adaptation_of = adaptation_of

    def install(self) -> None:
        """Change what is imported from now on."""
        sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Import modules as they are again; does nothing when that is so."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        adapt = self._adaptation_of(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if adapt else None
        if adapt is None or spec is None or spec.loader is None:
            return None
        spec.loader = _AdaptingLoader(spec.loader, adapt)
        return spec


class _AdaptingLoader(Loader):
    """Loads a module as ``loader`` does, then adapts it; afterwards the module shows the original loader."""

    def __init__(self, loader: Loader, adapt: Adapt) -> None:
        self._loader = loader
        self._adapt = adapt

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._adapt(module)
