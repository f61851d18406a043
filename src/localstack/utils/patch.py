"""Replacing functions and methods of running code, and putting them back."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

__all__ = ["Patch", "Patches", "patch"]

_F = TypeVar("_F", bound=Callable[..., Any])

_ABSENT = object()


class Patch:
    """One attribute of an object, class or module that can be replaced by another.

    Also a context manager: applied inside, undone after it.

    :ivar obj: what has the attribute
    :ivar name: name of the attribute
    :ivar new: what takes its place
    :ivar is_applied: whether it has taken its place
    """

    in_place: ClassVar[list[Patch]] = []
    """All patches of this process that are applied, the oldest first."""

    def __init__(self, obj: Any, name: str, new: Any) -> None:
        self.obj = obj
        self.name = name
        self.new = new
        self.is_applied = False
        self._before: Any = _ABSENT

    @staticmethod
    def function(target: Callable[..., Any], fn: Callable[..., Any], pass_target: bool = True) -> Patch:
        """A patch that lets ``fn`` answer calls of ``target``, in the module, class or object that defines it.

        With ``pass_target`` the first argument of ``fn`` is the original: ``fn(original, self, *args)`` for a method
        that was reached through its class, ``fn(original, *args)`` for a bound method, a static one or a function.

        :raises ValueError: when ``target`` was defined inside a function, where nothing can be replaced
        """
        owner = _owner(target)
        return Patch(owner, target.__name__, _replacement(owner, target, fn, pass_target))

    @staticmethod
    def extend_class(target: type[Any], fn: Callable[..., Any]) -> Patch:
        """A patch that gives a class a method under the name of ``fn``."""
        return Patch(target, fn.__name__, fn)

    def apply(self) -> None:
        """Replace the attribute; does nothing when that has happened."""
        if self.is_applied:
            return
        # the raw entry, not getattr: that of a class may be a staticmethod, an inherited one must not be copied down
        self._before = vars(self.obj).get(self.name, _ABSENT)
        setattr(self.obj, self.name, self.new)
        self.is_applied = True
        Patch.in_place.append(self)

    def undo(self) -> None:
        """Put the attribute back; does nothing when it has not been replaced."""
        if not self.is_applied:
            return
        if self._before is _ABSENT:
            delattr(self.obj, self.name)
        else:
            setattr(self.obj, self.name, self._before)
        self.is_applied = False
        Patch.in_place.remove(self)

    @property
    def is_on_top(self) -> bool:
        """Whether it is in place and nobody has replaced it in turn."""
        return self.is_applied and vars(self.obj).get(self.name) is self.new

    def __enter__(self) -> Patch:
        self.apply()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.undo()


class Patches:
    """Patches that are applied in their order, and undone from the last to the first."""

    def __init__(self, patches: Iterable[Patch] | None = None) -> None:
        self.patches: list[Patch] = list(patches or ())

    def add(self, patch: Patch) -> None:
        self.patches.append(patch)

    def function(self, target: Callable[..., Any], fn: Callable[..., Any], pass_target: bool = True) -> None:
        """Add what ``Patch.function`` makes of the arguments."""
        self.add(Patch.function(target, fn, pass_target))

    def apply(self) -> None:
        for each in self.patches:
            each.apply()

    def undo(self) -> None:
        for each in reversed(self.patches):
            each.undo()

    def __enter__(self) -> Patches:
        self.apply()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.undo()


def patch(target: Callable[..., Any], pass_target: bool = True) -> Callable[[_F], _F]:
    """Decorator that lets the decorated function answer calls of ``target`` from now on, see ``Patch.function``.

    A class as ``target`` gets the function as a method.

    >>> @patch(json.dumps)
    ... def dumps(original, obj, **kwargs):
    ...     return original(obj, **kwargs | {"sort_keys": True})
    """

    def apply(fn: _F) -> _F:
        if inspect.isclass(target):
            Patch.extend_class(target, fn).apply()
        else:
            Patch.function(target, fn, pass_target).apply()
        return fn

    return apply


def _owner(target: Callable[..., Any]) -> Any:
    """The object of a bound method, else the class or module that the qualified name of ``target`` leads to."""
    if inspect.ismethod(target):
        return target.__self__
    owner: Any = sys.modules[target.__module__]
    for part in target.__qualname__.split(".")[:-1]:
        if part == "<locals>":
            raise ValueError(f"{target.__qualname__} is defined inside a function and can't be patched")
        owner = getattr(owner, part)
    return owner


def _replacement(owner: Any, target: Callable[..., Any], fn: Callable[..., Any], pass_target: bool) -> Any:
    if inspect.ismethod(target):
        return _calling(target, fn) if pass_target else types.MethodType(fn, owner)
    new = _calling(target, fn) if pass_target else fn
    raw = vars(owner).get(target.__name__)
    return staticmethod(new) if isinstance(raw, staticmethod) else new


def _calling(target: Callable[..., Any], fn: Callable[..., Any]) -> Callable[..., Any]:
    """``fn`` with the original as first argument, under the original's name and documentation.

    On a class it stays reachable as it was: a bound class method takes no class, so it must not be bound again.
    """

    @functools.wraps(target)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return fn(target, *args, **kwargs)

    bound_to_class = inspect.ismethod(target) and inspect.isclass(target.__self__)
    return staticmethod(replaced) if bound_to_class else replaced
