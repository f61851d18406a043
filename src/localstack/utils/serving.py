"""Servers that run beside the gateway, on a thread or as a process."""

from __future__ import annotations

import logging
import threading
import time

from localstack.utils.functions import run_safe
from localstack.utils.net import is_port_open
from localstack.utils.sync import poll_condition
from localstack.utils.threads import FuncThread

__all__ = ["Server", "StopServer"]

LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.1


class StopServer(Exception):
    """Raised in ``do_run`` to end the server without an error."""


class Server:
    """A server with a life of its own.

    Subclasses say what it does: ``do_run`` serves until it is stopped, on a thread that ``start`` makes; or
    ``do_start_thread`` starts and returns a thread that does it some other way, e.g. a ``ShellCommandThread``.
    """

    def __init__(self, port: int, host: str = "localhost") -> None:
        self._port = port
        self._host = host
        self._lock = threading.RLock()
        self._thread: FuncThread | None = None
        self._started = threading.Event()
        self._stopped = threading.Event()
        self._is_shut_down = False

    @property
    def host(self) -> str:
        return self._host

    @property
    def port(self) -> int:
        return self._port

    @property
    def protocol(self) -> str:
        return "http"

    @property
    def url(self) -> str:
        """Where the server listens, e.g. ``http://localhost:8080``."""
        return f"{self.protocol}://{self.host}:{self.port}"

    def start(self) -> bool:
        """Start the server without waiting until it answers.

        :return: False when it was started before
        """
        with self._lock:
            if self._started.is_set():
                return False
            self._thread = self.do_start_thread()
            self._thread.result_future.add_done_callback(lambda _: self._stopped.set())
            self._started.set()
            return True

    def wait_is_up(self, timeout: float | None = None) -> bool:
        """Wait until the server was started and is healthy.

        :param timeout: seconds after which to give up, ``None`` for never
        :return: whether it is up; False at once when it has ended
        """
        end = None if timeout is None else time.monotonic() + timeout
        if not self._started.wait(timeout):
            return False
        rest = None if end is None else end - time.monotonic()
        poll_condition(lambda: self._stopped.is_set() or self.is_up(), timeout=rest, interval=_POLL_SECONDS)
        return self.is_up()

    def is_running(self) -> bool:
        """Whether its thread was started and has not ended."""
        return self._started.is_set() and not self._stopped.is_set() and not self._is_shut_down

    def is_up(self) -> bool:
        """Whether it was started and is healthy; a health check that raises counts as not healthy."""
        return self._started.is_set() and bool(run_safe(self.health))

    def get_error(self) -> BaseException | None:
        """What the server has ended with, ``None`` while it runs and when it ended well."""
        thread = self._thread
        if thread is None or not thread.result_future.done() or thread.result_future.cancelled():
            return None
        return thread.result_future.exception()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the server has ended.

        :param timeout: seconds
        :raises RuntimeError: when it was never started
        :raises TimeoutError: when it still runs after that time
        """
        self._require_started()
        if not self._stopped.wait(timeout):
            raise TimeoutError(f"the server at {self.url} still runs after {timeout} seconds")

    def shutdown(self) -> None:
        """Stop its thread and call ``do_shutdown``; does nothing the second time.

        :raises RuntimeError: when it was never started
        """
        thread = self._require_started()
        with self._lock:
            if self._is_shut_down:
                return
            self._is_shut_down = True
        try:
            thread.stop()
        finally:
            self.do_shutdown()

    def health(self) -> bool:
        """Whether the server answers: something listens on its port. Subclasses may know better."""
        return is_port_open(self.url)

    def do_start_thread(self) -> FuncThread:
        """Start and return the thread that serves; without an own one it calls ``do_run``."""
        name = f"server-{type(self).__name__}-{self.port}"
        thread = FuncThread(self._run, on_stop=lambda _: self.shutdown(), name=name)
        thread.start()
        return thread

    def do_run(self) -> None:
        """Serve until the server is stopped."""
        raise NotImplementedError(f"{type(self).__name__} has neither do_run nor do_start_thread")

    def do_shutdown(self) -> None:
        """Make ``do_run`` end and give back what it holds."""

    def _run(self, _params: object) -> None:
        try:
            self.do_run()
        except StopServer:
            LOG.debug("the server at %s has stopped itself", self.url)

    def _require_started(self) -> FuncThread:
        if self._thread is None:
            raise RuntimeError(f"the server at {self.url} was never started")
        return self._thread
