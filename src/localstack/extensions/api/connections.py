"""Connections that are not HTTP/1: claimed at the gateway's port and forwarded to a server of the extension's own.

An addition of Leanto's. LocalStack never calls the hook ``update_gateway_connections`` and does not have this module:
an extension that runs on both imports it under ``if TYPE_CHECKING:`` only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from werkzeug.datastructures import Headers

__all__ = ["Claim", "Connections", "Http2Matcher", "Http2Request", "TcpMatcher"]


@dataclass(frozen=True)
class Http2Request:
    """How a stream of an HTTP/2 connection begins; a gRPC call is one.

    :ivar authority: what the client calls the server, e.g. ``"localhost:4566"``
    :ivar path: the target as it was sent, with its query; ``"/package.Service/Method"`` for gRPC
    :ivar headers: without the pseudo-headers; names are found in any case
    """

    method: str
    authority: str
    path: str
    headers: Headers


TcpMatcher = Callable[[bytes], bool | None]
"""Looks at all that a client has sent so far, at least one byte: True claims the connection, False leaves it to others,
None asks for more bytes."""

Http2Matcher = Callable[[Http2Request], bool]
"""Looks at the headers of one stream: True claims it."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Something that is forwarded.

    :ivar extension: name of the extension that it belongs to; ``None`` when that is not known
    :ivar host: where it is forwarded to
    :ivar port: where it is forwarded to
    """

    extension: str | None
    host: str
    port: int


class Connections(Protocol):
    """What ``update_gateway_connections`` gets. Claims may be made and removed at any time, from any thread.

    Matchers are asked in the order in which they were added, in the thread that serves the connection: they answer at
    once and wait for nothing. One that raises has not matched; one that raises ten times in a row is taken out.
    """

    def forward_tcp(self, matches: TcpMatcher, host: str, port: int) -> Claim:
        """Forward connections by what the client sends first, e.g. the start-up packet of PostgreSQL.

        The server gets every byte from the first on, and its own go back, until both sides have closed. On a TLS
        connection these are the bytes inside it. Never asked about: what begins like an HTTP request, and clients that
        wait for the server to speak first.

        :param matches: called when a connection's first bytes come, and again with more of them while it returns None
        :param host: name or address of the extension's server
        :param port: its port
        :raises ValueError: when ``host`` or ``port`` can't be one
        """

    def forward_http2(self, matches: Http2Matcher, host: str, port: int) -> Claim:
        """Forward single streams of HTTP/2 connections by their headers, e.g. the calls of one gRPC service.

        The server is spoken to in HTTP/2 without TLS. Headers, data, trailers and resets go both ways as they come, and
        a side that does not read makes the other one wait. Other streams of the connection are answered as usual.

        :param matches: called once for each stream
        :param host: name or address of the extension's server
        :param port: its port
        :raises ValueError: when ``host`` or ``port`` can't be one
        """

    def remove(self, claim: Claim) -> None:
        """Forward nothing new for ``claim``; what is under way goes on.

        :raises KeyError: when it has been removed already
        """
