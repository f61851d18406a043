"""One INFO line per answer, e.g. ``AWS sqs.CreateQueue => 200``, written in batches by a thread of its own.

A plain ``Logger.info`` costs more than a fifth of everything else that a fast request needs, so the handler only puts
the facts into a queue. Where somebody else listens to these loggers, the lines go through ``logging`` as usual.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from rolo import Response
from rolo.gateway import HandlerChain

from localstack.aws.api import RequestContext
from localstack.host.log import LineFormatter, render_line

_AWS = logging.getLogger("localstack.request.aws")
_HTTP = logging.getLogger("localstack.request.http")
_INTERNAL_AWS = logging.getLogger("localstack.request.internal.aws")
_INTERNAL_HTTP = logging.getLogger("localstack.request.internal.http")

_QUIET_PATHS = frozenset({"/_localstack/health"})
_BATCH_SECONDS = 0.02
_CAPACITY = 20_000
"""Lines that may wait; the log must not grow without bounds when stderr is a pipe that nobody reads."""

_Entry = tuple[float, str, str, str]
"""Time in seconds since the epoch, thread, logger, message."""


@dataclass
class RequestLog:
    """Response handler that logs the answer; never bodies, queries or headers."""

    _entries: deque[_Entry] = field(default_factory=deque)
    _dropped: int = 0
    _has_entries: threading.Event = field(default_factory=threading.Event)
    _is_running: bool = False
    _writer: threading.Thread | None = None

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.operation is not None:
            log = _INTERNAL_AWS if context.is_internal_call else _AWS
            if log.isEnabledFor(logging.INFO):
                self._write(log, _aws_line(context, response))
        elif context.request.path not in _QUIET_PATHS:
            log = _INTERNAL_HTTP if context.is_internal_call else _HTTP
            if log.isEnabledFor(logging.INFO):
                request = context.request
                self._write(log, f"{request.method} {_printable(request.path)} => {response.status_code}")

    def start(self) -> None:
        """Write in batches from now on."""
        self._is_running = True
        self._writer = threading.Thread(target=self._run, name="Request-Log", daemon=True)
        self._writer.start()

    def stop(self) -> None:
        """Write what is still waiting and end the thread."""
        self._is_running = False
        self._has_entries.set()
        if self._writer is not None:
            self._writer.join()

    def _write(self, log: logging.Logger, message: str) -> None:
        if not self._is_running or _has_other_listeners(log):
            log.info("%s", message)
        elif len(self._entries) >= _CAPACITY:
            self._dropped += 1
        else:
            self._entries.append((time.time(), threading.current_thread().name, log.name, message))
            if not self._has_entries.is_set():
                self._has_entries.set()

    def _run(self) -> None:
        while self._is_running or self._entries:
            self._has_entries.wait()
            if self._is_running:
                time.sleep(_BATCH_SECONDS)  # gather: one write for many lines
            self._has_entries.clear()
            self._write_batch()

    def _write_batch(self) -> None:
        lines = []
        while self._entries:
            at, thread, logger, message = self._entries.popleft()
            lines.append(render_line(at, "INFO", thread, logger, message))
        dropped, self._dropped = self._dropped, 0
        if dropped:
            text = f"{dropped} lines of requests were dropped: the log can't be written fast enough"
            lines.append(render_line(time.time(), "WARN", threading.current_thread().name, __name__, text))
        if lines:
            lines.append("")
            sys.stderr.write("\n".join(lines))
            sys.stderr.flush()


def _aws_line(context: RequestContext, response: Response) -> str:
    service, operation = context.service_operation or ("", "")
    error = context.service_exception if response.status_code >= 400 else None
    code = f" ({error.code})" if error is not None else ""
    return f"AWS {service}.{operation} => {response.status_code}{code}"


def _has_other_listeners(log: logging.Logger) -> bool:
    """True when a handler or filter beside the platform's own would miss the line."""
    level: logging.Logger | None = log
    while level is not None:
        if level.filters or (level.handlers and not _is_the_platforms_own(level)):
            return True
        level = level.parent if level.propagate else None
    return False


def _is_the_platforms_own(logger: logging.Logger) -> bool:
    return (
        logger.parent is None and len(logger.handlers) == 1 and isinstance(logger.handlers[0].formatter, LineFormatter)
    )


def _printable(path: str) -> str:
    """A path without control characters, so that a request can't forge log lines."""
    return path if path.isprintable() else path.encode("unicode_escape").decode()
