"""Debuggers for an extension that runs from its source: an editor's, and pdb in the terminal."""

from __future__ import annotations

import atexit
import importlib
import os
import pdb
import sys
import termios
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from plux import PluginDisabled

from localstack.host.errors import DevModeError, ExtensionFault
from localstack.host.extension.guard import author_frames
from localstack.host.process import attempts
from localstack.runtime import events

_LOOPBACK = "127.0.0.1"
_LOOK_SECONDS = 0.1
_PORT_SECONDS = 3.0
"""So long an editor that was attached before a restart may take to let go of the port."""


class _Debugpy(Protocol):
    def configure(self, *, subProcess: bool) -> None: ...

    def listen(self, address: tuple[str, int]) -> object: ...

    def wait_for_client(self) -> None: ...


def listen_for_debugger(port: int, packages: Sequence[Path], *, waits: bool) -> None:
    """Let an editor attach to this process by the Debug Adapter Protocol, from this machine only.

    :param packages: where debugpy is looked for besides this Python's own packages
    :param waits: returns only when somebody has attached
    :raises DevModeError: when debugpy is not there, or can't listen
    """
    # it looks whether the interpreter's own frozen modules hide lines, which are none of the extension's
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    debugpy = cast(_Debugpy, _debugpy(packages))
    debugpy.configure(subProcess=False)  # else what replaces this process at a restart would look for this debugger
    failure: RuntimeError | None = None
    for _ in attempts(_PORT_SECONDS):
        try:
            debugpy.listen((_LOOPBACK, port))
            break
        except RuntimeError as error:
            failure = error
    else:
        raise DevModeError(f"no debugger can be waited for on port {port}: {failure}", "choose another port")
    print(f"debugger: attach to {_LOOPBACK}:{port}", flush=True)  # noqa: T201
    if waits:
        debugpy.wait_for_client()


def _debugpy(packages: Sequence[Path]) -> ModuleType:
    before = list(sys.path)
    sys.path.extend(str(path) for path in packages if str(path) not in sys.path)
    try:
        return importlib.import_module("debugpy")
    except ModuleNotFoundError as error:
        raise DevModeError(
            "debugpy is not installed, neither in .venv of the project nor for the Python that runs localstack",
            "in the project's folder: make install && .venv/bin/python -m pip install debugpy",
        ) from error
    finally:
        sys.path[:] = before


@dataclass(frozen=True)
class PostMortem:
    """Opens pdb where the code of a project has raised; the call that failed waits until the prompt is left.

    The prompt has a thread of its own, so that the platform can end while somebody sits at it. One at a time is open.
    """

    project: Path
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of_terminal(cls, project: Path) -> PostMortem:
        """:raises DevModeError: when nobody can type here"""
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise DevModeError("--pdb needs a terminal to ask in", "run it in one, or use --debugpy PORT")
        atexit.register(termios.tcsetattr, sys.stdin.fileno(), termios.TCSADRAIN, termios.tcgetattr(sys.stdin))
        return cls(project)

    def __call__(self, fault: ExtensionFault, roots: Sequence[Path]) -> None:
        if isinstance(fault.cause, PluginDisabled) or not self._is_concerned(fault.cause, roots):
            return
        with self._one_at_a_time:
            if events.infra_stopping.is_set():  # while somebody else had the prompt
                return
            is_left = threading.Event()
            threading.Thread(target=_ask, args=(fault, is_left), name="Post-Mortem", daemon=True).start()
            while not events.infra_stopping.is_set() and not is_left.wait(_LOOK_SECONDS):
                pass

    def _is_concerned(self, cause: BaseException, roots: Sequence[Path]) -> bool:
        frame, files = cause.__traceback__, []
        while frame is not None:
            files.append(Path(frame.tb_frame.f_code.co_filename))
            frame = frame.tb_next
        return any(path.is_relative_to(self.project) for path in (*roots, *files))


def _ask(fault: ExtensionFault, is_left: threading.Event) -> None:
    try:
        print(fault, flush=True)  # noqa: T201
        prompt = pdb.Pdb(nosigint=True)  # Ctrl-C ends the platform, here too
        prompt.reset()
        prompt.interaction(None, author_frames(fault.cause) or fault.cause.__traceback__)
    finally:
        is_left.set()
