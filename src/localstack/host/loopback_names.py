"""``localhost.localstack.cloud`` and every name below it lead to this machine, without DNS.

Extensions and AWS clients in this process use names such as ``queue.sqs.localhost.localstack.cloud``. Public DNS
answers 127.0.0.1 for them; without a network, or behind a resolver that drops such answers, they would not work.
"""

from __future__ import annotations

import functools
import socket
from typing import Any

from localstack.host.settings import LOCALHOST_HOSTNAME
from localstack.utils.patch import Patch, Patches

_IPV4, _IPV6 = "127.0.0.1", "::1"

_real_getaddrinfo = socket.getaddrinfo
_real_gethostbyname = socket.gethostbyname
_real_gethostbyname_ex = socket.gethostbyname_ex
_real_connect = socket.socket.connect
_real_connect_ex = socket.socket.connect_ex


def install() -> None:
    """Let the resolver functions of ``socket`` answer for our names from now on; does nothing the second time.

    Sockets that connect to a name resolve it themselves, so they are told the address. Code that has imported a
    resolver function by name before is not reached: call this first.
    """
    _patches.apply()


def uninstall() -> None:
    """Put the resolver functions back."""
    _patches.undo()


def is_loopback_name(host: object) -> bool:
    """Whether the host is one of our names, as text or bytes, in any case, with or without a final dot."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", errors="replace")
    if not isinstance(host, str):
        return False
    return f".{host.lower().removesuffix('.')}".endswith(f".{LOCALHOST_HOSTNAME}")


@functools.wraps(_real_getaddrinfo)
def _getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[tuple[Any, ...]]:
    """Our names have one address of a family, as in public DNS: the gateway listens on 127.0.0.1 by default."""
    if not is_loopback_name(host) or flags & socket.AI_NUMERICHOST:
        return list(_real_getaddrinfo(host, port, family, type, proto, flags))
    address = _IPV6 if family == socket.AF_INET6 else _IPV4
    found = _real_getaddrinfo(address, port, family, type, proto, flags)
    return [(*info[:3], host if info[3] else "", info[4]) for info in found]


@functools.wraps(_real_gethostbyname)
def _gethostbyname(hostname: str, /) -> str:
    return _IPV4 if is_loopback_name(hostname) else _real_gethostbyname(hostname)


@functools.wraps(_real_gethostbyname_ex)
def _gethostbyname_ex(hostname: str, /) -> tuple[str, list[str], list[str]]:
    return (hostname, [], [_IPV4]) if is_loopback_name(hostname) else _real_gethostbyname_ex(hostname)


@functools.wraps(_real_connect)
def _connect(self: socket.socket, address: Any, /) -> None:
    _real_connect(self, _resolved(self.family, address))


@functools.wraps(_real_connect_ex)
def _connect_ex(self: socket.socket, address: Any, /) -> int:
    return _real_connect_ex(self, _resolved(self.family, address))


def _resolved(family: int, address: Any) -> Any:
    """A socket's address with our names replaced; what is none of ours stays as it is."""
    if not isinstance(address, tuple) or not address or not is_loopback_name(address[0]):
        return address
    return (_IPV6 if family == socket.AF_INET6 else _IPV4, *address[1:])


_patches = Patches(
    [
        Patch(socket, "getaddrinfo", _getaddrinfo),
        Patch(socket, "gethostbyname", _gethostbyname),
        Patch(socket, "gethostbyname_ex", _gethostbyname_ex),
        Patch(socket.socket, "connect", _connect),
        Patch(socket.socket, "connect_ex", _connect_ex),
    ]
)
