"""Runs ``localstack`` and kills it at a fault point: ``python fault_points.py COUNT_FILE POINT VOLUME ARGUMENTS…``.

A fault point is right before the process changes something in the folder VOLUME or starts another program. Python
tells of each (``sys.addaudithook``), so the product has no code for this. POINT 0 kills nowhere; COUNT_FILE then has
the number of points that were passed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}


class FaultPoints:
    def __init__(self, point: int, volume: str) -> None:
        self.point = point
        self.volume = volume
        self.passed = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_point(event, arguments):
            self.passed += 1
            if self.passed == self.point:
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_point(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "subprocess.Popen":
            return True
        if event == "open":
            return bool(arguments[2] & _WRITING) and self._is_inside(arguments[0])
        return event in _CHANGES and any(self._is_inside(one) for one in arguments)

    def _is_inside(self, path: object) -> bool:
        """Whether it is in the volume; a bare name is one in a folder that is being removed."""
        return isinstance(path, str | os.PathLike) and (str(path).startswith(self.volume) or "/" not in str(path))


def main() -> None:
    count_file, point, volume, *arguments = sys.argv[1:]
    from localstack.host.cli.main import main as localstack

    points = FaultPoints(int(point), volume)
    sys.argv = ["localstack", *arguments]
    sys.addaudithook(points)
    try:
        localstack()
    finally:
        points.volume = "/nowhere"
        Path(count_file).write_text(str(points.passed))


if __name__ == "__main__":
    main()
