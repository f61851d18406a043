"""Addresses of the gateway."""

from __future__ import annotations

from urllib.parse import urlsplit

from localstack import config
from localstack.config import HostAndPort

__all__ = ["hostname_from_url", "localstack_host", "path_from_url"]


def localstack_host(custom_port: int | None = None) -> HostAndPort:
    """Host and port under which clients reach the gateway, ``localhost.localstack.cloud:4566``.

    :param custom_port: takes the place of the port
    """
    return HostAndPort(config.LOCALSTACK_HOST.host, custom_port or config.LOCALSTACK_HOST.port)


def hostname_from_url(url: str) -> str:
    """The host in a URL, without port: ``"localhost"`` in ``http://localhost:4566/a``; ``""`` without one."""
    return urlsplit(url if "://" in url else f"//{url}").hostname or ""


def path_from_url(url: str) -> str:
    """The path in a URL, without query: ``"/a/b"`` in ``http://localhost:4566/a/b?c``; ``"/"`` without one."""
    return urlsplit(url if "://" in url else f"//{url}").path or "/"
