"""Ports that speak TLS and plain HTTP."""

__all__ = ["enable_duplex_socket"]


def enable_duplex_socket() -> None:
    """Let ports with TLS take plain connections as well. Nothing is left to do.

    The gateway's own port, and those of ``localstack.http.hypercorn.GatewayServer`` and ``ProxyServer``, tell the two
    apart by the first byte anyway.
    """
