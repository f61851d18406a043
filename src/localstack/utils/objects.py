"""Objects and classes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["get_all_subclasses", "singleton_factory"]

_T = TypeVar("_T")


class _SingletonFactory(Generic[_T]):
    """A factory that makes its object at the first call and returns the same one from then on; safe for threads."""

    def __init__(self, factory: Callable[[], _T]) -> None:
        self._factory = factory
        self._lock = threading.RLock()
        self._made: list[_T] = []
        self.__doc__ = factory.__doc__
        self.__wrapped__ = factory

    def __call__(self) -> _T:
        with self._lock:
            if not self._made:
                self._made.append(self._factory())
            return self._made[0]

    def clear(self) -> None:
        """Forget the object: the next call makes a new one."""
        with self._lock:
            self._made.clear()


def singleton_factory(factory: Callable[[], _T]) -> _SingletonFactory[_T]:
    """Decorator that makes a function without parameters return one object for the whole process.

    ``clear()`` of the decorated function forgets the object.
    """
    return _SingletonFactory(factory)


def get_all_subclasses(clazz: type[Any]) -> set[type[Any]]:
    """Every class below ``clazz`` in the class tree, without ``clazz`` itself."""
    found: set[type[Any]] = set()
    pending = [clazz]
    while pending:
        new = set(type.__subclasses__(pending.pop())) - found
        found |= new
        pending.extend(new)
    return found
