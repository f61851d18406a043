"""Addresses of the gateway."""

from __future__ import annotations

from localstack import config
from localstack.config import HostAndPort

__all__ = ["localstack_host"]


def localstack_host(custom_port: int | None = None) -> HostAndPort:
    """Host and port under which clients reach the gateway, ``localhost.localstack.cloud:4566``.

    :param custom_port: takes the place of the port
    """
    return HostAndPort(config.LOCALSTACK_HOST.host, custom_port or config.LOCALSTACK_HOST.port)
