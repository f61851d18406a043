"""Frames of HTTP/2: h2 set up as a server and fed with one after the other, and how many a client has for free."""

from __future__ import annotations

import time
from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import FrameTooLargeError
from h2.settings import SettingCodes, Settings

MAX_STREAMS = 100
"""How many requests of one client may be under way."""

_STREAM_WINDOW = 1024 * 1024
_CONNECTION_WINDOW = 4 * 1024 * 1024
PREFACE_BYTES = 24
"""What a client sends before its first frame."""
_HEAD_BYTES = 9
_MAX_PAYLOAD_BYTES = 16 * 1024


class FrameCutter:
    """Cuts what a peer sends into frames.

    h2 would take several at once, but then it is ahead of who handles its events: an error in the last one would hide
    the requests before it. It would also keep up to 16 MiB of a frame before it finds that too large.

    :param preface_bytes: how much comes before the first frame
    """

    def __init__(self, preface_bytes: int = 0) -> None:
        self._preface_left = preface_bytes
        self._rest = b""

    def cut(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete now, and the bytes of the preface. Must be iterated to its end.

        :raises FrameTooLargeError: as soon as a frame says so
        """
        data = self._rest + data
        start = min(self._preface_left, len(data))
        if start:
            self._preface_left -= start
            yield data[:start]
        while len(data) - start >= _HEAD_BYTES:
            length = int.from_bytes(data[start : start + 3], "big")
            if length > _MAX_PAYLOAD_BYTES:
                raise FrameTooLargeError(f"a frame of {length} bytes is longer than {_MAX_PAYLOAD_BYTES}")
            end = start + _HEAD_BYTES + length
            if end > len(data):
                break
            yield data[start:end]
            start = end
        self._rest = data[start:]


def has_content(frame: bytes) -> bool:
    """True for a frame of a request: DATA, HEADERS or CONTINUATION."""
    return len(frame) >= _HEAD_BYTES and frame[3] in (0, 1, 9)


class Allowance:
    """How many frames a client may send that cost it nothing but us some work: resets, pings, settings.

    :param burst: how many at once
    :param per_second: how many in the long run
    """

    def __init__(self, burst: int, per_second: float) -> None:
        self._left = float(burst)
        self._burst = burst
        self._per_second = per_second
        self._counted_at = time.monotonic()

    def spend(self) -> bool:
        """Count one; False when it is one too many."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._counted_at) * self._per_second) - 1
        self._counted_at = now
        return self._left >= 0


def make_h2(header_bytes: int) -> H2Connection:
    """A server's side whose first frames are ready to be sent. What it sends is made valid by ``answer_fields``."""
    configuration = H2Configuration(
        client_side=False,
        header_encoding=None,
        normalize_outbound_headers=False,
        validate_outbound_headers=False,
    )
    h2 = H2Connection(configuration)
    h2.local_settings = Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: header_bytes,
            SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
        },
    )
    h2.decoder.max_header_list_size = 2 * header_bytes  # up to there a client gets an answer that says why
    h2.initiate_connection()
    h2.increment_flow_control_window(_CONNECTION_WINDOW - 65535)
    return h2
