"""Routes of the gateway: rolo's router, with one more path converter."""

from rolo.routing import Router, RuleAdapter, WithHost, route
from werkzeug.routing import PathConverter

__all__ = ["GreedyPathConverter", "Router", "RuleAdapter", "WithHost", "route"]


class GreedyPathConverter(PathConverter):
    """``<greedy_path:name>``: the rest of a path, also when it is empty or begins with a slash.

    The ``path`` converter of werkzeug needs at least one character that is no slash.
    """

    regex = ".*?"
    part_isolating = False
