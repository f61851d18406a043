"""``start -d``: the platform as a background process that outlives the terminal it was started from."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localstack.host.cli.failure import ERROR_PREFIX, HINT_PREFIX
from localstack.host.errors import PlatformError
from localstack.host.process import RecordFile, already_running, attempts, log_file
from localstack.host.settings import Settings
from localstack.host.volume import writing

LOG = logging.getLogger(__name__)

_COMMAND = ("-P", "-m", "localstack.host.cli.main", "start", "--host", "--no-banner")
"""``-P``: a file of the current folder must not stand in for a module of ours or of Python."""
_REPORT_SECONDS = 60.0
_LAST_LINES = 10
_ROOM_BYTES = 4096


def start_detached(settings: Settings) -> None:
    """Start the platform in a session of its own; return when it has bound its sockets and written its record.

    :raises PlatformError: with the platform's own error, when it ends before that, or when another one runs already
    :raises VolumeError: when the log file can't be made
    """
    log = log_file(settings)
    with _alone(log):
        records = RecordFile(settings)
        if running := records.read():
            raise already_running(running)
        child = _spawn(log)
        try:
            _wait_until_serving(child, log, records)
        except KeyboardInterrupt:
            child.terminate()  # a session of its own does not get Ctrl-C
            raise


def _wait_until_serving(child: subprocess.Popen[bytes], log: Path, records: RecordFile) -> None:
    for _ in attempts(_REPORT_SECONDS):
        if child.poll() is not None:
            raise _failure(log, child.returncode)
        record = records.last()
        if record is not None and record.pid == child.pid:
            LOG.info("running in the background: process %d at %s, log in %s", child.pid, record.url, log)
            return
    raise PlatformError(
        f"the platform, process {child.pid}, still has not begun to serve after {_REPORT_SECONDS:g} seconds",
        f"see {log}; end it with: kill {child.pid}",
    )


@contextmanager
def _alone(log: Path) -> Iterator[None]:
    """Let one command at a time start a platform: a second one would set the log of the first aside."""
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        lock = log.with_suffix(".lock").open("a")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed; the platform does not inherit it
        yield


def _spawn(log: Path) -> subprocess.Popen[bytes]:
    """The child gets this process's environment, so profile, ``--env`` and ``--debug`` reach it that way."""
    with writing(log):
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        output = log.open("ab")  # appending: who empties the file while it runs gets no hole in it
        os.write(output.fileno(), bytes(_ROOM_BYTES))  # fails where the platform's own last words would be lost
        os.ftruncate(output.fileno(), 0)
    with output:
        return subprocess.Popen(
            [sys.executable, *_COMMAND],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _failure(log: Path, exit_code: int) -> PlatformError:
    """The error that the platform printed as its last words, or else the end of its log."""
    text = log.read_text(encoding="utf-8", errors="replace")
    pattern = rf"^(?:{re.escape(ERROR_PREFIX)}|\? Error: )(?P<message>.*)(?:\n{re.escape(HINT_PREFIX)}(?P<hint>.*))?"
    found = re.search(pattern, text, re.MULTILINE)
    if found:
        return PlatformError(found["message"], found["hint"])
    end = "\n".join(text.splitlines()[-_LAST_LINES:])
    return PlatformError(
        f"the platform ended with exit code {exit_code} before it served anything\n{end}", f"see {log}"
    )
