"""Importing, in quiet moments after ``Ready.``, what the user's next AWS calls need.

What all calls need takes a third of a second, a large service some seconds. Which services come next is told by the
last run on the same volume: what was called then is imported. When that was nothing, nothing is.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic, process_time

from rolo import Request

from localstack.aws.api import RequestContext

_LOG = logging.getLogger(__name__)

QUIET_SECONDS = 0.3
"""How long no AWS call may have come, and nothing else have been done, before something is imported."""
_BUSY_SHARE = 0.1
"""From this part of a processor on, the process does something: it answers requests of extensions, for example."""

_SESSION = b"Action=GetSessionToken&Version=2011-06-15"
"""A call that leaves nothing behind."""
_SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0"


class WarmUp:
    """A thread that imports one service after the other, as long as nobody calls.

    :param record: the file in which the services stand that were called in the last run
    :param call: has a call answered, of whose answer nothing is kept; what all calls need is imported then
    :param load: imports a service
    """

    def __init__(
        self,
        record: Path,
        services: Collection[str],
        call: Callable[[RequestContext], object],
        load: Callable[[str], None],
    ) -> None:
        self._record = record
        self._services = services
        self._call = call
        self._load = load
        self._called: set[str] = set()
        self._quiet_at = 0.0
        self._stopped = Event()

    def start(self) -> None:
        self.note_call()
        Thread(target=self._run, name="Service-Warm-Up", daemon=True).start()

    def note_call(self) -> None:
        """An AWS call came."""
        self._quiet_at = monotonic() + QUIET_SECONDS

    def note_service(self, service: str) -> None:
        """A service has answered."""
        self._called.add(service)

    def stop(self) -> None:
        """Import nothing more, and note for the next run what was called in this one."""
        self._stopped.set()
        if self._called != self._recorded():
            with contextlib.suppress(OSError):  # the next run begins as the first one did
                self._record.parent.mkdir(parents=True, exist_ok=True)
                self._record.write_text(json.dumps(sorted(self._called)))

    def _recorded(self) -> set[str] | None:
        """The services of the last run; None when there was none."""
        try:
            names = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return None
        return {name for name in names if name in self._services} if isinstance(names, list) else None

    def _run(self) -> None:
        recorded = self._recorded()
        if recorded is not None and not recorded:
            return
        begun = monotonic()
        steps: list[Callable[[], object]] = [partial(self._load, "sts"), partial(self._call, _session_call())]
        steps += [partial(self._load, service) for service in sorted(recorded or ())]
        pause = QUIET_SECONDS
        for step in steps:
            if not self._wait_for_quiet(pause):
                return
            started = monotonic()
            step()
            pause = min(QUIET_SECONDS, monotonic() - started)  # who came meanwhile goes first
        _LOG.debug("ready for AWS calls after %.1f s", monotonic() - begun)

    def _wait_for_quiet(self, pause: float) -> bool:
        """Wait until nothing is done; False when the platform stops.

        :param pause: seconds that are enough when nothing is done from now on
        """
        while True:
            used = process_time()
            if self._stopped.wait(pause):
                return False
            if monotonic() >= self._quiet_at and process_time() - used < _BUSY_SHARE * pause:
                return True
            pause = QUIET_SECONDS


def _session_call() -> RequestContext:
    headers = {
        "Host": "localhost",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": _SIGNATURE,
    }
    return RequestContext(Request("POST", "/", headers=headers, body=_SESSION, raw_path="/"))
