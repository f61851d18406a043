"""TLS on the same port: a connection whose first byte is 0x16 is decrypted in memory."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path

TLS_FIRST_BYTE = 0x16
_RECORD_SIZE = 16 * 1024
_ENCRYPT_SIZE = 256 * 1024


def make_tls_context(certificate: Path) -> ssl.SSLContext:
    """A server's context for a PEM file with a certificate and its key.

    :raises OSError: when the file can't be read or has no such pair (``ssl.SSLError`` is one)
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, password="")  # without one, OpenSSL would ask at the terminal
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


class TlsCodec:
    """Both directions of one TLS session, between bytes on the wire and bytes in the clear.

    One thread may decrypt while another one encrypts, as with a WebSocket; OpenSSL itself allows only one at a time.

    :ivar is_over: True after the peer has ended the session, or has sent what is no TLS
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.is_over = False
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._is_established = False
        self._lock = threading.Lock()

    @property
    def negotiated_protocol(self) -> str | None:
        """What ALPN chose, e.g. ``"h2"``; ``None`` before the handshake is done or without ALPN."""
        return self._session.selected_alpn_protocol() if self._is_established else None

    def decrypt(self, wire: bytes) -> bytes:
        """Take bytes from the wire, return what they say, all of it; b"" while that is nothing.

        During the handshake, and at the end, ``pending`` has an answer that must be sent.
        """
        clear: list[bytes] = []
        with self._lock:
            self._incoming.write(wire)
            try:
                if not self._is_established:
                    self._session.do_handshake()
                    self._is_established = True
                while data := self._session.read(_RECORD_SIZE):
                    clear.append(data)
                self.is_over = True
            except ssl.SSLWantReadError:
                pass  # the next record is not complete
            except ssl.SSLError:
                self.is_over = True
        return b"".join(clear)

    def encrypt(self, parts: Iterable[bytes]) -> list[bytes]:
        """The bytes to send for ``parts``, with anything that was pending before them.

        :raises ssl.SSLError: when the session is broken
        """
        wire: list[bytes] = []
        with self._lock:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[self._session.write(view[:_ENCRYPT_SIZE]) :]
                    wire.append(self._outgoing.read())
        return wire

    def pending(self) -> bytes:
        """Bytes that the session itself wants to send: its part of the handshake, alerts."""
        with self._lock:
            return self._outgoing.read()

    def close(self) -> bytes:
        """The bytes that end the session."""
        with self._lock:
            with contextlib.suppress(ssl.SSLError):  # the peer's own closing alert has not come; nobody waits for it
                self._session.unwrap()
            return self._outgoing.read()
