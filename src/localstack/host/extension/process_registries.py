"""What anybody can change for the whole process: logging, warnings, environment variables, hooks of the interpreter.

A registry has *values*, each under a key. Beside them there are lists that things are added to.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from localstack.host.extension.ownership import module_of

ABSENT = object()
"""Stands for the value of a key that is not there."""


@dataclass(frozen=True, eq=False)
class Holder:
    """A logger or a handler as a key; handlers may compare as they like, and have no hash."""

    thing: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Holder) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


class Registry(Protocol):
    """Values that the process has once."""

    def read(self) -> Mapping[Any, object]:
        """All values there are now, by key."""

    def put(self, key: Any, value: Any) -> None:
        """Give ``key`` a value; ``ABSENT`` takes it out, or makes it what it is without anybody's doing."""

    def describe(self, key: Any) -> str:
        """What has the value, in words for people."""


class _Environment:
    """Environment variables."""

    def read(self) -> Mapping[str, object]:
        return dict(os.environ)

    def put(self, key: str, value: Any) -> None:
        if value is ABSENT:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value

    def describe(self, key: str) -> str:
        return f"the environment variable {key}"


class _Attributes:
    """Hooks that are attributes of a module, or of an object in it; keys are module and path."""

    def read(self) -> Mapping[tuple[str, str], object]:
        found = {key: _attribute(sys.modules.get(key[0]), key[1]) for key in _HOOKS}
        return {key: value for key, value in found.items() if value is not ABSENT}

    def put(self, key: tuple[str, str], value: Any) -> None:
        module, path = key
        if value is not ABSENT:  # they are always there
            where, _, name = path.rpartition(".")
            setattr(_attribute(sys.modules[module], where) if where else sys.modules[module], name, value)

    def describe(self, key: tuple[str, str]) -> str:
        return ".".join(key)


def _attribute(thing: object, path: str) -> Any:
    """``ABSENT`` also in a module that another thread is just importing."""
    for name in path.split("."):
        thing = getattr(thing, name, ABSENT)
    return thing


_HOOKS = (
    ("logging", "_loggerClass"),
    ("logging", "_logRecordFactory"),
    ("logging", "root.manager.disable"),
    ("logging", "root.manager.loggerClass"),
    ("logging", "root.manager.logRecordFactory"),
    ("ssl", "_create_default_https_context"),
    ("sys", "excepthook"),
    ("sys", "stderr"),
    ("sys", "stdin"),
    ("sys", "stdout"),
    ("threading", "excepthook"),
    ("warnings", "showwarning"),
)

HOOK_NAMES = frozenset((module, path) for module, path in _HOOKS if "." not in path)
"""Names in modules of the standard library that hold what somebody else has put there, by module and name."""


class _Settings:
    """What is read by one function and set by another; the key is its name."""

    def read(self) -> Mapping[str, object]:
        return {name: read() for name, (read, _) in _FUNCTIONS.items()}

    def put(self, key: str, value: Any) -> None:
        if value is not ABSENT:
            _FUNCTIONS[key][1](value)

    def describe(self, key: str) -> str:
        return f"the {key}"


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - text, to be compared
    except OSError:  # it was removed
        return None


def _go_to(folder: str | None) -> None:
    if folder is not None and os.path.isdir(folder):  # noqa: PTH112
        os.chdir(folder)


_FUNCTIONS: Mapping[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "working directory": (_folder, _go_to),
    "socket timeout": (socket.getdefaulttimeout, socket.setdefaulttimeout),
}


