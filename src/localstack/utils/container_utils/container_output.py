"""What containers write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["CancellableStream", "Output", "run_attached"]

Output = tuple[bytes, bytes]
"""What a command wrote to its standard output, and to its standard error."""


class CancellableStream:
    """Iterates over the lines of a container's output, without their ends, as they come; ends with the container.

    :param chunks: a stream of Docker's SDK, in pieces of any size
    """

    def __init__(self, chunks: Any) -> None:
        self._chunks = chunks
        self._lines = self._split()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._lines)

    def close(self) -> None:
        """End the iteration, from any thread; the container runs on."""
        self._chunks.close()

    def _split(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.removesuffix(b"\r") for line in lines)
        if rest:
            yield rest


def run_attached(container: Any) -> tuple[int, Output]:
    """Start a container of Docker's SDK and wait for its end; exit status and output.

    One that the engine removes by itself, as soon as it has ended, leaves neither: 0 and nothing.
    """
    from docker.errors import APIError

    container.start()
    try:
        status = int(container.wait()["StatusCode"])
        return status, (container.logs(stdout=True, stderr=False), container.logs(stdout=False, stderr=True))
    except APIError:
        if not container.attrs["HostConfig"]["AutoRemove"]:
            raise
        return 0, (b"", b"")
