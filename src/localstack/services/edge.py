"""The gateway's router."""

from localstack.host import shared

ROUTER = shared.edge_router()
"""The router that ``update_gateway_routes`` gets; routes can be added and removed at any time."""

__all__ = ["ROUTER"]