class _Loggers:
    """What loggers let pass, where it is not what a new logger does; keys are name and attribute."""

    def read(self) -> Mapping[tuple[str, str], object]:
        found: dict[tuple[str, str], object] = {}
        for logger in loggers():
            name = logger.name
            if logger.level:
                found[name, "level"] = logger.level
            if logger.disabled:
                found[name, "disabled"] = True
            if not logger.propagate:
                found[name, "propagate"] = False
        return found

    def put(self, key: tuple[str, str], value: Any) -> None:
        name, attribute = key
        usual = {"level": logging.NOTSET, "disabled": False, "propagate": True}[attribute]
        value = usual if value is ABSENT else value
        logger = logging.getLogger(name)
        if attribute == "level":
            logger.setLevel(value)  # forgets what it has worked out
        else:
            setattr(logger, attribute, value)

    def describe(self, key: tuple[str, str]) -> str:
        return f"{key[1]} of the logger {key[0]}"


class _RootHandlers:
    """How the handlers that all of the log goes through write it; keys are the handler and the attribute."""

    def read(self) -> Mapping[tuple[str, Holder], object]:
        handlers, names = tuple(logging.root.handlers), ("formatter", "level")
        found = {(name, Holder(one)): getattr(one, name, ABSENT) for one in handlers for name in names}
        return {key: value for key, value in found.items() if value is not ABSENT}

    def put(self, key: tuple[str, Holder], value: Any) -> None:
        if value is not ABSENT:  # else the handler itself came with the change
            setattr(key[1].thing, key[0], value)

    def describe(self, key: tuple[str, Holder]) -> str:
        return f"the {key[0]} of {key[1].thing!r}"


REGISTRIES: tuple[Registry, ...] = (
    _Environment(),
    _Attributes(),
    _Settings(),
    _Loggers(),
    _RootHandlers(),
)


def loggers() -> Iterator[logging.Logger]:
    """All loggers, the root first."""
    yield logging.root
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


def lists() -> dict[Hashable, list[Any]]:
    """The lists that things are added to, themselves and not copies, by key. Of loggers those that are not empty."""
    found: dict[Hashable, list[Any]] = {name: getattr(sys, name) for name in ("path", "meta_path", "path_hooks")}
    found["warnings"] = warnings.filters  # type: ignore[assignment]  # it is a list, whatever typeshed calls it
    for logger in loggers():
        if logger.handlers:
            found["handlers", Holder(logger)] = logger.handlers
        if logger.filters:
            found["filters", Holder(logger)] = logger.filters
    for handler in tuple(logging.root.handlers):
        if filters := getattr(handler, "filters", None):
            found["filters", Holder(handler)] = filters
    return found


def list_of(key: Hashable) -> list[Any]:
    """The list of a key of ``lists()``, empty or not."""
    if key == "warnings":
        return warnings.filters  # type: ignore[return-value]
    name, holder = (key[0], key[1].thing) if isinstance(key, tuple) else (str(key), sys)
    found: list[Any] = getattr(holder, name)
    return found


def describe(key: Any) -> str:
    """What a list is, or which value is meant by a registry's place and the key there, in words for people."""
    if isinstance(key, tuple) and isinstance(key[0], int):
        return REGISTRIES[key[0]].describe(key[1])
    if isinstance(key, tuple):
        return f"{key[0]} of {key[1].thing!r}"
    return "warnings.filters" if key == "warnings" else f"sys.{key}"


def is_of_a_library(
    key: Hashable, item: Any, imported: Collection[str] = (), own_modules: Collection[str] = ()
) -> bool:
    """Whether a library has added it for itself when it was imported, and is still there: ``six`` has a finder.

    To loggers libraries add a ``NullHandler``, which does nothing; to ``sys.path`` a folder of their own.

    :param key: of the list; ``None`` for a value
    :param imported: modules that were imported when it came; of other objects it must be made there
    :param own_modules: top-level modules of the extension, which is no library
    """
    if key == "path":
        return any(str(one).endswith("-packages") and str(item).startswith(f"{one}{os.sep}") for one in sys.path)
    if type(item) is logging.NullHandler:
        return True
    module = item[2].__module__ if key == "warnings" else module_of(item)
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in own_modules or module not in sys.modules:
        return False
    return key in ("meta_path", "path_hooks", "warnings") or module in imported
