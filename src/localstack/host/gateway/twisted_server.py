"""``GATEWAY_SERVER=twisted``: rolo's Twisted integration on the main thread's reactor, for extensions that patch it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

from rolo.gateway import Gateway

from localstack.host.gateway.addresses import cannot_listen, resolve
from localstack.host.gateway.certificate import ServerCertificate
from localstack.host.settings import Settings

LOG = logging.getLogger(__name__)

_JOIN_WORKERS_SECONDS = 0.5
_DRAIN_SECONDS = 0.5
_POLL_SECONDS = 0.02


class TwistedServer:
    """Serves a gateway until it is stopped. The reactor is the process's only one, so a process has one server."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        from rolo.serving.twisted import TwistedGateway
        from twisted.internet import reactor
        from twisted.python.log import PythonLoggingObserver

        from localstack.host.gateway.twisted_tls import TlsByFirstByteFactory

        PythonLoggingObserver("twisted").start()
        logging.getLogger("twisted").setLevel(logging.WARNING)
        self._reactor: Any = reactor
        self._install_thread_pool(settings.gateway_worker_count)
        self._site = TlsByFirstByteFactory(TwistedGateway(gateway), ServerCertificate(settings).context)
        self._addresses = settings.gateway_listen
        self._stopped = threading.Event()

    def listen(self) -> None:
        """Bind and listen; requests wait until ``run``.

        :raises ListenError: when an address has been taken since it was reserved
        """
        from twisted.internet.error import CannotListenError

        for address in self._addresses:
            for _, host in resolve(address):
                try:
                    self._reactor.listenTCP(address.port, self._site, backlog=1024, interface=host)
                except CannotListenError as error:
                    raise cannot_listen(address, error.socketError) from None

    def run(self) -> None:
        """Serve on the calling thread, which must be the main thread, until ``stop``."""
        if not self._stopped.is_set():
            self._reactor.run(installSignalHandlers=False)

    def stop(self) -> None:
        """Stop serving; may be called from any thread, more than once, and before ``run``."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._reactor.callFromThread(self._stop_when_idle, time.monotonic() + _DRAIN_SECONDS)

    def _stop_when_idle(self, deadline: float) -> None:
        """Let requests that are being answered finish, e.g. the one that asked to stop; runs on the reactor."""
        busy = self._reactor.threadpool.threads and self._reactor.threadpool._team.statistics().busyWorkerCount
        if busy and time.monotonic() < deadline:
            self._reactor.callLater(_POLL_SECONDS, self._stop_when_idle, deadline)
        else:
            self._reactor.callLater(_POLL_SECONDS, self._reactor.stop)  # what has been written still goes out

    def _install_thread_pool(self, size: int) -> None:
        """Give the reactor a pool whose threads do not keep the process alive when a handler never returns."""
        from twisted.python.threadpool import ThreadPool

        class WorkerPool(ThreadPool):  # type: ignore[misc]  # twisted is not typed strictly
            @staticmethod
            def threadFactory(*args: Any, **kwargs: Any) -> threading.Thread:
                return threading.Thread(*args, daemon=True, **kwargs)

            def stop(self) -> None:
                self.joined = True
                self.started = False
                self._team.quit()
                _join_all(self.threads)

        reactor = self._reactor
        if reactor.threadpool is not None:
            return
        pool = reactor.threadpool = WorkerPool(0, max(size, 1), "twisted.internet.reactor")
        reactor._threadpoolStartupID = reactor.callWhenRunning(pool.start)
        reactor.threadpoolShutdownID = reactor.addSystemEventTrigger("during", "shutdown", reactor._stopThreadPool)


def _join_all(threads: Iterable[threading.Thread]) -> None:
    """Give the workers together half a second to finish their request; what still hangs is left behind."""
    deadline = time.monotonic() + _JOIN_WORKERS_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
