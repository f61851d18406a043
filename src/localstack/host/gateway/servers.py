"""Which server serves the gateway."""

from __future__ import annotations

from typing import Protocol

from rolo.gateway import Gateway

from localstack.host.gateway.claims import Claims
from localstack.host.settings import Settings


class Server(Protocol):
    """Something that serves a gateway on the addresses of the settings."""

    def listen(self) -> None:
        """Bind and listen.

        :raises ListenError: when an address has been taken since it was reserved
        """

    def run(self) -> None:
        """Serve on the calling thread, the main thread, until ``stop``."""

    def stop(self) -> None:
        """Stop serving; may be called from any thread, more than once, and before ``run``."""


def make_server(gateway: Gateway, settings: Settings, claims: Claims) -> Server:
    """The server that ``GATEWAY_SERVER`` asks for; the other one is not imported."""
    if settings.gateway_server == "twisted":
        from localstack.host.gateway.twisted_server import TwistedServer

        return TwistedServer(gateway, settings)
    from localstack.host.gateway.front_door.server import FrontDoor

    return FrontDoor(gateway, settings, claims=claims)
