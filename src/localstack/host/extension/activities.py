"""What extensions have running: child processes and stoppable threads, so that they end with their extension."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Collection
from typing import Protocol

from localstack.host.extension.ownership import Ledger
from localstack.host.process_tree import ChildProcess, end_process_tree, is_running

LOG = logging.getLogger("localstack.extensions.platform")

_PATIENCE_SECONDS = 0.5
"""How long processes may take to end that their extension has told to."""


class StoppableThread(Protocol):
    """A ``FuncThread`` of the contract."""

    name: str
    running: bool

    def is_alive(self) -> bool: ...
    def stop(self, quiet: bool = False) -> None: ...


Activity = ChildProcess | StoppableThread


class Activities:
    """Processes and threads by the extension that started them, until they have ended. Safe for threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._processes: list[tuple[str, ChildProcess]] = []
        self._threads: list[tuple[str, StoppableThread]] = []
        self._lock = threading.Lock()

    def note_process(self, process: ChildProcess) -> None:
        """Record a process that was started just now, when an extension did it."""
        owner = self._ledger.owner_of(None)
        with self._lock:
            self._processes = [(whose, one) for whose, one in self._processes if is_running(one)]
            if owner is not None:
                self._processes.append((owner, process))

    def note_thread(self, thread: StoppableThread, owner: str | None) -> None:
        """Record a thread that was started just now."""
        with self._lock:
            self._threads = [(whose, one) for whose, one in self._threads if one.is_alive()]
            if owner is not None:
                self._threads.append((owner, thread))

    def of(self, owner: str) -> list[Activity]:
        """What an extension has running now."""
        with self._lock:
            return [*self._threads_of(owner), *self._processes_of(owner)]

    def end(self, owner: str, spared: Collection[Activity] = ()) -> None:
        """Stop the threads and end the processes, with all below them, that an extension has left."""
        kept = set(map(id, spared))
        with self._lock:
            threads = [one for one in self._threads_of(owner) if id(one) not in kept]
            processes = [one for one in self._processes_of(owner) if id(one) not in kept]
        for thread in threads:
            LOG.info("stopping thread %s, which extension %s left running", thread.name, owner)
            try:
                thread.stop(quiet=True)
            except Exception as error:  # noqa: BLE001 - what the extension does at the stop must not keep others running
                LOG.warning("thread %s of extension %s can't be stopped: %r", thread.name, owner, error)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                LOG.info("ending child process %d, which extension %s left running", process.pid, owner)
                end_process_tree(process)

    def _threads_of(self, owner: str) -> list[StoppableThread]:
        return [one for whose, one in self._threads if whose == owner and one.is_alive() and one.running]

    def _processes_of(self, owner: str) -> list[ChildProcess]:
        return [one for whose, one in self._processes if whose == owner and is_running(one)]
