"""TLS on the port that Twisted serves: a connection whose first byte is 0x16 is decrypted before rolo sees it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from localstack.host.gateway.front_door.tls import TLS_FIRST_BYTE, TlsCodec


class TlsByFirstByteFactory(WrappingFactory):  # type: ignore[misc]  # twisted is not typed strictly
    """Wraps what serves plain connections.

    :param context: gives the server's context; ``None`` when there is no certificate, then TLS is refused
    """

    def __init__(self, site: Any, context: Callable[[], ssl.SSLContext | None]) -> None:
        super().__init__(site)
        self.protocol = TlsByFirstByte
        self.tls_context = context


class TlsByFirstByte(ProtocolWrapper):  # type: ignore[misc]
    """One connection, and the transport that rolo's protocols have of it.

    :ivar negotiatedProtocol: what ALPN has chosen, by the name under which Twisted looks for it
    """

    def __init__(self, factory: TlsByFirstByteFactory, wrapped: Any) -> None:
        super().__init__(factory, wrapped)
        self.negotiatedProtocol: bytes | None = None
        self._tls: TlsCodec | None = None
        self._is_decided = False

    def dataReceived(self, data: bytes) -> None:
        if not self._is_decided:
            self._is_decided = True
            if data[0] == TLS_FIRST_BYTE and not self._begin_tls():
                self.transport.abortConnection()
                return
        if self._tls is None:
            super().dataReceived(data)
            return
        clear = self._tls.decrypt(data)
        super().write(self._tls.pending())
        if clear:
            if self._tls.negotiated_protocol is not None:
                self.negotiatedProtocol = self._tls.negotiated_protocol.encode()
            super().dataReceived(clear)
        if self._tls.is_over:
            super().loseConnection()

    def write(self, data: bytes) -> None:
        self.writeSequence([data])

    def writeSequence(self, data: Iterable[bytes]) -> None:
        if self._tls is None:
            super().writeSequence(data)
            return
        try:
            wire = self._tls.encrypt(data)
        except ssl.SSLError:  # the session has broken
            self.transport.abortConnection()
        else:
            super().writeSequence(wire)

    def loseConnection(self) -> None:
        if self._tls is not None:
            super().write(self._tls.close())
        super().loseConnection()

    def isSecure(self) -> bool:
        """True inside TLS; rolo asks it for the scheme of URLs."""
        return self._tls is not None

    def _begin_tls(self) -> bool:
        context = self.factory.tls_context()
        if context is not None:
            self._tls = TlsCodec(context)
        return context is not None
