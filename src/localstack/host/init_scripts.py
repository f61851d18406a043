"""Init scripts: files that the platform runs when it boots, starts, is ready and shuts down.

They are in ``boot.d``, ``start.d``, ``ready.d`` and ``shutdown.d`` of the init folder. Each folder is run once, in
order of names, a folder's own files before those of its sub-folders. A script that fails is reported and hinders none.
"""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from localstack.host.errors import named, said_by

LOG = logging.getLogger("localstack.runtime.init")

RUNNER_NAMESPACE = "localstack.init.runner"


class Stage(StrEnum):
    """When scripts run; the value's lower case is the name of their folder before ``.d``."""

    BOOT = "BOOT"
    START = "START"
    READY = "READY"
    SHUTDOWN = "SHUTDOWN"


class ScriptState(StrEnum):
    UNKNOWN = "UNKNOWN"
    RUNNING = "RUNNING"
    SUCCESSFUL = "SUCCESSFUL"
    ERROR = "ERROR"


@dataclass
class Script:
    """One script, and what became of it.

    :ivar name: its path below the folder of its stage
    """

    path: Path
    name: str
    stage: Stage
    state: ScriptState = ScriptState.UNKNOWN


class Runner(Protocol):
    """What runs scripts of one kind."""

    def should_run(self, script_file: str) -> bool: ...

    def run(self, path: str) -> None: ...


class ScriptError(Exception):
    """A script did not do its work; the message says what to do."""


class InitScripts:
    """The scripts of all stages. One thread runs a stage; others may ask for states at any time.

    :param folder: the one that holds ``boot.d`` and so on; it need not exist
    :param shell_environ: variables that a shell script gets when they are not set already
    """

    def __init__(self, folder: Path, shell_environ: Mapping[str, str], *, shows_traceback: bool) -> None:
        self._shows_traceback = shows_traceback
        self._own_runners: list[Runner] = [_ShellRunner(shell_environ), _PythonRunner()]
        self._plugins: list[_PluginRunner] | None = None
        self._scripts = {stage: list(_found(folder, stage)) for stage in Stage}
        self._completed: set[Stage] = set()

    def run(self, stage: Stage, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Run the scripts of a stage one after the other. Nothing that they do is raised here.

        :param is_stopping: asked before each script; true leaves the rest of the stage out
        """
        for script in self._scripts[stage]:
            if is_stopping():
                return
            runner = self._runner_of(script)
            if runner is not None:
                with _without_changed_credentials():
                    self._run(script, runner)
        self._completed.add(stage)

    def is_completed(self, stage: Stage) -> bool:
        return stage in self._completed

    def scripts(self, stage: Stage) -> list[Script]:
        """The scripts of a stage that something can run, in their order."""
        return [script for script in self._scripts[stage] if self._runner_of(script) is not None]

    def runners(self) -> dict[str, bool]:
        """Names of the runners that extensions brought, and whether each one is loaded."""
        return {plugin.name: plugin.is_loaded for plugin in self._plugin_runners()}

    def _run(self, script: Script, runner: Runner) -> None:
        script.state = ScriptState.RUNNING
        LOG.debug("running the %s script %s", script.stage, script.path)
        try:
            runner.run(str(script.path))
        except (Exception, SystemExit) as error:  # it is the user's code, or an extension's
            script.state = ScriptState.ERROR
            is_told = isinstance(error, ScriptError)
            text = said_by(error) if is_told else named(error)
            shows = self._shows_traceback and not is_told
            LOG.error("Error while running script %s: %s", script.path, text, exc_info=error if shows else None)
        else:
            script.state = ScriptState.SUCCESSFUL

    def _runner_of(self, script: Script) -> Runner | None:
        runners: list[Runner] = [*self._own_runners]
        own = next((runner for runner in runners if runner.should_run(str(script.path))), None)
        if own is not None or script.stage is Stage.BOOT:  # extensions can be imported only after that stage
            return own
        return next((plugin for plugin in self._plugin_runners() if plugin.should_run(str(script.path))), None)

    def _plugin_runners(self) -> list[_PluginRunner]:
        """Looked up once, and not before the extensions are on ``sys.path``."""
        if self._plugins is None:
            self._plugins = [_PluginRunner(entry_point) for entry_point in entry_points(group=RUNNER_NAMESPACE)]
        return self._plugins


class _ShellRunner:
    """Executes ``*.sh`` as they are: each says in its first line what interprets it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def should_run(self, script_file: str) -> bool:
        return script_file.endswith(".sh")

    def run(self, path: str) -> None:
        if not os.access(path, os.X_OK):
            raise ScriptError(f"the file is not executable: chmod +x {path}")
        try:
            done = subprocess.run([path], env={**self._environ, **os.environ}, check=False)
        except OSError as error:
            raise ScriptError(f"{error.strerror}: its first line has to name an interpreter, e.g. #!/bin/sh") from None
        if done.returncode != 0:
            raise ScriptError(f"Script {path} returned a non-zero exit code {done.returncode}")


class _PythonRunner:
    """Runs ``*.py`` inside this process."""

    def should_run(self, script_file: str) -> bool:
        return script_file.endswith(".py")

    def run(self, path: str) -> None:
        code = compile(Path(path).read_bytes(), path, "exec")
        try:
            exec(code, {"__name__": "__main__", "__file__": path})
        except SystemExit as end:
            if end.code not in (None, 0):
                raise ScriptError(f"Script {path} ended with {end.code}") from None


class _PluginRunner:
    """A runner that an extension brings; it is made when a script looks for one, and loaded before its first."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self.name = entry_point.name
        self.is_loaded = False
        self._entry_point = entry_point
        self._runner: Any = None
        self._is_broken = False

    def should_run(self, script_file: str) -> bool:
        if self._is_broken:
            return False
        try:
            return bool(self._made().should_run(script_file))
        except Exception as error:  # noqa: BLE001 - it is an extension's code
            self._is_broken = True
            LOG.error("the runner of init scripts %s is left out: %s", self._entry_point.value, error)
            return False

    def run(self, path: str) -> None:
        if not self.is_loaded:
            self._made().load()
            self.is_loaded = True
        self._made().run(path)

    def _made(self) -> Any:
        if self._runner is None:
            from plux import PluginSpecResolver

            self._runner = PluginSpecResolver().resolve(self._entry_point.load()).factory()
        return self._runner


def _found(folder: Path, stage: Stage) -> Iterator[Script]:
    top = folder / f"{stage.lower()}.d"
    for parent, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = Path(parent, name)
            yield Script(path, str(path.relative_to(top)), stage)


@contextmanager
def _without_changed_credentials() -> Iterator[None]:
    """What a script does to ``AWS_…`` variables of this process ends with it."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_") and name not in before]:
            del os.environ[name]
        for name, value in before.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
