"""Ports, host names and addresses."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from copy import copy
from http.client import HTTPException
from typing import Literal, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit

from localstack import config, constants
from localstack.utils.sync import retry

__all__ = [
    "Port",
    "PortNotAvailableException",
    "PortRange",
    "get_addressable_container_host",
    "get_docker_host_from_container",
    "get_free_tcp_port",
    "get_free_udp_port",
    "is_ipv4_address",
    "is_port_open",
    "resolve_hostname",
    "wait_for_port_closed",
    "wait_for_port_open",
]

_CONNECT_SECONDS = 5.0
_REFUSAL_SECONDS = 0.5
_DEFAULT_RESERVATION_SECONDS = 6.0


class Port(NamedTuple):
    """A port of TCP or UDP."""

    port: int
    protocol: Literal["tcp", "udp"] = "tcp"

    @classmethod
    def wrap(cls, port: IntOrPort) -> Port:
        """``port`` itself, or the TCP port of a number."""
        return port if isinstance(port, Port) else cls(port)


IntOrPort = int | Port


class PortNotAvailableException(Exception):
    """No port, or not the one asked for, can be reserved."""


class PortRange:
    """The ports from ``start`` to ``end``, both included, to reserve for servers. Safe for threads.

    A reservation keeps others from being given the port until its server has bound it; then it may expire.
    """

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self._reserved_until: dict[Port, float] = {}
        self._next = start
        self._lock = threading.RLock()

    def as_range(self) -> range:
        return range(self.start, self.end + 1)

    def subrange(self, start: int | None = None, end: int | None = None) -> PortRange:
        """A part of the range; what is reserved in one of the two is reserved in the other.

        :param start: its first port, that of the range without it
        :param end: its last port, that of the range without it
        :raises ValueError: when it is not within the range
        """
        part = copy(self)  # with the reservations and the lock of this one
        part.start = part._next = self.start if start is None else start
        part.end = self.end if end is None else end
        if not self.start <= part.start <= part.end <= self.end:
            raise ValueError(f"{part.start} to {part.end} is not within the range {self.start} to {self.end}")
        return part

    def reserve_port(self, port: IntOrPort | None = None, duration: float | None = None) -> int:
        """Reserve a port that can be bound.

        :param port: the one that is wanted, any of the range without it
        :param duration: seconds after which the port may be given to others
        :raises PortNotAvailableException: when it is reserved, in use, outside the range, or none is left
        """
        with self._lock:
            if port is not None:
                return self._reserve_wanted(Port.wrap(port), duration)
            for candidate in self._in_turn():
                if self._is_available(Port(candidate)):
                    self._next = candidate + 1
                    self.mark_reserved(candidate, duration)
                    return candidate
        raise PortNotAvailableException(f"none of the ports {self.start} to {self.end} is free")

    def is_port_reserved(self, port: IntOrPort) -> bool:
        """Whether a reservation of the port has not expired."""
        with self._lock:
            return self._reserved_until.get(Port.wrap(port), 0.0) > time.monotonic()

    def mark_reserved(self, port: IntOrPort, duration: float | None = None) -> None:
        """Reserve a port whether or not it can be bound.

        :raises ValueError: when the port is outside the range
        """
        wrapped = Port.wrap(port)
        if wrapped.port not in self.as_range():
            raise ValueError(f"port {wrapped.port} is not in the range {self.start} to {self.end}")
        seconds = _DEFAULT_RESERVATION_SECONDS if duration is None else duration
        with self._lock:
            self._reserved_until[wrapped] = time.monotonic() + seconds

    def _reserve_wanted(self, port: Port, duration: float | None) -> int:
        if port.port not in self.as_range():
            raise PortNotAvailableException(f"port {port.port} is not in the range {self.start} to {self.end}")
        if self.is_port_reserved(port):
            raise PortNotAvailableException(f"port {port.port} is reserved")
        if not self.is_free(port):
            raise PortNotAvailableException(f"port {port.port} can't be bound: something else uses it")
        self.mark_reserved(port, duration)
        return port.port

    def _is_available(self, port: Port) -> bool:
        return not self.is_port_reserved(port) and self.is_free(port)

    def is_free(self, port: Port) -> bool:
        """Whether a server could listen on the port now, reserved or not."""
        return _can_be_bound(port)

    def _in_turn(self) -> Iterator[int]:
        """The ports from the one after the last that was given away: a server may bind its port late."""
        first = self._next if self._next in self.as_range() else self.start
        yield from range(first, self.end + 1)
        yield from range(self.start, first)

    def __repr__(self) -> str:
        return f"PortRange({self.start}, {self.end})"


def get_free_tcp_port(blocklist: Sequence[int] | None = None) -> int:
    """A TCP port that nothing listens on now; one of ``blocklist`` never."""
    return _free_port(socket.SOCK_STREAM, blocklist)


def get_free_udp_port(blocklist: Sequence[int] | None = None) -> int:
    """A UDP port that nothing is bound to now; one of ``blocklist`` never."""
    return _free_port(socket.SOCK_DGRAM, blocklist)


def _free_port(kind: socket.SocketKind, blocklist: Sequence[int] | None) -> int:
    blocked = set(blocklist or ())
    with contextlib.ExitStack() as held:
        while True:
            # a blocked one stays bound until another is found, so that it does not come again
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind(("", 0))
            port: int = probe.getsockname()[1]
            if port not in blocked:
                return port


def is_port_open(
    port_or_url: int | str,
    http_path: str | None = None,
    expect_success: bool = True,
    protocols: str | Sequence[str] | None = None,
    quiet: bool = True,
) -> bool:
    """Whether something listens.

    :param port_or_url: a port of this machine, or a URL such as ``https://localhost:4566`` or ``localhost:4566``
    :param http_path: also ask for this path
    :param expect_success: whether the answer to that must have a status below 400
    :param protocols: ``"tcp"``, which it is without them, ``"udp"``, or both in a list. With UDP a port counts as open
        unless its machine says within half a second that nothing is there.
    :param quiet: False raises what kept the connection from being made
    :raises OSError: only without ``quiet``
    """
    url = f"http://localhost:{port_or_url}" if isinstance(port_or_url, int) else _with_scheme(port_or_url)
    parts = urlsplit(url)
    scheme = "https" if parts.scheme in ("https", "wss") else "http"
    port = parts.port or (443 if scheme == "https" else 80)
    try:
        for protocol in [protocols] if isinstance(protocols, str) else protocols or ["tcp"]:
            _connect(parts.hostname or constants.LOCALHOST, port, protocol)
        path = f"{parts.path.rstrip('/')}/{(http_path or '').lstrip('/')}"
        return http_path is None or _answers(f"{scheme}://{parts.netloc}{path}", expect_success)
    except OSError:
        if not quiet:
            raise
        return False


def wait_for_port_open(
    port: int | str,
    http_path: str | None = None,
    expect_success: bool = True,
    retries: int = 10,
    sleep_time: float = 0.5,
) -> None:
    """Wait until ``is_port_open``.

    :param retries: looks after the first
    :param sleep_time: seconds between two looks
    :raises TimeoutError: when it is still closed after the last
    """

    def check() -> None:
        if not is_port_open(port, http_path=http_path, expect_success=expect_success):
            raise TimeoutError(f"{port} is not open after {retries + 1} looks")

    retry(check, retries=retries, sleep=sleep_time)


def wait_for_port_closed(port: int | str, retries: int = 10, sleep_time: float = 0.5) -> None:
    """Wait until nothing listens any more.

    :param port: as for ``is_port_open``; ``retries`` and ``sleep_time`` as for ``wait_for_port_open``
    :raises TimeoutError: when it is still open after the last look
    """

    def check() -> None:
        if is_port_open(port):
            raise TimeoutError(f"{port} is still open after {retries + 1} looks")

    retry(check, retries=retries, sleep=sleep_time)


def resolve_hostname(hostname: str) -> str | None:
    """The IPv4 address of a host, ``None`` when nobody knows it."""
    try:
        return socket.gethostbyname(hostname)
    except OSError:
        return None


def is_ipv4_address(address: str) -> bool:
    """Whether the text is an IPv4 address: four numbers up to 255."""
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


def get_addressable_container_host(default_local_hostname: str | None = None) -> str:
    """Host under which ports that containers publish are reached from here.

    :param default_local_hostname: that host where the platform runs outside a container
    """
    if config.is_in_docker:
        return get_docker_host_from_container()
    return default_local_hostname or constants.LOCALHOST_HOSTNAME


def get_docker_host_from_container() -> str:
    """Host under which containers reach this machine.

    In a container that is the engine's own name for it, if there is one. Else it is ``DOCKER_HOST_FROM_CONTAINER``
    where that is set, the gateway of the network that the platform's container is in, of the default network outside a
    container, or ``DOCKER_BRIDGE_IP`` without an engine that knows one.
    """
    if config.is_in_docker:
        with contextlib.suppress(OSError):
            return socket.gethostbyname("host.docker.internal")
    from localstack.utils.container_networking import _configured_host, get_main_container_network
    from localstack.utils.container_utils.container_errors import ContainerException
    from localstack.utils.docker_utils import DOCKER_CLIENT

    if (host := _configured_host()) is not None:
        return host
    try:
        return DOCKER_CLIENT.get_network_gateway(get_main_container_network()) or config.DOCKER_BRIDGE_IP
    except ContainerException:
        return config.DOCKER_BRIDGE_IP


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _connect(host: str, port: int, protocol: str) -> None:
    """:raises OSError: when nothing listens there"""
    if protocol == "tcp":
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
        return
    if protocol != "udp":
        raise ValueError(f"protocol {protocol!r} is neither tcp nor udp")
    refusals = []
    for family, kind, number, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind, number) as probe, contextlib.suppress(TimeoutError):
                probe.settimeout(_REFUSAL_SECONDS)
                probe.connect(address)
                probe.send(b"")
                probe.recv(1)
            return
        except OSError as error:  # as with TCP, the server may listen at another address of the host
            refusals.append(error)
    raise refusals[-1]


def _answers(url: str, expect_success: bool) -> bool:
    """Whether an HTTP server answers at ``url``, directly and whatever its certificate."""
    handlers = (
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),
    )
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=_CONNECT_SECONDS):
            return True
    except HTTPError as error:
        with contextlib.closing(error):
            return not expect_success
    except HTTPException:
        return False


def _can_be_bound(port: Port) -> bool:
    """Whether a server could listen on the port now."""
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    # a server at one address only does not keep every system from binding the wildcard address
    return all(_can_bind(kind, address, port.port) for address in ("", constants.LOCALHOST_IP))


def _can_bind(kind: socket.SocketKind, address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # as servers do: connections of an ended one that are still being closed are no obstacle
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
