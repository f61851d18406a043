"""The addresses that the gateway listens on: resolved, and checked before anything is started."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import replace

from localstack.host.errors import ListenError
from localstack.host.settings import DEFAULT_PORT, HostAndPort, Settings

_REASONS = {
    errno.EADDRINUSE: "it is already in use",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address",
    errno.EACCES: "this user may not listen there",
}


def reserve_addresses(settings: Settings) -> Settings:
    """Check, before anything is started, that every address can be bound; port 0 becomes a free port.

    :raises ListenError: naming the address and why it can't be bound
    """
    bound = tuple(replace(address, port=_try_to_bind(address)) for address in settings.gateway_listen)
    host = settings.localstack_host
    return replace(settings, gateway_listen=bound, localstack_host=replace(host, port=host.port or bound[0].port))


def resolve(address: HostAndPort) -> list[tuple[socket.AddressFamily, str]]:
    """The IP addresses of an address' host.

    :raises ListenError: when the name does not resolve
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ListenError(
            f"cannot listen on {address}: the host {address.host!r} does not resolve ({error})",
            f"set GATEWAY_LISTEN to an address of this machine, for example 127.0.0.1:{DEFAULT_PORT}",
        ) from None
    return list(dict.fromkeys((family, str(sockaddr[0])) for family, _, _, _, sockaddr in found))


def _try_to_bind(address: HostAndPort) -> int:
    port = address.port
    for family, host in resolve(address):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind((host, port))
                port = int(probe.getsockname()[1])
        except OSError as error:
            raise cannot_listen(address, error) from None
    return port


def cannot_listen(address: HostAndPort, error: OSError) -> ListenError:
    """The error that says why ``address`` can't be bound, with what to do about that reason."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    other = f"set GATEWAY_LISTEN=127.0.0.1:{DEFAULT_PORT + (address.port == DEFAULT_PORT)}"
    if error.errno == errno.EADDRINUSE:
        hint = f"stop what listens there (localstack stop, if it is an earlier platform), or {other}"
    else:
        hint = f"{other}, for example"
    return ListenError(f"cannot listen on {address}: {reason}", hint)
