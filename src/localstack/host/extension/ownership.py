"""Who added what: every route, handler, internal resource and CORS entry is recorded under its extension.

The containers that extensions change (handler lists, CORS origins, routers) note at each addition which extension was
acting, and the ``Ledger`` asks them. Nothing is kept twice, so what an extension takes out itself is gone at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from typing import Any, Protocol, SupportsIndex, TypeVar, overload

_T = TypeVar("_T")

_acting: ContextVar[str | None] = ContextVar("acting_extension", default=None)


class ContributionKind(Enum):
    """What an extension can add to the platform."""

    ROUTE = "route"
    INTERNAL_RESOURCE = "internal resource"
    PREPROCESSOR = "preprocessor"
    REQUEST_HANDLER = "request handler"
    RESPONSE_HANDLER = "response handler"
    EXCEPTION_HANDLER = "exception handler"
    FINALIZER = "finalizer"
    CORS_ORIGIN = "CORS origin"
    TCP_CLAIM = "TCP claim"
    HTTP2_CLAIM = "HTTP/2 claim"


@dataclass(frozen=True)
class Contribution:
    """One thing that an extension added, e.g. ``("hello", ROUTE, "GET /hello/<name>")``."""

    owner: str
    kind: ContributionKind
    description: str


class Container(Protocol):
    """Something that extensions add to."""

    def contributions(self) -> Iterable[Contribution]:
        """What is in it now and belongs to an extension."""

    def withdraw(self, owner: str) -> None:
        """Take out everything that belongs to ``owner``."""


@dataclass
class Ledger:
    """All containers of the platform, and the extensions whose code may add to them."""

    containers: list[Container] = field(default_factory=list)
    owners_of_modules: dict[str, str] = field(default_factory=dict)
    """Top-level module to extension, for additions from threads that no hook is running on."""

    def of(self, owner: str) -> tuple[Contribution, ...]:
        """Everything that ``owner`` has in the platform now."""
        return tuple(c for container in self.containers for c in container.contributions() if c.owner == owner)

    def withdraw(self, owner: str) -> None:
        """Take everything away again that ``owner`` added; the next request no longer meets it."""
        for container in self.containers:
            container.withdraw(owner)

    def owner_of(self, thing: object) -> str | None:
        """The extension that is acting now, else the one whose code ``thing`` is; ``None`` for the host's own."""
        acting = _acting.get()
        if acting is not None:
            return acting
        return self.owners_of_modules.get(_module_of(thing).partition(".")[0]) or self._owner_of_caller()

    def _owner_of_caller(self) -> str | None:
        """The extension that the nearest calling frame belongs to; only asked outside hooks, so not on a hot path."""
        frame = sys._getframe(2)
        while frame is not None:
            owner = self.owners_of_modules.get(str(frame.f_globals.get("__name__", "")).partition(".")[0])
            if owner is not None:
                return owner
            frame = frame.f_back  # type: ignore[assignment]
        return None


begin_acting = _acting.set
"""Attribute what is added from now on to an extension; for hot paths, which can't afford ``acting``."""
end_acting = _acting.reset


class acting:
    """Attribute what is added inside to ``extension``."""

    __slots__ = ("_extension", "_token")

    def __init__(self, extension: str | None) -> None:
        self._extension = extension

    def __enter__(self) -> None:
        self._token = _acting.set(self._extension)

    def __exit__(self, *exc_info: object) -> None:
        _acting.reset(self._token)


class OwnedList(list[_T]):
    """A list that extensions change directly (``append``, ``insert``, ``remove``, …) and that knows who added what.

    :ivar changes: counts the changes, so that others can tell whether what they remember of it still holds
    """

    changes = 0

    def __init__(self, ledger: Ledger, kind: ContributionKind, host_items: Iterable[_T] = ()) -> None:
        super().__init__(host_items)
        self._ledger = ledger
        self._kind = kind
        self._owners: dict[int, tuple[_T, str]] = {}
        ledger.containers.append(self)

    def owner(self, item: object) -> str | None:
        """The extension that added ``item``; ``None`` for the host's own."""
        entry = self._owners.get(id(item))
        return entry[1] if entry is not None else None

    def contributions(self) -> Iterator[Contribution]:
        for item in tuple(self):
            owner = self.owner(item)
            if owner is not None:
                yield Contribution(owner, self._kind, describe(item))

    def withdraw(self, owner: str) -> None:
        super().__setitem__(slice(None), [item for item in self if self.owner(item) != owner])
        self._owners = {key: entry for key, entry in self._owners.items() if entry[1] != owner}

    def append(self, item: _T) -> None:
        self._record([item])
        super().append(item)

    def insert(self, index: SupportsIndex, item: _T) -> None:
        self._record([item])
        super().insert(index, item)

    def extend(self, items: Iterable[_T]) -> None:
        added = list(items)
        self._record(added)
        super().extend(added)

    def __iadd__(self, items: Iterable[_T]) -> OwnedList[_T]:  # type: ignore[override, misc]
        self.extend(items)
        return self

    @overload
    def __setitem__(self, key: SupportsIndex, value: _T) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Iterable[_T]) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        added = list(value) if isinstance(key, slice) else [value]
        self._record([item for item in added if id(item) not in self._owners])
        super().__setitem__(key, added if isinstance(key, slice) else value)

    def _record(self, items: Sequence[_T]) -> None:
        for item in items:
            owner = self._ledger.owner_of(item)
            if owner is not None:
                self._owners[id(item)] = (item, owner)


def _counted(name: str) -> Callable[..., Any]:
    inherited = getattr(OwnedList, name)

    @wraps(inherited)
    def change(self: OwnedList[Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return inherited(self, *args, **kwargs)
        finally:
            self.changes += 1  # afterwards: who looks in between must look again

    return change


for _name in (
    "__delitem__", "__iadd__", "__imul__", "__setitem__", "append", "clear", "extend", "insert", "pop", "remove",
    "reverse", "sort", "withdraw",
):  # fmt: skip
    setattr(OwnedList, _name, _counted(_name))


def describe(thing: object) -> str:
    """A name that the author recognises: ``"package.module.function"``, or the text itself for a string."""
    if isinstance(thing, str):
        return thing
    target = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{_module_of(thing)}.{getattr(target, '__qualname__', type(thing).__name__)}"


def _module_of(thing: object) -> str:
    inner: Callable[..., Any] | object = getattr(thing, "__wrapped__", thing)
    return str(getattr(inner, "__module__", None) or type(thing).__module__)
