"""HTTP types of the gateway: rolo's, with a JSON encoder that knows the types of AWS answers."""

from .request import Request
from .resource import Resource, resource  # from the submodule: importing it later would put it in the function's place
from .response import Response
from .router import Router, route

__all__ = ["Request", "Resource", "Response", "Router", "resource", "route"]
