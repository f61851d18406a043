"""A connection that an extension claims: its bytes go to the extension's server, and back, as they are.

Both ends are connections of the loop, so a tunnel has no thread; only a worker dials the server. After that the leader
alone uses them. An end is not read while the other one is behind, and each side may close before the other does.
"""

from __future__ import annotations

import logging
import time

from localstack.extensions.api.connections import Claim
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.crew import Turn
from localstack.host.gateway.front_door.dialling import dial

LOG = logging.getLogger(__name__)


class TunnelEnd:
    """One end, the session of its connection.

    :ivar other: the other end, ``None`` before there is one
    """

    def __init__(self, connection: Connection) -> None:
        connection.duplex = self
        connection.is_idle = False
        connection.deadline = None
        self.connection = connection
        self.other: TunnelEnd | None = None
        self._has_ended = False  # nothing more comes from here
        self._finishes = False  # nothing more will be sent from here
        self._has_finished = False  # and everything has been
        self._is_left = False  # the other end is gone
        self._is_leaving = False

    # what the connection calls

    def receive(self, data: bytes, turn: Turn) -> None:
        assert self.other is not None
        target = self.other.connection
        target.send([data])
        if target.unsent:
            self.connection.pause()

    def proceed(self, turn: Turn) -> None:
        if self._is_leaving:
            self.connection.close()
        elif not self.connection.unsent and not self._is_left:
            self._catch_up()

    def expire(self) -> None:
        self.connection.close()

    def end_of_input(self) -> None:
        self._has_ended = True
        self.connection.pause()
        if self.other is not None:
            self.other.finish()

    def end(self) -> None:
        if self.other is not None:
            self.other.leave()

    def shut_down(self) -> None:
        self._is_leaving = True
        self.connection.ask()

    def abandon(self) -> None: ...

    # what the other end calls

    def finish(self) -> None:
        """Close this side when everything has been sent; there may still be something to read."""
        self._finishes = True
        if not self.connection.unsent and not self.connection.is_closed:
            self._catch_up()

    def resume(self) -> None:
        """Read on, unless everything has been read."""
        if not self._has_ended:
            self.connection.resume()

    def leave(self) -> None:
        """The other end is gone: send what there is, then close."""
        if self.connection.is_closed or self._is_left:
            return
        self._is_left = True
        self.resume()  # to see its end
        self.connection.deadline = time.monotonic() + self.connection.loop.limits.idle_write_seconds
        self.connection.send([], then_close=True, lingers=not self._has_ended)

    def _catch_up(self) -> None:
        """Everything has been sent. What took long to send gave the connection a deadline; a tunnel has none."""
        self.connection.deadline = None
        if self.other is None:
            return
        self.other.resume()
        if self._finishes and not self._has_finished:
            self._has_finished = True
            self.connection.end_sending()
        if self._has_finished and self.other._has_finished:
            self.connection.close()


class ClientEnd(TunnelEnd):
    """The end that was here first. The first bytes make it dial the server; nothing is read until that answers."""

    def __init__(self, connection: Connection, claim: Claim) -> None:
        super().__init__(connection)
        self._claim = claim

    def receive(self, data: bytes, turn: Turn) -> None:
        if self.other is not None:
            super().receive(data, turn)
            return
        self.connection.pause()
        if not self.connection.loop.crew.enqueue(lambda: self._dial(data)):
            LOG.error("extension %s claims a connection, but too many requests are waiting", self._claim.extension)
            self.connection.close()

    def _dial(self, first: bytes) -> None:
        server = dial(self._claim, self.connection.loop)
        if server is None:
            self.shut_down()
            return
        end = TunnelEnd(server)
        end.other = self
        server.session = end
        server.send([first])
        server.ask()  # then ``_catch_up`` begins to read from the client
        self.other = end
        if self.connection.is_closed:  # or else ``end`` sees the other end and makes it leave
            server.close()
        server.watch()
