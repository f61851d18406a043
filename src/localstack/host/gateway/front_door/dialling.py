"""Connections to the servers that extensions have their claims forwarded to."""

from __future__ import annotations

import contextlib
import logging
import socket

from localstack.extensions.api.connections import Claim
from localstack.host.gateway.front_door.connection import Connection
from localstack.host.gateway.front_door.loop import Loop

LOG = logging.getLogger(__name__)

_CONNECT_SECONDS = 10.0


def dial(claim: Claim, loop: Loop) -> Connection | None:
    """Connect to where a claim is forwarded; ``None``, after a line in the log, when nobody answers there.

    Waits, so a worker does it. The caller gives the connection a session and lets the loop watch it.
    """
    try:
        sock = socket.create_connection((claim.host, claim.port), _CONNECT_SECONDS)
    except (OSError, UnicodeError) as error:  # UnicodeError: what can't be a host name
        LOG.error(
            "extension %s claims a connection, but its server on %s:%d can't be reached: %s",
            claim.extension,
            claim.host,
            claim.port,
            error,
        )
        return None
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = Connection(sock, loop, lambda *_: None)
    connection.is_idle = False
    loop.connections[connection.fd] = connection
    return connection
