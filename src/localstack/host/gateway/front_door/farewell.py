"""The end of a connection whose client may still be sending."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localstack.host.gateway.front_door.connection import Connection
    from localstack.host.gateway.front_door.crew import Turn

_LINGER_SECONDS = 2.0


class Farewell:
    """The session of a connection whose last word has been said: reads until the client has closed its side, too."""

    def __init__(self, connection: Connection) -> None:
        connection.duplex = None
        connection.deadline = time.monotonic() + _LINGER_SECONDS
        connection.end_sending()
        self._connection = connection

    def receive(self, data: bytes, turn: Turn) -> None: ...

    def proceed(self, turn: Turn) -> None: ...

    def expire(self) -> None:
        self._connection.close()

    def end(self) -> None: ...
