"""The gateway: the handlers that every request goes through."""

from rolo.gateway import Gateway

__all__ = ["Gateway"]
