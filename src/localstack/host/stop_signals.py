"""The signals that ask for an end, heard whatever the threads of the process are doing.

Python runs a signal's handler on the main thread, between two of its instructions. That is of no use to a server:
when the kernel hands the signal to another thread, a main thread that waits for a lock is not woken, and a handler
that takes a lock may find it held by the very code that it interrupts. So the interpreter writes the number into a
pipe as soon as it arrives (``signal.set_wakeup_fd``), and a thread of ours reads it and does the work.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, ``stop``, and a terminal that is closed (unless the platform was started by ``nohup``)."""


class StopSignals:
    """Calls ``received`` with the number of every one of ``STOP_SIGNALS``, on a thread of its own.

    :param received: does the work; may take locks and start threads
    :param interrupt: runs on the main thread, soon, maybe within ``install`` already; it may raise to unwind what that
        thread does, and nothing more
    """

    def __init__(self, received: Callable[[int], None], interrupt: Callable[[], None]) -> None:
        self._received = received
        self._interrupt = interrupt

    def install(self) -> None:
        """Take over the signals, for the rest of the process's life. Call it on the main thread."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        threading.Thread(target=self._listen, args=(reader,), name="Runtime-Signals", daemon=True).start()
        mask = _MaskOfForkingThread()
        os.register_at_fork(before=mask.block, after_in_parent=mask.restore, after_in_child=mask.let_go)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:  # last: the first one may arrive, and interrupt, right here
            if not _is_ignored_hangup(number):
                signal.signal(number, self._on_main_thread)

    def _listen(self, reader: int) -> None:
        while numbers := os.read(reader, 64):
            for number in numbers:
                if number in STOP_SIGNALS:
                    self._received(number)

    def _on_main_thread(self, number: int, frame: FrameType | None) -> None:
        self._interrupt()


class _MaskOfForkingThread(threading.local):
    """A forked child, as ``multiprocessing`` makes them, ends by itself and must not stop its parent.

    Until it has let go of the parent's pipe, its signals wait.
    """

    def block(self) -> None:
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)

    def restore(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def let_go(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if not _is_ignored_hangup(signal.SIGHUP):
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.restore()


def _is_ignored_hangup(number: int) -> bool:
    """Whether it is SIGHUP and was set to be ignored, as ``nohup`` does it."""
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
