"""What containers write."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from socket import SHUT_RDWR, SHUT_WR
from typing import Any

from localstack.utils.container_utils.container_errors import ContainerException

__all__ = ["CancellableStream", "Output", "run_attached", "run_command"]

Output = tuple[bytes, bytes]
"""What a command wrote to its standard output, and to its standard error."""

_REMOVAL_SECONDS = 10.0


class CancellableStream:
    """Iterates over the lines of a container's output, without their ends, as they come; ends with the container.

    :param chunks: a stream of Docker's SDK, in pieces of any size
    """

    def __init__(self, chunks: Any) -> None:
        self._chunks = chunks
        self._lines = self._split()
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._lines)
        except ValueError:
            if not self._is_closed:
                raise
            raise StopIteration from None

    def close(self) -> None:
        """End the iteration, from any thread; the container runs on."""
        self._is_closed = True
        self._chunks.close()
        with suppress(ValueError):  # a thread that waits for the next line gives the rest back itself
            self._lines.close()

    def _split(self) -> Generator[bytes, None, None]:
        rest = b""
        with ExitStack() as at_end:
            if (answer := getattr(self._chunks, "_response", None)) is not None:
                at_end.callback(answer.close)  # by the thread that reads from it; the SDK only ends the connection
            for chunk in self._chunks:
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.removesuffix(b"\r") for line in lines)
            if rest:
                yield rest


def run_attached(container: Any, stdin: bytes | None = None) -> tuple[int, Output]:
    """Start a container of Docker's SDK and wait for its end; exit status and output.

    The status of one that the engine removes before it can be asked for it counts as 0.

    :param stdin: what it is given to read
    :raises ContainerException: when it can't be given that, see ``require_end_of_stdin``
    """
    if stdin is not None:
        require_end_of_stdin(container.client.api)
    parts = {"stdin": int(stdin is not None), "stdout": 1, "stderr": 1, "stream": 1}
    connection = container.attach_socket(params=parts)
    with _giving(connection, stdin):
        removal = _Removal(container) if container.attrs["HostConfig"]["AutoRemove"] else None
        container.start()
        output = _read(connection, is_terminal=container.attrs["Config"]["Tty"])
    if removal is not None:
        return removal.status(), output
    return int(container.wait()["StatusCode"]), output


def require_end_of_stdin(api: Any) -> None:
    """Refuse an engine that is reached with TLS: Python's can't end one direction of a connection alone.

    :param api: the lower of the two clients of Docker's SDK
    :raises ContainerException: when a process could not be told the end of what it reads
    """
    if api.base_url.startswith("https:"):
        raise ContainerException(
            f"a process can't be given its stdin by the engine at {api.base_url}, as TLS has no end of it: "
            "copy a file into the container, or reach the engine by its socket or ssh://"
        )


def run_command(api: Any, execution: str, stdin: bytes | None = None) -> Output:
    """Run a command that was made in a container to its end; what it wrote.

    :param api: the lower of the two clients of Docker's SDK
    :param stdin: what it is given to read
    """
    connection = api.exec_start(execution, socket=True)
    with _giving(connection, stdin):
        return _read(connection)


def _read(connection: Any, is_terminal: bool = False) -> Output:
    """What comes until its end; what a terminal has is all standard output."""
    from docker.utils.socket import consume_socket_output, demux_adaptor, frames_iter

    frames = (demux_adaptor(*frame) for frame in frames_iter(connection, tty=is_terminal))
    stdout, stderr = consume_socket_output(frames, demux=True)
    return stdout or b"", stderr or b""


class _Removal:
    """Waits on a thread for the engine to remove a container, which is when its status is lost."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._status = 0
        self._thread = threading.Thread(target=self._wait, name="container-removal", daemon=True)
        self._thread.start()

    def status(self) -> int:
        """The exit status; 0 when the container has gone and the engine does not tell."""
        self._thread.join(_REMOVAL_SECONDS)
        while self._thread.is_alive() and self._is_still_running():  # it may close its output before its end
            self._thread.join(_REMOVAL_SECONDS)
        return self._status

    def _is_still_running(self) -> bool:
        from docker.errors import NotFound

        try:
            self._container.reload()
        except NotFound:
            return False
        self._status = int(self._container.attrs["State"]["ExitCode"])
        return bool(self._container.attrs["State"]["Running"])

    def _wait(self) -> None:
        from docker.errors import DockerException

        with suppress(DockerException, OSError):
            self._status = int(self._container.wait(condition="removed")["StatusCode"])


@contextmanager
def _giving(connection: Any, stdin: bytes | None) -> Iterator[None]:
    """Send what a process is to read, and its end, by a thread: it may write before it reads, or never read.

    At the end the connection is closed.
    """
    sock = getattr(connection, "_sock", connection)  # the SDK's is a file around it, which has no ends of its own

    def send() -> None:
        with suppress(OSError):  # the process has ended without reading all
            sock.sendall(stdin)
            sock.shutdown(SHUT_WR)

    sender = threading.Thread(target=send, name="container-stdin", daemon=True)
    if stdin is not None:
        sock.settimeout(None)  # the process may take its time
        sender.start()
    try:
        yield
    finally:
        with suppress(OSError):
            sock.shutdown(SHUT_RDWR)
        if stdin is not None:
            sender.join()
        getattr(connection, "_response", connection).close()  # the SDK's answer, which the file is a part of
        sock.close()
