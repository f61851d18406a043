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

from rolo import Request

_T = TypeVar("_T")

_acting: ContextVar[str | None] = ContextVar("acting_extension", default=None)

VERSION_KEY = "leanto.version"
"""Where a request's environ has the ledger's version from when it began."""
NEWEST = sys.maxsize


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
    CONTAINER = "container"


@dataclass(frozen=True)
class Contribution:
    """One thing that an extension added, e.g. ``("hello", ROUTE, "GET /hello/<name>")``."""

    owner: str
    kind: ContributionKind
    description: str


class Container(Protocol):
    """Something that extensions add to. While additions are staged (``Staging``) it leaves them to that."""

    def contributions(self) -> Iterable[Contribution]:
        """What is in it now and belongs to an extension."""

    def items_of(self, owner: str) -> Sequence[Any]:
        """What belongs to ``owner`` now, as it is kept in the container."""

    def exchange(self, gone: Sequence[Any], additions: Sequence[Any], version: int) -> None:
        """Take out ``gone``, which may be gone already, and make ``additions`` that were staged; in one step.

        Requests that began before ``version`` go on with what was there until now.
        """


@dataclass
class Ledger:
    """All containers of the platform, and the extensions whose code may add to them."""

    containers: list[Container] = field(default_factory=list)
    owners_of_modules: dict[str, str] = field(default_factory=dict)
    """Top-level module to extension, for additions from threads that no hook is running on."""
    version: int = 0
    """Counts the exchanges. A request notes it when it begins, and meets in all containers what that version had."""

    def of(self, owner: str) -> tuple[Contribution, ...]:
        """Everything that ``owner`` has in the platform now."""
        return tuple(c for container in self.containers for c in container.contributions() if c.owner == owner)

    def withdraw(self, owner: str) -> None:
        """Take everything away again that ``owner`` added; the next request no longer meets it."""
        self.exchange((container, container.items_of(owner), ()) for container in self.containers)

    def exchange(self, changes: Iterable[tuple[Container, Sequence[Any], Sequence[Any]]]) -> None:
        """Exchange what is in containers, for all of them at once.

        :param changes: container, what goes, and what comes
        """
        version = self.version + 1
        for container, gone, additions in changes:
            if gone or additions:
                container.exchange(gone, additions, version)
        self.version = version  # last: requests that begin from now on see all of it

    def owner_of(self, thing: object) -> str | None:
        """The extension that is acting now, else the one whose code ``thing`` is; ``None`` for the host's own."""
        acting = _acting.get()
        if acting is not None:
            return acting
        return self.owners_of_modules.get(module_of(thing).partition(".")[0]) or self._owner_of_caller()

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


class Staging:
    """Keeps apart what the hooks of an extension add, until all of it takes the place of what ``replaces`` has now.

    Only additions of the calling context are staged, not those of threads that it starts. Inside, the containers look
    as if nothing had been added. Without ``commit`` the additions are forgotten.

    :param replaces: name of an extension whose present additions go; ``None`` when there is none
    """

    def __init__(self, ledger: Ledger, replaces: str | None) -> None:
        self._ledger = ledger
        self._before = [(one, one.items_of(replaces) if replaces else ()) for one in ledger.containers]
        self._additions: dict[int, list[Any]] = {}

    def __enter__(self) -> Staging:
        self._token = _staging.set(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _staging.reset(self._token)

    def additions_to(self, container: Container) -> list[Any]:
        """What is staged for a container, in the container's own form; it adds to this."""
        return self._additions.setdefault(id(container), [])

    def commit(self) -> None:
        """Make the additions. Call it outside the block."""
        self._ledger.exchange((one, gone, self.additions_to(one)) for one, gone in self._before)


_staging: ContextVar[Staging | None] = ContextVar("staging", default=None)


def staged_additions(container: Container) -> list[Any] | None:
    """Where ``container`` has to leave its additions now; ``None`` when it makes them itself."""
    staging = _staging.get()
    return None if staging is None else staging.additions_to(container)


@dataclass(frozen=True)
class _StagedChange:
    """A call of one of a list's methods that adds something.

    :ivar owned: what it adds, with the extension that it belongs to
    """

    method: str
    args: tuple[Any, ...]
    owned: tuple[tuple[Any, str | None], ...]


class OwnedList(list[_T]):
    """A list that extensions change directly (``append``, ``insert``, ``remove``, …) and that knows who added what.

    :ivar changes: counts the changes, so that others can tell whether what they remember of it still holds
    :ivar plan: what the guard remembers of it
    """

    changes = 0
    plan: Any = None
    _since = 0
    _earlier: OwnedList[_T] | None = None

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

    def items_of(self, owner: str) -> tuple[_T, ...]:
        return tuple(item for item in self if self.owner(item) == owner)

    def as_of(self, request: Request) -> OwnedList[_T]:
        """The list as it was when a request began."""
        if self._earlier is not None and request.environ.get(VERSION_KEY, NEWEST) < self._since:
            return self._earlier
        return self

    def exchange(self, gone: Sequence[_T], additions: Sequence[_StagedChange], version: int) -> None:
        earlier: OwnedList[_T] = OwnedList.__new__(OwnedList)
        list.extend(earlier, self)
        earlier._ledger, earlier._kind, earlier._owners = self._ledger, self._kind, self._owners
        self._earlier, self._since = earlier, version
        leaving = {id(item) for item in gone}
        items = [item for item in self if id(item) not in leaving]
        owners = {key: entry for key, entry in self._owners.items() if key not in leaving}
        for change in additions:
            getattr(items, change.method)(*change.args)
            owners |= {id(item): (item, owner) for item, owner in change.owned if owner is not None}
        self._owners = owners
        super().__setitem__(slice(None), items)

    def append(self, item: _T) -> None:
        if not self._stages("append", [item], item):
            self._record([item])
            super().append(item)

    def insert(self, index: SupportsIndex, item: _T) -> None:
        if not self._stages("insert", [item], index, item):
            self._record([item])
            super().insert(index, item)

    def extend(self, items: Iterable[_T]) -> None:
        added = list(items)
        if not self._stages("extend", added, added):
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
        new = [item for item in added if id(item) not in self._owners]
        assigned = added if isinstance(key, slice) else value
        if not self._stages("__setitem__", new, key, assigned):
            self._record(new)
            super().__setitem__(key, assigned)

    def _stages(self, method: str, added: Sequence[_T], *args: Any) -> bool:
        """Leave a change to the staging that is under way, if one is."""
        staged = staged_additions(self)
        if staged is None:
            return False
        owned = tuple((item, self._ledger.owner_of(item)) for item in added)
        staged.append(_StagedChange(method, args, owned))
        return True

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
    "reverse", "sort", "exchange",
):  # fmt: skip
    setattr(OwnedList, _name, _counted(_name))


def describe(thing: object) -> str:
    """A name that the author recognises: ``"package.module.function"``, or the text itself for a string."""
    if isinstance(thing, str):
        return thing
    target = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{module_of(thing)}.{getattr(target, '__qualname__', type(thing).__name__)}"


def module_of(thing: object) -> str:
    """Name of the module that a function, a class or the class of an object was made in."""
    inner: Callable[..., Any] | object = getattr(thing, "__wrapped__", thing)
    return str(getattr(inner, "__module__", None) or type(thing).__module__)
