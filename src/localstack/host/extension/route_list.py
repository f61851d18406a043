"""Routes as they were added: in their order, and found by their pattern, so that each addition costs the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from werkzeug.routing import Rule

ANY_HOST = "<__host__>"
_PLACEHOLDER = re.compile(r"<(?:([^<>]*):)?[^<>:]+>")

Pattern = tuple[str, str]
"""Host and path without the names of placeholders."""


@dataclass(frozen=True, eq=False)
class Route:
    """A rule as it was added. ``rule`` stays bound to the map it was made for; each new map gets a copy."""

    rule: Rule
    owner: str | None
    place: str
    """How reports name it, e.g. ``"route /hello/<name>"``."""

    def is_the_one(self, rule: Rule) -> bool:
        # werkzeug's Rule.__eq__ compares only the pattern: two extensions may share one with other methods
        return self.rule is rule or (
            self.rule == rule and self.rule.endpoint is rule.endpoint and self.rule.methods == rule.methods
        )

    def description(self) -> str:
        methods = sorted((self.rule.methods or set()) - {"HEAD"})
        host = "" if self.rule.host in (None, ANY_HOST) else str(self.rule.host)
        return " ".join(part for part in (",".join(methods), f"{host}{self.rule.rule}") if part)

    def answers_what(self, other: Route) -> bool:
        """Whether requests that ``other``, of the same pattern, is for come here: they have a method in common."""
        mine, others = self.rule.methods, other.rule.methods
        return mine is None or others is None or not mine.isdisjoint(others)

    @cached_property
    def pattern(self) -> Pattern:
        return _pattern_of(self.rule)


class RouteList:
    """Routes in the order of their addition. Whoever changes it must hold a lock; going through it needs none."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes: dict[int, Route] = {}
        self._by_pattern: dict[Pattern, list[Route]] = {}
        self.add(routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(tuple(self._routes.values()))

    def add(self, routes: Iterable[Route]) -> None:
        for route in routes:
            self._routes[id(route)] = route
            self._by_pattern.setdefault(route.pattern, []).append(route)

    def remove(self, route: Route) -> None:
        """Take out a route; does nothing when it is not there."""
        if self._routes.pop(id(route), None) is not None:
            alike = self._by_pattern[route.pattern]
            alike.remove(route)
            if not alike:
                del self._by_pattern[route.pattern]

    def route_of(self, rule: Rule, without: Collection[int] = ()) -> Route | None:
        """The first route with that rule whose ``id`` is none of ``without``."""
        alike = (one for one in self._by_pattern.get(_pattern_of(rule), ()) if id(one) not in without)
        return next((route for route in alike if route.is_the_one(rule)), None)

    def rival_of(self, route: Route) -> str | None:
        """The first other extension to which requests come that ``route`` is for."""
        alike = self._by_pattern.get(route.pattern, ())
        return next(
            (one.owner for one in alike if one.owner not in (None, route.owner) and one.answers_what(route)), None
        )


def _pattern_of(rule: Rule) -> Pattern:
    host, path = (_PLACEHOLDER.sub(r"<\1>", text) for text in (str(rule.host), rule.rule))
    return host, path
