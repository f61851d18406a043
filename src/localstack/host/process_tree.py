"""Processes: whether they run, and their end; asked first, killed when they do not obey."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import psutil

_GRACE_SECONDS = 1.0
"""How long a process may take to end after SIGTERM before it is killed."""


class ChildProcess(Protocol):
    """What is asked of a child of this process: a ``Popen``, or something with the same methods."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def is_running(process: ChildProcess) -> bool:
    """Whether a child of this process runs. Its exit code stays for who waits for it, e.g. for asyncio."""
    if not hasattr(os, "waitid"):  # macOS, before Python 3.13
        return process.poll() is None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def end_process_tree(process: ChildProcess) -> None:
    """End a child of this process and everything below it.

    Only ``Popen`` itself waits for the child: someone else who reaps it would take its exit code.
    """
    import psutil  # a tenth of a second that only a command's end needs

    if process.poll() is not None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(process.pid).children(recursive=True)
        process.terminate()  # before its children: it might start others in their place
        end_processes(below, _GRACE_SECONDS)
    try:
        process.wait(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_processes(processes: Sequence[psutil.Process], grace_seconds: float) -> None:
    """Terminate processes, then kill those that do not obey in time."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, obstinate = psutil.wait_procs(processes, timeout=grace_seconds)
    for process in obstinate:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(obstinate, timeout=grace_seconds)
