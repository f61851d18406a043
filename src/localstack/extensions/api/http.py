"""The HTTP side of the gateway: requests, responses, routers, proxies."""

from localstack.http import Request, Response, Router
from localstack.http.client import HttpClient, SimpleRequestsClient
from localstack.http.dispatcher import Handler as RouteHandler
from localstack.http.proxy import Proxy, ProxyHandler, forward

__all__ = [
    "HttpClient",
    "Proxy",
    "ProxyHandler",
    "Request",
    "Response",
    "RouteHandler",
    "Router",
    "SimpleRequestsClient",
    "forward",
]
