"""A real container engine for tests: the one that DOCKER_HOST names, else a Docker daemon of our own, kept apart."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import io
import json
import os
import shutil
import socket
import struct
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from doors import wait_until

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_PRIVATE, _MS_REC = 1 << 18, 1 << 14
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_START_SECONDS = 60.0
_UNPACKED = Path(__file__).resolve().parents[1] / ".engine"
"""Where ``make engine`` leaves a daemon."""
_PATH = os.pathsep.join([os.environ["PATH"], *(str(_UNPACKED / part) for part in ("usr/bin", "usr/sbin", "bin"))])


@dataclass(frozen=True)
class Engine:
    """A container engine.

    :ivar url: what ``DOCKER_HOST`` has for it
    :ivar namespace: the network namespace that its containers publish their ports in; None for the machine's own
    :ivar busybox: a statically linked busybox
    """

    url: str
    namespace: Path | None
    busybox: Path

    @contextmanager
    def network(self) -> Iterator[None]:
        """Be where ports of containers are published: this thread, and the processes and threads that it starts."""
        if self.namespace is None:
            yield
            return
        with Path("/proc/thread-self/ns/net").open() as before, self.namespace.open() as inside:
            _call("setns", inside.fileno(), _CLONE_NEWNET)
            try:
                yield
            finally:
                _call("setns", before.fileno(), _CLONE_NEWNET)

    @contextmanager
    def bridge(self, ports: Mapping[int, int]) -> Iterator[None]:
        """Let containers reach servers of this thread's network: ports that they connect to, and the servers' own."""
        with contextlib.ExitStack() as listeners:
            for port, server in ports.items():
                with self.network():
                    listener = listeners.enter_context(socket.create_server(("0.0.0.0", port)))
                listeners.callback(listener.shutdown, socket.SHUT_RDWR)
                threading.Thread(target=_forward_all, args=(listener, server), daemon=True).start()
            yield

    def root_file_system(self, files: Mapping[str, str]) -> bytes:
        """An archive of busybox with ``files`` by path."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(self.busybox, "bin/busybox")
            for applet in ("cat", "echo", "httpd", "ls", "nc", "pwd", "sh", "sleep", "tail", "touch", "wget"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
            for path, text in {"tmp/.keep": "", "etc/passwd": "root:x:0:0::/:/bin/sh\n", **files}.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(text.encode()), 0o755
                archive.addfile(member, io.BytesIO(text.encode()))
        return packed.getvalue()

    def make_image(
        self, name: str, command: list[str], files: Mapping[str, str] | None = None, keyword: str = "CMD"
    ) -> None:
        """An image of busybox that runs ``command``, with ``files`` by path.

        :param keyword: ``"ENTRYPOINT"`` for a command that users of the image give arguments to
        """
        repository, _, tag = name.partition(":")
        with contextlib.closing(docker.APIClient(self.url)) as client:
            client.import_image_from_data(
                self.root_file_system(files or {}),
                repository=repository,
                tag=tag or "latest",
                changes=[f"{keyword} {json.dumps(command)}"],
            )


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """The engine that ``DOCKER_HOST`` names, else a Docker daemon in namespaces of its own, files in ``folder``.

    Skips the test when there is neither.
    """
    busybox = shutil.which("busybox", path=_PATH)
    if busybox is None:
        pytest.skip("NOT RUN: no busybox to make images of: make engine")
    if url := os.environ.get("DOCKER_HOST"):
        yield Engine(url, None, Path(busybox))
        return
    if shutil.which("dockerd", path=_PATH) is None or os.geteuid() != 0:
        pytest.skip("NOT RUN: no container engine: set DOCKER_HOST, or be root after make engine")
    url = f"unix://{folder}/docker.sock"
    command = [
        "dockerd", f"--host={url}", f"--data-root={folder}/data", f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid", "--storage-driver=vfs", "--iptables=false", "--ip6tables=false",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        environ = os.environ | {"PATH": _PATH}
        daemon = subprocess.Popen(command, env=environ, stdout=log, stderr=log, preexec_fn=_isolate)
    try:
        is_up = functools.partial(_listens, folder / "docker.sock")
        wait_until(lambda: daemon.poll() is not None or is_up(), "dockerd does not answer", seconds=_START_SECONDS)
        assert daemon.poll() is None, (folder / "log").read_text()[-2000:]
        yield Engine(url, Path(f"/proc/{daemon.pid}/ns/net"), Path(busybox))
    finally:
        daemon.terminate()
        try:
            daemon.wait(_START_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _forward_all(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        for ends in ((client, server), (server, client)):
            threading.Thread(target=_forward, args=ends, daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    """Send on what comes until one side has ended; the last of the two directions closes both."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    target.close()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _isolate() -> None:
    """Give this process a network and mounts of its own, so that nothing of the machine changes."""
    _call("unshare", _CLONE_NEWNS | _CLONE_NEWNET)
    _call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    with socket.socket() as any_socket:
        name = struct.pack("16sh", b"lo", 0)
        _, flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, name))
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


def _call(function: str, *arguments: int | bytes | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
