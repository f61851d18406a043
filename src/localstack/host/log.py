"""The log on stderr: one line per record, in the format that tools and people know.

2026-11-21T09:30:00.123  INFO --- [  MainThread] l.extensions.platform      : loaded 1 extensions
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from functools import lru_cache
from typing import TextIO

from localstack.host.settings import Settings

_FORMAT = "%(asctime)s.%(msecs)03d %(ls_level)5s --- [%(ls_thread)12s] %(ls_name)-26s : %(message)s"
_DATE_FORMAT = "%Y-%m-%dT%H:%M:%S"
_THREAD_WIDTH = 12
_NAME_WIDTH = 26
_LEVEL_NAMES = {logging.CRITICAL: "FATAL", logging.WARNING: "WARN"}
_QUIET_LOGGERS = {
    "asyncio": logging.INFO,
    "boto3": logging.INFO,
    "botocore": logging.ERROR,
    "docker": logging.WARNING,
    "localstack.request.internal": logging.WARNING,
    "moto": logging.WARNING,
    "plux": logging.WARNING,
    "requests": logging.WARNING,
    "s3transfer": logging.INFO,
    "urllib3": logging.WARNING,
    "watchfiles": logging.WARNING,
    "werkzeug": logging.WARNING,
}


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes the log, and lets nobody who logs fail because that can't be done."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say what is wrong with a record on stderr, which an extension may have closed or replaced."""
        with contextlib.suppress(Exception):
            super().handleError(record)


class LineFormatter(logging.Formatter):
    """Renders records as in the module's example; thread names keep their last 12 characters."""

    def __init__(self) -> None:
        super().__init__(_FORMAT, _DATE_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        record.ls_level = _LEVEL_NAMES.get(record.levelno, record.levelname)
        record.ls_thread = (record.threadName or "")[-_THREAD_WIDTH:]
        record.ls_name = compress_logger_name(record.name)
        return super().format(record)


def line_start(at_milliseconds: int, level: str, thread: str, logger: str) -> str:
    """What a line in the format of ``LineFormatter`` has before its message, for writers without a ``LogRecord``.

    :param at_milliseconds: when, in milliseconds since the epoch
    """
    second, milliseconds = divmod(at_milliseconds, 1000)
    clock, origin = _line_parts(second, level, thread, logger)
    return f"{clock}.{milliseconds:03d}{origin}"


@lru_cache(maxsize=256)
def _line_parts(second: int, level: str, thread: str, logger: str) -> tuple[str, str]:
    """What the lines of one second, thread and logger have in common, before and after the milliseconds."""
    clock = time.strftime(_DATE_FORMAT, time.localtime(second))
    name = compress_logger_name(logger)
    return clock, f" {level:>5} --- [{thread[-_THREAD_WIDTH:]:>12}] {name:<26} : "


@lru_cache(maxsize=1024)
def compress_logger_name(name: str, width: int = _NAME_WIDTH) -> str:
    """Shorten leading parts of a dotted name to one letter until it fits.

    >>> compress_logger_name("localstack.extensions.platform")
    'l.extensions.platform'
    """
    parts = name.split(".")
    for index in range(len(parts) - 1):
        if len(".".join(parts)) <= width:
            break
        parts[index] = parts[index][:1]
    return ".".join(parts)[-width:]


def setup_logging(settings: Settings) -> None:
    """Send the log of this process to stderr in the platform's format; replaces handlers of an earlier call."""
    handler = LogHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for earlier in [h for h in root.handlers if isinstance(h.formatter, LineFormatter)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    level = _level(settings)
    root.setLevel(level)
    logging.getLogger("localstack").setLevel(level)
    for name, quiet in _QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(quiet)
    for name, text in settings.log_level_overrides.items():
        logging.getLogger(name).setLevel(text.upper())
    logging.captureWarnings(True)


def _level(settings: Settings) -> int:
    if settings.log_level in (None, "trace", "trace-internal", "debug"):
        return logging.DEBUG if settings.debug or settings.log_level else logging.INFO
    return logging.getLevelNamesMapping()[(settings.log_level or "info").upper()]
