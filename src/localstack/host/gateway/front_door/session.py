"""What is spoken on a connection, as the connection sees it."""

from __future__ import annotations

import socket
from typing import Protocol

from localstack.host.gateway.front_door.crew import Turn


class ConnectionLost(Exception):
    """The client is gone, or so slow that it counts as gone."""


class Session(Protocol):
    """What is spoken on a connection: HTTP/1, HTTP/2, a WebSocket."""

    def receive(self, data: bytes, turn: Turn) -> None:
        """Take what the client sent, and answer what is complete."""

    def proceed(self, turn: Turn) -> None:
        """Go on after everything that was written has reached the client."""

    def expire(self) -> None:
        """The connection's deadline has passed."""

    def end(self) -> None:
        """The client has closed its side, or the connection is lost."""


class Inlet(Protocol):
    """Takes bytes out of a socket without another copy of them."""

    def receive_from(self, sock: socket.socket) -> int:
        """How many bytes have come, 0 at the client's end.

        :raises OSError: when the connection is broken; BlockingIOError: when nothing has come
        """


class DuplexSession(Session, Protocol):
    """A session that reads while it writes, and to which other threads leave what it sends. HTTP/2, a tunnel."""

    def end_of_input(self) -> None:
        """The client has closed its side; it may still read."""

    def shut_down(self) -> None:
        """Begin nothing new, and close when everything under way has been answered. May be called from any thread."""

    def abandon(self) -> None:
        """Nothing will be sent any more: let the workers that wait for the client go on. From any thread."""
