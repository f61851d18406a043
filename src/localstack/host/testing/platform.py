"""The platform in the process of a test run."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from unittest.mock import patch

from localstack.extensions.api import Extension
from localstack.host import child_processes
from localstack.host.errors import LeantoError
from localstack.host.extension import exit_functions
from localstack.host.extension.discovery import NAMESPACE, Candidate, DistributionInfo, Origin
from localstack.host.extension.registry import ExtensionRecord, Fault
from localstack.host.runtime import Runtime
from localstack.host.settings import Settings
from localstack.host.testing.footprint import Footprint
from localstack.runtime import events

HOOKS = tuple(name for name in vars(Extension) if name.startswith(("on_", "update_")))

_STOP_SECONDS = 30.0
_E = TypeVar("_E", bound=Extension)


class ExtensionLoadError(Exception):
    """An extension could not be loaded, or one of its hooks failed; says what and where."""


class ExtensionLeakError(Exception):
    """An extension has left something running after its ``on_platform_shutdown``."""


@dataclass
class _Loaded:
    """An extension that a test has loaded.

    :ivar before: what was running before it came
    :ivar patches: what makes hooks of it fail
    """

    record: ExtensionRecord
    before: Footprint
    patches: ExitStack


class InProcessPlatform:
    """A platform in this process, on a free port of the loopback interface, in a folder of its own.

    It is the one that ``localstack start`` runs, without signals and developer mode, and without the extensions that
    happen to be installed. There can be one in a process, once.

    :param folder: for its configuration and volume
    :param environ: settings as environment variables, e.g. ``{"DEBUG": "1"}``
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        own = {
            "HOME": str(folder),
            "CONFIG_DIR": str(folder / "config"),
            "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
            "GATEWAY_LISTEN": "127.0.0.1:0",
        }
        self._runtime = Runtime(Settings.load(own | dict(environ)), is_guest=True)
        self._thread = threading.Thread(target=self._run, name="Runtime-Main", daemon=True)
        self._failure: Exception | None = None
        self._environ = dict(os.environ)
        self._loaded: list[_Loaded] = []
        self._failing: set[str] = set()

    @property
    def url(self) -> str:
        """Where it is reached, e.g. ``"http://127.0.0.1:41234"``."""
        return self._runtime.settings.local_url()

    def start(self) -> None:
        """Start it, and wait until it is ready.

        :raises LeantoError: when it can't start
        """
        self._thread.start()
        while not (events.infra_ready.wait(0.01) and self._runtime.exchange.lifecycle.is_ready):
            if not self._thread.is_alive():
                raise self._failure or LeantoError("the platform has ended before it was ready")
            time.sleep(0.001)
        if "localstack.config" in sys.modules:  # an extension that was imported before has it with other settings
            importlib.reload(sys.modules["localstack.config"])

    def stop(self) -> None:
        """Stop it, and give the process back its environment variables, and the functions that the host replaced."""
        self._runtime.stop()
        self._thread.join(_STOP_SECONDS)
        exit_functions.uninstall()
        child_processes.uninstall()
        os.environ.clear()
        os.environ.update(self._environ)

    def load(self, extension: type[_E]) -> _E:
        """Load an extension, as a start would, and return its instance.

        :raises ExtensionLoadError: when it can't be loaded, or a hook fails that was not made to
        """
        __tracebackhide__ = True
        exchange = self._runtime.exchange
        patches = ExitStack()
        for hook in self._failing:
            patches.enter_context(patch.object(extension, hook, _failing(hook)))
        before = Footprint.take()
        candidate = Candidate(_Given.of(extension), DistributionInfo(extension.__module__), Origin.DEVELOPED)
        with exchange.lock:
            (record,) = exchange.run([], [candidate])
        self._loaded.append(_Loaded(record, before, patches))
        if not isinstance(record.extension, extension) or any(one.place not in self._failing for one in record.faults):
            raise ExtensionLoadError(_reason(record))
        return record.extension

    def unload(self, extension: Extension) -> None:
        """Take an extension out again, as uninstalling it would.

        :raises ExtensionLeakError: when it has left something running
        :raises ValueError: when it is not loaded
        """
        for loaded in self._loaded:
            if loaded.record.extension is extension:
                return self._unload(loaded)
        raise ValueError(f"{extension!r} is not loaded")

    def faults(self, extension: Extension) -> tuple[Fault, ...]:
        """What went wrong in the hooks, handlers and routes of a loaded extension so far."""
        return tuple(fault for one in self._loaded if one.record.extension is extension for fault in one.record.faults)

    def fail_at(self, hook: str) -> None:
        """Let that hook of the extensions that are loaded from now on raise, until the next ``clear``.

        :raises ValueError: when there is no such hook
        """
        if hook not in HOOKS:
            raise ValueError(f"there is no hook {hook!r}; there are: {', '.join(HOOKS)}")
        self._failing.add(hook)

    def clear(self) -> None:
        """Take out what is still loaded, and forget the state of all AWS services.

        :raises ExtensionLeakError: when an extension has left something running
        """
        self._failing.clear()
        leaks = []
        for loaded in reversed(self._loaded[:]):
            try:
                self._unload(loaded)
            except ExtensionLeakError as error:
                leaks.append(str(error))
        self._runtime.reset_state()
        if leaks:
            raise ExtensionLeakError("\n".join(leaks))

    def _unload(self, loaded: _Loaded) -> None:
        self._loaded.remove(loaded)
        exchange = self._runtime.exchange
        left: list[str] = []

        def note_leftovers(name: str) -> None:
            left.extend(loaded.before.left_behind())
            exchange.end_leftovers(name)

        with loaded.patches, exchange.lock:
            replace(exchange, end_leftovers=note_leftovers).run([loaded.record], [])
        if left:
            name = loaded.record.name
            raise ExtensionLeakError(f"after on_platform_shutdown of extension {name}: {'; '.join(left)}")

    def _run(self) -> None:
        try:
            self._runtime.run()
        except Exception as error:  # noqa: BLE001 - for the thread that waits
            self._failure = error


class _Given(EntryPoint):
    """The entry point of a class that is there already."""

    _classes: ClassVar[dict[str, type[Extension]]] = {}

    @classmethod
    def of(cls, extension: type[Extension]) -> _Given:
        value = f"{extension.__module__}:{extension.__name__}"
        cls._classes[value] = extension
        return cls(extension.__name__, value, NAMESPACE)

    def load(self) -> type[Extension]:
        return self._classes[self.value]


def _failing(hook: str) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"fail_at({hook!r})")

    return fail


def _reason(record: ExtensionRecord) -> str:
    if not record.faults:
        return f"extension {record.name} is {record.state.value}"
    return "; ".join(fault.message for fault in record.faults)
