"""Telling whether a function, a class or an object is of modules that nobody is to use any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType, ModuleType

_WRAPPERS = frozenset({partial, MethodType, classmethod, staticmethod})
FUNCTIONS = _WRAPPERS | {FunctionType}
"""The types of all that ``is_called_by`` can be true of."""


class OldCode:
    """The code of modules that are gone; newer modules of the same names are others."""

    def __init__(self, gone: Iterable[ModuleType]) -> None:
        self._modules = {module.__name__: module for module in gone}
        self._globals = {id(vars(module)) for module in self._modules.values()}
        self._known: dict[int, bool] = {}
        self._kinds: dict[type, bool] = {}

    def has(self, module: ModuleType) -> bool:
        return id(getattr(module, "__dict__", None)) in self._globals

    def owns(self, thing: object) -> bool:
        """Whether it is a function of that code, a class, or an object of a class."""
        if isinstance(thing, type):
            return self.defines(thing)
        return self.is_called_by(thing) or self.defines(type(thing))

    def defines(self, kind: type) -> bool:
        """Whether a class, or one that it is derived from, is of that code."""
        if kind not in self._kinds:
            self._kinds[kind] = any(map(self._defines, kind.__mro__))
        return self._kinds[kind]

    def is_called_by(self, thing: object) -> bool:
        """Whether it is such a function, or wraps one as ``localstack.utils.patch`` and decorators do."""
        while type(thing) in _WRAPPERS:
            thing = thing.func if type(thing) is partial else thing.__func__  # type: ignore[attr-defined]
        if type(thing) is not FunctionType:
            return False
        if thing.__closure__ is None or id(thing.__globals__) in self._globals:
            return id(thing.__globals__) in self._globals
        if id(thing) not in self._known:
            self._known[id(thing)] = False  # where a function leads back to itself
            self._known[id(thing)] = any(map(self.is_called_by, _closed_over(thing)))
        return self._known[id(thing)]

    def _defines(self, kind: type) -> bool:
        found: object = self._modules.get(kind.__module__)
        if found is None:
            return False
        for part in kind.__qualname__.split("."):
            found = getattr(found, part, None)
        return found is kind or any(map(self.is_called_by, list(vars(kind).values())))


def _closed_over(function: FunctionType) -> Iterator[object]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it has no value yet
            yield cell.cell_contents
