"""Resources: classes whose ``on_get``, ``on_post`` … serve one path."""

from rolo.routing.resource import Resource, resource

__all__ = ["Resource", "resource"]
