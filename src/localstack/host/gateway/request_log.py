"""One INFO line per answer, e.g. ``AWS sqs.CreateQueue => 200``, written in batches by a thread of its own.

A plain ``Logger.info`` costs more than a fifth of everything else that a fast request needs, so the handler only puts
the line into a queue. Where somebody else listens to these loggers, the lines go through ``logging`` as usual.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TextIO

from rolo import Response
from rolo.gateway import HandlerChain

from localstack.aws.api import RequestContext
from localstack.host.log import LineFormatter, line_start

_QUIET_PATHS = frozenset({"/_localstack/health", "/_localstack/extensions/developed"})
"""What programs ask again and again."""
_BATCH_SECONDS = 0.05
_CAPACITY = 20_000
"""Lines that may wait; the log must not grow without bounds when stderr is a pipe that nobody reads."""


@dataclass
class RequestLog:
    """Response handler that logs the answer; never bodies, queries or headers."""

    _lines: deque[str] = field(default_factory=deque)
    _dropped: int = 0
    _has_lines: threading.Event = field(default_factory=threading.Event)
    _is_running: bool = False
    _writer: threading.Thread | None = None
    _stream: TextIO = field(default_factory=lambda: sys.stderr)  # extensions put something else in its place

    def __call__(self, chain: HandlerChain, context: RequestContext, response: Response) -> None:
        if context.operation is not None:
            channel = _AWS if context.internal_request_params is None else _INTERNAL_AWS
            if channel.logger.isEnabledFor(logging.INFO):
                self._write(channel, _aws_line(context, response))
        elif (path := context.request.path) not in _QUIET_PATHS:
            channel = _HTTP if context.internal_request_params is None else _INTERNAL_HTTP
            if channel.logger.isEnabledFor(logging.INFO):
                shown = path if path.isprintable() else _escaped(path)
                self._write(channel, f"{context.request.method} {shown} => {response.status_code}")

    def start(self) -> None:
        """Write in batches from now on."""
        self._is_running = True
        self._writer = threading.Thread(target=self._run, name="Request-Log", daemon=True)
        self._writer.start()

    def stop(self) -> None:
        """Write what is still waiting and end the thread."""
        self._is_running = False
        self._has_lines.set()
        if self._writer is not None:
            self._writer.join()

    def _write(self, channel: _Channel, message: str) -> None:
        if not self._is_running or not channel.is_only_the_platforms():
            channel.logger.info("%s", message)
        elif len(self._lines) >= _CAPACITY:
            self._dropped += 1
        else:
            # rendered here: a writer that computes would take the interpreter from the requests again and again
            self._lines.append(channel.line_start() + message)
            if not self._has_lines.is_set():
                self._has_lines.set()

    def _run(self) -> None:
        while self._is_running or self._lines:
            self._has_lines.wait()
            if self._is_running:
                time.sleep(_BATCH_SECONDS)  # gather: one write for many lines
            self._has_lines.clear()
            self._write_batch()

    def _write_batch(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            start = line_start(time.time_ns() // 1_000_000, "WARN", threading.current_thread().name, __name__)
            lines.append(f"{start}{dropped} lines of requests were dropped: the log can't be written fast enough")
        if lines:
            try:
                self._stream.write("\n".join([*lines, ""]))
                self._stream.flush()
            except (OSError, ValueError):  # a full disk, a pipe whose reader is gone, a closed file
                self._dropped += len(lines)


def _aws_line(context: RequestContext, response: Response) -> str:
    service, operation = context.service_operation or ("", "")
    error = context.service_exception if response.status_code >= 400 else None
    code = f" ({error.code})" if error is not None else ""
    return f"AWS {service}.{operation} => {response.status_code}{code}"


class _Channel:
    """A logger of requests, with a quick answer to the question who listens to it."""

    def __init__(self, name: str) -> None:
        self.logger = logging.getLogger(name)
        self.name = name
        self._line_start = (0, 0, "")
        self._root: logging.Logger | None = None
        self._below_root: tuple[tuple[logging.Logger, logging.Logger], ...] = ()
        self._own_handlers: list[logging.Handler] = []

    def line_start(self) -> str:
        """What a line has before its message when the calling thread writes it now; made once in a millisecond."""
        now, thread = time.time_ns() // 1_000_000, threading.get_ident()
        known = self._line_start
        if known[0] == now and known[1] == thread:
            return known[2]
        start = line_start(now, "INFO", threading.current_thread().name, self.name)
        self._line_start = (now, thread, start)
        return start

    def is_only_the_platforms(self) -> bool:
        """False when a handler or filter beside the platform's own would miss a line that is written directly."""
        root = self._root
        if root is None or root.filters or root.handlers != self._own_handlers:
            return self._look()
        for level, parent in self._below_root:
            if level.handlers or level.filters or level.parent is not parent or not level.propagate:
                return self._look()
        return True

    def _look(self) -> bool:
        levels = [self.logger]
        while (parent := levels[-1].parent) is not None:
            levels.append(parent)
        *below_root, root = levels
        if any(level.handlers or level.filters or not level.propagate for level in below_root) or root.filters:
            return False
        if len(root.handlers) != 1 or not isinstance(root.handlers[0].formatter, LineFormatter):
            return False
        self._root, self._own_handlers = root, root.handlers[:]
        self._below_root = tuple(zip(below_root, levels[1:], strict=True))
        return True


_AWS = _Channel("localstack.request.aws")
_HTTP = _Channel("localstack.request.http")
_INTERNAL_AWS = _Channel("localstack.request.internal.aws")
_INTERNAL_HTTP = _Channel("localstack.request.internal.http")


def _escaped(path: str) -> str:
    """A path without control characters, so that a request can't forge log lines."""
    return path.encode("unicode_escape").decode()
