"""What anybody can change for the whole process: logging, warnings, environment variables, hooks of the interpreter.

A registry has *values*, each under a key. Beside them there are lists that things are added to.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Protocol

ABSENT = object()
"""Stands for the value of a key that is not there."""


class Registry(Protocol):
    """Values that the process has once."""

    def read(self) -> Mapping[Any, object]:
        """All values there are now, by key."""

    def put(self, key: Any, value: Any) -> None:
        """Give ``key`` a value; ``ABSENT`` takes it out, or makes it what it is without anybody's doing."""


class _Environment:
    """Environment variables."""

    def read(self) -> Mapping[str, object]:
        return dict(os.environ)

    def put(self, key: str, value: Any) -> None:
        if value is ABSENT:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


class _Attributes:
    """Hooks that are attributes of a module, or of an object in it; keys are module and path."""

    def read(self) -> Mapping[tuple[str, str], object]:
        return {key: attrgetter(key[1])(sys.modules[key[0]]) for key in _HOOKS if key[0] in sys.modules}

    def put(self, key: tuple[str, str], value: Any) -> None:
        module, path = key
        if value is not ABSENT:  # they are always there
            where, _, name = path.rpartition(".")
            setattr(attrgetter(where)(sys.modules[module]) if where else sys.modules[module], name, value)


_HOOKS = (
    ("asyncio.events", "_event_loop_policy"),
    ("logging", "_loggerClass"),
    ("logging", "_logRecordFactory"),
    ("logging", "lastResort"),
    ("logging", "raiseExceptions"),
    ("logging", "root.manager.disable"),
    ("logging", "root.manager.loggerClass"),
    ("logging", "root.manager.logRecordFactory"),
    ("ssl", "_create_default_https_context"),
    ("sys", "breakpointhook"),
    ("sys", "displayhook"),
    ("sys", "excepthook"),
    ("sys", "stderr"),
    ("sys", "stdin"),
    ("sys", "stdout"),
    ("sys", "unraisablehook"),
    ("threading", "excepthook"),
    ("warnings", "formatwarning"),
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
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
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


class _RootHandlers:
    """How the handlers that all of the log goes through write it; keys are the handler and the attribute."""

    def read(self) -> Mapping[tuple[logging.Handler, str], object]:
        names = ("formatter", "level")
        return {(handler, name): getattr(handler, name) for handler in logging.root.handlers for name in names}

    def put(self, key: tuple[logging.Handler, str], value: Any) -> None:
        if value is not ABSENT:  # else the handler itself came with the change
            setattr(*key, value)


class _MediaTypes:
    """What ``mimetypes`` says of file name extensions, once it has read what the system says."""

    def read(self) -> Mapping[str, object]:
        database = self._database()
        return dict(database.types_map[True]) if database is not None else {}

    def put(self, key: str, value: Any) -> None:
        database = self._database()
        if database is None:
            return
        present = database.types_map[True].pop(key, None)
        known = database.types_map_inv[True].get(present, [])
        if key in known:
            known.remove(key)
        if value is not ABSENT:
            database.add_type(value, key)

    def _database(self) -> Any:
        return getattr(sys.modules.get("mimetypes"), "_db", None)


REGISTRIES: tuple[Registry, ...] = (
    _Environment(),
    _Attributes(),
    _Settings(),
    _Loggers(),
    _RootHandlers(),
    _MediaTypes(),
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
            found["handlers", logger] = logger.handlers
        if logger.filters:
            found["filters", logger] = logger.filters
    for handler in logging.root.handlers:
        if handler.filters:
            found["filters", handler] = handler.filters
    return found


def list_of(key: Hashable) -> list[Any]:
    """The list of a key of ``lists()``, empty or not."""
    if key == "warnings":
        return warnings.filters  # type: ignore[return-value]
    name, holder = key if isinstance(key, tuple) else (str(key), sys)
    found: list[Any] = getattr(holder, name)
    return found
