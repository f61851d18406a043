"""Every call into an extension goes through here: timed, attributed, and kept from hindering anybody else.

This is the only broad ``except`` around extensions. What an extension raises on purpose as an answer (a service
exception, an HTTP exception) passes; everything else becomes one ERROR line that names the extension, the place and
the author's own line. A handler that fails ten times in a row is taken out, and its extension shown as *degraded*.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from rolo.gateway import HandlerChain
from werkzeug.exceptions import HTTPException

from localstack.aws.api import ServiceException
from localstack.host.errors import ExtensionFault, StartInterrupted
from localstack.host.extension.ownership import OwnedList, acting, begin_acting, describe, end_acting
from localstack.host.extension.process_snapshot import Snapshot
from localstack.host.extension.registry import CallStatistics, ExtensionRecord, ExtensionState, Registry
from localstack.host.extension.slow_calls import SlowCalls
from localstack.host.pace import SLOW_SECONDS

LOG = logging.getLogger("localstack.extensions.platform")

FAILURES_BEFORE_REMOVAL = 10

_R = TypeVar("_R")
_HOST_ROOT = Path(__file__).parents[1]
_ANSWERS = (ServiceException, HTTPException)
_FAULTS = BaseException
"""What one extension may raise without ending the platform for all: ``sys.exit()`` and what is cancelled, too."""


class ChainEnd(NamedTuple):
    """What ends a list of handlers early."""

    when_stopped: bool
    when_terminated: bool


NEVER = ChainEnd(when_stopped=False, when_terminated=False)
ON_TERMINATION = ChainEnd(when_stopped=False, when_terminated=True)
ON_STOP = ChainEnd(when_stopped=True, when_terminated=True)


class _Step(NamedTuple):
    """A handler of a list, and whose it is."""

    handler: Callable[..., Any]
    owner: str | None
    record: ExtensionRecord | None
    statistics: CallStatistics


FaultObserver = Callable[[ExtensionFault, Sequence[Path]], None]
"""Called with a fault and the folders and files of the extension's code, on the thread that it happened on."""


@dataclass
class Guard:
    """Calls extensions; ``registry`` learns how each call went, and ``on_fault`` what they raise."""

    registry: Registry
    failures_in_a_row: dict[int, int] = field(default_factory=dict)
    on_fault: FaultObserver | None = None
    bare: Snapshot = field(default_factory=Snapshot.take)
    """The process before any extension."""
    slow_calls: SlowCalls = field(default_factory=SlowCalls)

    def call(self, record: ExtensionRecord, place: str, function: Callable[..., _R], *args: Any) -> _R:
        """Call ``function`` as ``record``'s extension, and note what that changes for the whole process.

        :raises ExtensionFault: when it raised; the fault is recorded but not logged
        """
        statistics = record.statistics_of(place)
        try:
            with record.changes.noted(), acting(record.name), self.slow_calls.noted(record.name, place):
                started = perf_counter()
                try:
                    return function(*args)
                finally:
                    statistics.note(perf_counter() - started)
        except StartInterrupted:  # no fault of the extension that was just being called
            raise
        except _FAULTS as cause:
            statistics.errors += 1
            raise self._note_fault(record.name, record, place, cause) from cause

    def hook(self, record: ExtensionRecord, name: str, *args: Any) -> bool:
        """Call a hook of a loaded extension; False when it raised, which is logged."""
        try:
            self.call(record, name, getattr(record.extension, name), *args)
        except ExtensionFault as fault:
            report(fault)
            return False
        return True

    def handlers(
        self, handlers: OwnedList[Any], place: str, chain: HandlerChain, ends: ChainEnd, args: tuple[Any, ...]
    ) -> None:
        """Call the handlers of a list one after the other, each as its extension, until the chain has come to ``ends``.

        What one raises as an answer passes, everything else is reported and dropped.
        """
        if not handlers:
            return
        when_stopped, when_terminated = ends
        first, second, third = args if len(args) == 3 else (None, None, None)
        acting_as = None
        token = begin_acting(acting_as)
        started = perf_counter()  # where one call ends the next one begins
        try:
            for step in self._steps(handlers, place):
                handler, owner, _, statistics = step
                if owner != acting_as:
                    acting_as = owner
                    begin_acting(acting_as)
                failed = False
                try:
                    if first is not None:
                        handler(first, second, third)  # the interpreter calls this way twice as fast
                    else:
                        handler(*args)
                except _ANSWERS:
                    raise
                except _FAULTS as cause:
                    failed = True
                    self._note_failure(step, handlers, place, cause)
                finally:
                    now = perf_counter()
                    statistics.calls += 1
                    statistics.seconds += now - started
                    started = now
                if failed:
                    statistics.errors += 1
                elif self.failures_in_a_row:
                    self.failures_in_a_row.pop(id(handler), None)
                if (when_terminated and chain.terminated) or (when_stopped and chain.stopped):
                    return
        finally:
            end_acting(token)

    def handler(self, handlers: OwnedList[Any], handler: Callable[..., Any], place: str, args: tuple[Any, ...]) -> None:
        """Call one handler of a list that somebody else goes through; otherwise as ``handlers``."""
        step = self._step(handlers, handler, place)
        token = begin_acting(step.owner)
        started = perf_counter()
        try:
            handler(*args)
        except _ANSWERS:
            raise
        except _FAULTS as cause:
            step.statistics.errors += 1
            self._note_failure(step, handlers, place, cause)
        else:
            self.failures_in_a_row.pop(id(handler), None)
        finally:
            end_acting(token)
            step.statistics.note(perf_counter() - started)

    def route(
        self, owner: str, place: str, before_slow: Callable[[], None] | None, dispatch: Callable[..., _R], *args: Any
    ) -> _R:
        """Call the endpoint of a route. What it raises is reported and raised on, so that this one request fails.

        :param before_slow: called first when the endpoint has been slow lately
        """
        record = self.registry.get(owner)
        if record is None:
            return dispatch(*args)
        statistics = record.statistics_of(place)
        if before_slow is not None and statistics.pace.seconds > SLOW_SECONDS:
            before_slow()
        token = begin_acting(owner)
        started = perf_counter()
        failed = False
        try:
            return dispatch(*args)
        except _ANSWERS:
            raise
        except _FAULTS as cause:
            failed = True
            fault = self._note_fault(record.name, record, place, cause)
            report(fault)
            if isinstance(cause, Exception):
                cause.__dict__["reported_fault"] = fault
                raise
            fault.__dict__["reported_fault"] = fault
            raise fault from cause
        finally:
            end_acting(token)
            statistics.note(perf_counter() - started)
            statistics.errors += failed

    def report_conflict(self, owner: str, what: str, first: str) -> None:
        """Report that ``owner`` has added what another extension has already, and keeps.

        :param what: e.g. ``"route GET /hello"``
        """
        message = f"{what} is refused: extension {first} has it already"
        LOG.warning("extension %s: %s; uninstall one of them, or go on without this", owner, message)
        record = self.registry.get(owner)
        if record is not None:
            record.note_conflict(what, message)

    def _steps(self, handlers: OwnedList[Any], place: str) -> tuple[_Step, ...]:
        """The handlers with what is known of them, found out anew only when one of the two has changed."""
        state = (handlers.changes, self.registry.changes)
        known: tuple[tuple[int, int], tuple[_Step, ...]] | None = handlers.plan
        if known is None or known[0] != state:
            known = handlers.plan = (state, tuple(self._step(handlers, h, place) for h in handlers))
        return known[1]

    def _step(self, handlers: OwnedList[Any], handler: Callable[..., Any], place: str) -> _Step:
        owner = handlers.owner(handler)
        record = self.registry.get(owner)
        return _Step(handler, owner, record, record.statistics_of(place) if record else CallStatistics())

    def _note_failure(self, step: _Step, handlers: OwnedList[Any], place: str, cause: BaseException) -> None:
        record = step.record
        name = step.owner or describe(step.handler)
        report(self._note_fault(name, record, place, cause))
        if record is not None:
            self._count_failure(record, handlers, step.handler, place)

    def _note_fault(
        self, name: str, record: ExtensionRecord | None, place: str, cause: BaseException
    ) -> ExtensionFault:
        roots = record.roots if record else ()
        fault = ExtensionFault(name, place, cause, author_line(cause, roots))
        if record is not None:
            record.note_fault(fault)
        if self.on_fault is not None:
            self.on_fault(fault, roots)
        return fault

    def _count_failure(self, record: ExtensionRecord, handlers: OwnedList[Any], handler: Any, place: str) -> None:
        failures = self.failures_in_a_row.get(id(handler), 0) + 1
        self.failures_in_a_row[id(handler)] = failures
        if failures < FAILURES_BEFORE_REMOVAL or handler not in handlers:
            return
        handlers.remove(handler)
        del self.failures_in_a_row[id(handler)]
        record.state = ExtensionState.DEGRADED
        LOG.error(
            "extension %s is degraded: its %s %s failed %d times in a row and was taken out until the next restart",
            record.name,
            place,
            describe(handler),
            failures,
        )


