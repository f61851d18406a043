"""Forwarding requests to a server behind the gateway."""

from rolo.proxy import Proxy, ProxyHandler, forward

__all__ = ["Proxy", "ProxyHandler", "forward"]
