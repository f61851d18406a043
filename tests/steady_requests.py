"""Asks for a page at a steady rate, whatever else goes on, and keeps the answers that are not as they should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse

_CLIENTS = 4
_TIMEOUT_SECONDS = 60.0

IsRight = Callable[[HTTPResponse, bytes], bool]


@dataclass
class SteadyRequests:
    """Requests on connections that are kept; each has a moment at which it is due.

    Who is late sends at once, and none is left out: in the end there were ``due`` requests, so the rate was held.

    :ivar is_right: whether answer and body are as they should be
    :ivar failures: what was not
    """

    port: int
    path: str
    is_right: IsRight
    per_second: int = 200
    asked: int = 0
    failures: list[str] = field(default_factory=list)
    _began: float = 0.0
    _ended: float = float("inf")
    _numbered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def due(self) -> int:
        return int((self._ended - self._began) * self.per_second) + 1

    @contextmanager
    def sent(self) -> Iterator[None]:
        """They are sent while the block runs; those that are due by its end are answered after it."""
        clients = [threading.Thread(target=self._ask) for _ in range(_CLIENTS)]
        self._began = time.monotonic()
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._ended = time.monotonic()
            self._is_over.set()
            for client in clients:
                client.join()

    def _ask(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_SECONDS)
        while True:
            with self._lock:
                moment = self._began + self._numbered / self.per_second
                self._numbered += 1
            self._is_over.wait(max(0.0, moment - time.monotonic()))
            if moment > self._ended:
                break
            failure = self._failure(connection)
            with self._lock:
                self.asked += 1
                if failure:
                    self.failures.append(failure)
        connection.close()

    def _failure(self, connection: HTTPConnection) -> str:
        """What is wrong with one answer, empty when nothing is."""
        try:
            connection.request("GET", self.path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return repr(error)
        return "" if self.is_right(answer, body) else f"{answer.status} {answer.headers} {body!r}"