def report(fault: ExtensionFault, prefix: str = "") -> None:
    """Log a fault in one line; with DEBUG the author's own frames follow."""
    LOG.error("%s%s", prefix, fault)
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug("%s", author_traceback(fault.cause))


def was_reported(exception: BaseException) -> bool:
    """True when the guard has already logged this exception."""
    return "reported_fault" in getattr(exception, "__dict__", {})


def author_line(cause: BaseException, roots: Sequence[Path]) -> str | None:
    """Where in the author's own code it happened, e.g. ``"extension.py:12 in on_platform_start"``.

    The innermost frame under ``roots``; without one, the innermost of a library that it uses, else of the contract. For
    a syntax error the place that does not compile. ``None`` when only the host's frames are left.
    """
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{Path(cause.filename).name}:{cause.lineno}"
    frames = traceback.extract_tb(cause.__traceback__)
    own = [f for f in frames if any(Path(f.filename).is_relative_to(root) for root in roots)]
    foreign = [f for f in frames if not _is_machinery(f.filename)]
    library = [f for f in foreign if not Path(f.filename).is_relative_to(_HOST_ROOT.parent)]
    for frame in reversed(own or library or foreign):
        return f"{_short(frame.filename, roots)}:{frame.lineno} in {frame.name}"
    return None


def author_traceback(cause: BaseException) -> str:
    """The traceback from the first frame that is not the host's on."""
    return "".join(traceback.format_exception(type(cause), cause, author_frames(cause))).rstrip()


def author_frames(cause: BaseException) -> TracebackType | None:
    """The first frame of a traceback that is not the host's, and those after it; ``None`` when all are."""
    tb = cause.__traceback__
    while tb is not None and _is_machinery(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _is_machinery(filename: str) -> bool:
    path = Path(filename)
    return filename.startswith("<frozen") or path.is_relative_to(_HOST_ROOT) or "importlib" in path.parts


def _short(filename: str, roots: Sequence[Path]) -> str:
    path = Path(filename)
    for root in roots:
        if path.is_relative_to(root):
            return str(path.relative_to(root.parent)) if root.is_dir() else path.name
    return path.name
