"""Ending what extensions left running."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psutil

from localstack.host.process_tree import end_processes

LOG = logging.getLogger(__name__)

_PATIENCE_SECONDS = 0.5


def end_children() -> None:
    """Terminate the child processes of this process that are still there, then kill those that do not obey."""
    children = [child for child in psutil.Process().children(recursive=True) if not _is_resource_tracker(child)]
    for child in children:
        LOG.info("ending child process %d, which an extension left running", child.pid)
    end_processes(children, _PATIENCE_SECONDS)


def call_later(seconds: float, action: Callable[[], None]) -> None:
    """Call ``action`` after ``seconds``, on a thread that does not keep the process alive until then."""
    timer = threading.Timer(seconds, action)
    timer.name = "Runtime-Watchdog"
    timer.daemon = True
    timer.start()


def log_without_waiting(logger: logging.Logger, message: str) -> None:
    """Log an error, but don't wait for long: when stderr is a pipe that nobody reads, that would be for ever."""
    writer = threading.Thread(target=logger.error, args=("%s", message), name="Runtime-Last-Words", daemon=True)
    writer.start()
    writer.join(_PATIENCE_SECONDS)


def _is_resource_tracker(process: psutil.Process) -> bool:
    """Python's own helper process of ``multiprocessing``; it ends by itself with this process."""
    from multiprocessing import resource_tracker

    return process.pid == getattr(resource_tracker._resource_tracker, "_pid", None)
