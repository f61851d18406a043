"""Servers that speak whatever a test lets them speak."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doors import DEADLINE_SECONDS


@contextmanager
def serve(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of its own that calls ``handle`` in a thread for each connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:

        def accept() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                accepted.settimeout(DEADLINE_SECONDS)
                threading.Thread(target=handle, args=(accepted,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(DEADLINE_SECONDS)
