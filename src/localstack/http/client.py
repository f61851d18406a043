"""HTTP clients that send requests of the gateway's type."""

from rolo.client import HttpClient, SimpleRequestsClient

__all__ = ["HttpClient", "SimpleRequestsClient"]
