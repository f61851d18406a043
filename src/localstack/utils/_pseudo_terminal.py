"""A terminal for a process that wants one; it only works on systems with pseudo-terminals, such as Linux and macOS."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["PseudoTerminal"]

_OUTPUT_MODES = 1
"""Where a terminal's attributes have the modes of its output."""


class PseudoTerminal:
    """A terminal that one process has as its standard input and output, seen from the other end."""

    def __init__(self) -> None:
        self._near, self._far = pty.openpty()
        attributes = termios.tcgetattr(self._far)
        attributes[_OUTPUT_MODES] &= ~termios.ONLCR  # lines end as the process writes them
        termios.tcsetattr(self._far, termios.TCSANOW, attributes)

    def start(self, cmd: str | Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start the process; options are those of ``Popen``, but for its input and output.

        :raises OSError: when it can't be started; the terminal is gone then
        """
        try:
            return subprocess.Popen(cmd, **options | {"stdin": self._far, "stdout": self._far})
        except BaseException:
            os.close(self._near)
            raise
        finally:
            os.close(self._far)

    def output(self) -> Iterator[bytes]:
        """What is written to the terminal, in pieces, until all processes that have it have ended."""
        try:
            while data := os.read(self._near, 65536):
                yield data
        except OSError:  # how Linux says that nobody has the terminal any more
            pass
        finally:
            os.close(self._near)
