"""The HTTP request that handlers and routes get."""

from rolo import Request

__all__ = ["Request"]
