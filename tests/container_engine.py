"""A real container engine for tests: the one that DOCKER_HOST names, else a Docker daemon of our own, kept apart."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from localstack.utils.container_utils.container_client import ContainerClient

_CLONE_NEWNET = 0x40000000
_KEEPER = Path(__file__).with_name("engine_keeper.py")
_UNPACKED = Path(__file__).resolve().parents[1] / ".engine"
"""Where ``make engine`` leaves daemons."""
_PATH = os.pathsep.join(
    [os.environ["PATH"], *(str(_UNPACKED / "docker" / part) for part in ("usr/bin", "usr/sbin", "bin"))]
)


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


class EngineClient(ContainerClient):
    """A client that tells containers made since it was from those that the engine had before: a developer's own."""

    def __init__(self) -> None:
        super().__init__()
        self._before = {container["id"] for container in self.list_containers()}

    def new_containers(self) -> list[dict[str, Any]]:
        return [container for container in self.list_containers() if container["id"] not in self._before]

    def remove_new_containers(self) -> None:
        for container in self.new_containers():
            self.remove_container(container["id"])


@contextmanager
def running_engine(folder: Path, program: str = "dockerd") -> Iterator[Engine]:
    """The engine that ``DOCKER_HOST`` names, else one in namespaces of its own, files in ``folder``.

    Skips the test when there is neither, with what the engine said last when it could not be started.

    :param program: ``"dockerd"`` or ``"podman"``; another than Docker is run whatever ``DOCKER_HOST`` says
    """
    busybox = shutil.which("busybox", path=_PATH)
    if busybox is None:
        pytest.skip("NOT RUN: no busybox to make images of: make engine")
    if program == "dockerd" and (url := os.environ.get("DOCKER_HOST")):
        yield Engine(url, None, Path(busybox))
        return
    unpacked = _UNPACKED / program
    path = os.pathsep.join([_PATH, f"{unpacked}/usr/bin"])
    if missing := [each for each in (program, "unshare", "setpriv") if shutil.which(each, path=path) is None]:
        pytest.skip(f"NOT RUN: no container engine: there is no {missing[0]}: make engine, or set DOCKER_HOST")
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: no container engine: set DOCKER_HOST, or be root")
    with subprocess.Popen(
        [sys.executable, _KEEPER, folder, program, unpacked],
        env=os.environ | {"PATH": _PATH},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests, which end it in their own time
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        namespace = keeper.stdout.readline().strip()
        if not namespace:
            pytest.skip(f"NOT RUN: {program} can't be started here: {keeper.stderr.read().strip()}")
        yield Engine(f"unix://{folder}/engine.sock", Path(namespace), Path(busybox))
        keeper.stdin.close()


@contextmanager
def client_of(engine: Engine) -> Iterator[EngineClient]:
    """A client of the engine, which ``DOCKER_HOST`` names meanwhile; new containers that are left are removed."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DOCKER_HOST", engine.url)
        client = EngineClient()
        yield client
        client.remove_new_containers()
        client.client().close()


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


def _call(function: str, *arguments: int | bytes | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
