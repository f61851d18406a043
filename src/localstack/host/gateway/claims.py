"""What the server asks about connections and streams that somebody else serves."""

from __future__ import annotations

from typing import Protocol

from localstack.extensions.api.connections import Claim, Http2Request


class Claims(Protocol):
    """The claims of all extensions; asked in any thread, and what it calls may take a while."""

    @property
    def has_tcp(self) -> bool:
        """True when ``of_connection`` may find something."""

    @property
    def has_http2(self) -> bool:
        """True when ``of_stream`` may find something."""

    def of_connection(self, first: bytes) -> tuple[Claim | None, bool]:
        """Who claims a connection that begins with ``first``, and whether more bytes may tell when nobody does yet."""

    def of_stream(self, request: Http2Request) -> Claim | None:
        """Who claims an HTTP/2 stream."""
