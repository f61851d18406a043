"""Child processes that extensions start with the interpreter of LocalStack's container image.

Some extensions (httpbin) run ``/opt/code/localstack/.venv/bin/python -m their.module``. Where no such file exists the
command gets the interpreter of this process, and the child finds the packages that extensions brought.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from localstack.host.adapted_imports import AdaptedImports
from localstack.host.process_tree import ChildProcess
from localstack.utils.patch import Patch

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

LOG = logging.getLogger(__name__)

_INTERPRETER = r"/opt/code/localstack/\.venv/bin/python(?:3(?:\.\d+)?)?"
_PROGRAM = re.compile(_INTERPRETER)
_SHELL_WORD = re.compile(rf"(?<![\w./-])(?P<quote>['\"]?)(?P<path>{_INTERPRETER})(?P=quote)(?![\w./-])")

_start = subprocess.Popen.__init__
_parameters = inspect.signature(_start)
_WORKERS = "multiprocessing.process"


def install(added_paths: Callable[[], Sequence[str]], started: Callable[[ChildProcess], None]) -> None:
    """Look at every command that this process starts from now on; a second call only replaces the arguments.

    Covered is what goes through ``subprocess.Popen``: the functions of ``subprocess``, asyncio's and our own. Processes
    of ``multiprocessing`` are only told to ``started``.

    :param added_paths: called for each command concerned: the entries that the host has added to ``sys.path``
    :param started: called with each process that was started
    """
    _installed.added_paths, _installed.started = added_paths, started
    _installed.commands.apply()
    if _WORKERS in sys.modules:
        _installed.note_workers(sys.modules[_WORKERS])
    else:
        _installed.imports.uninstall()
        _installed.imports.install()


def uninstall() -> None:
    """Start commands as they are again, and tell nobody; somebody who has patched the same since then keeps that."""
    _installed.added_paths, _installed.started = list, lambda process: None
    _installed.imports.uninstall()
    if _installed.commands.is_on_top:
        _installed.commands.undo()
    if _WORKERS in sys.modules:
        _installed.forget_workers(sys.modules[_WORKERS])


@functools.wraps(_start)
def _start_adapted(*args: Any, **kwargs: Any) -> None:
    try:
        call = _parameters.bind(*args, **kwargs)
    except TypeError:
        return _start(*args, **kwargs)  # complains in its own words
    _adapt(call.arguments)
    _start(*call.args, **call.kwargs)
    _installed.started(call.args[0])
    return None


@dataclass(frozen=True)
class _Worker:
    """A process of ``multiprocessing``, to be asked like one of ``subprocess``.

    :ivar pid: its own, which ``process`` does not tell any more when it was closed
    """

    process: BaseProcess
    pid: int

    def poll(self) -> int | None:
        try:
            return self.process.exitcode
        except ValueError:  # it has ended, and was closed
            return 0

    def wait(self, timeout: float | None = None) -> int:
        """:raises subprocess.TimeoutExpired: when it still runs then"""
        self.process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.process.name, timeout or 0.0)
        return code

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()


@dataclass
class _Installed:
    added_paths: Callable[[], Sequence[str]]
    started: Callable[[ChildProcess], None]
    commands: Patch
    start_worker: Callable[[BaseProcess], None] | None = None
    """What ``start_noted`` takes the place of; ``None`` until somebody imports ``multiprocessing``."""
    start_noted: Callable[[BaseProcess], None] | None = None

    def __post_init__(self) -> None:
        self.imports = AdaptedImports({_WORKERS: self.note_workers}.get)

    def note_workers(self, module: ModuleType) -> None:
        if self.start_worker is not None:
            return
        start: Callable[[BaseProcess], None] = module.BaseProcess.start

        @functools.wraps(start)
        def start_noted(worker: BaseProcess) -> None:
            start(worker)
            self.started(_Worker(worker, worker.pid or 0))

        # no Patch: those that are applied while an extension acts are the extension's, and go with it
        self.start_worker, self.start_noted, module.BaseProcess.start = start, start_noted, start_noted

    def forget_workers(self, module: ModuleType) -> None:
        if self.start_noted is not None and module.BaseProcess.start is self.start_noted:
            module.BaseProcess.start = self.start_worker
            self.start_worker = self.start_noted = None


_installed = _Installed(list, lambda process: None, Patch(subprocess.Popen, "__init__", _start_adapted))


def _adapt(arguments: dict[str, Any]) -> None:
    """Change the arguments of one ``Popen`` where they name the interpreter, or have nothing to name a program by."""
    command, executable = arguments["args"], arguments.get("executable")
    if executable is not None and _is_missing_interpreter(executable):
        arguments["executable"] = sys.executable
        # the name is what an interpreter finds its environment by
        arguments["args"] = [sys.executable, *command[1:]] if isinstance(command, (list, tuple)) else sys.executable
    elif (adapted := _adapted_command(command, bool(arguments.get("shell")))) is not None:
        arguments["args"] = adapted
    else:
        _name_program(arguments)
        return
    arguments["env"] = _environment(arguments.get("env"))
    LOG.debug("running %r with %s", command, sys.executable)


def _name_program(arguments: dict[str, Any]) -> None:
    """An empty list with an ``executable`` worked up to Python 3.12, where later ones raise."""
    executable = arguments.get("executable")
    if executable is not None and isinstance(arguments["args"], (list, tuple)) and not arguments["args"]:
        arguments["args"] = [executable]


def _adapted_command(command: Any, shell: bool) -> Any:
    """The command with our interpreter in the place of theirs, ``None`` when it does not name theirs.

    A list names it as its first element; a command of the shell wherever it stands as a word, so also after ``cd …;``.
    """
    if isinstance(command, (str, bytes, os.PathLike)):
        first, rest = os.fsdecode(command), None
    elif isinstance(command, Sequence) and command and isinstance(command[0], (str, bytes, os.PathLike)):
        first, rest = os.fsdecode(command[0]), list(command[1:])
    else:
        return None
    replaced = _adapted_shell_text(first) if shell else sys.executable if _is_missing_interpreter(first) else first
    if replaced == first:
        return None
    return replaced if rest is None else [replaced, *rest]


def _adapted_shell_text(text: str) -> str:
    def replace(word: re.Match[str]) -> str:
        return shlex.quote(sys.executable) if _is_missing_interpreter(word["path"]) else word[0]

    return _SHELL_WORD.sub(replace, text)


def _is_missing_interpreter(program: Any) -> bool:
    path = os.fsdecode(program)
    return _PROGRAM.fullmatch(path) is not None and not os.path.exists(path)  # noqa: PTH110 - text or bytes, not a Path


def _environment(given: Mapping[str, str] | None) -> dict[str, str]:
    """The child's environment, with the host's additional paths behind those of its ``PYTHONPATH``."""
    environment = dict(os.environ if given is None else given)
    entries = [*filter(None, [environment.get("PYTHONPATH")]), *_installed.added_paths()]
    if entries:
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(entries))
    return environment
