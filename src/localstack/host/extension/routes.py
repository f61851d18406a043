"""A rolo router that knows which extension added which route."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from rolo import Request, Response, Router
from rolo.request import get_raw_path
from rolo.routing.router import Dispatcher, _clone_map_without_rules
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, MapAdapter, Rule, RuleFactory

from localstack.host.extension.guard import Guard
from localstack.host.extension.ownership import (
    NEWEST,
    VERSION_KEY,
    Contribution,
    ContributionKind,
    Ledger,
    staged_additions,
)
from localstack.host.extension.route_list import ANY_HOST, Route, RouteList
from localstack.host.pace import LEAVE_KEY

_REMEMBERED = 4096
_LONGEST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Match:
    """A route that a request has found, with the arguments that its URL gives."""

    route: Route
    arguments: dict[str, Any]


@dataclass(frozen=True)
class _Table:
    """A complete map with the routes behind its rules, replaced as a whole."""

    url_map: Map
    routes: dict[int, Route]
    path_prefixes: tuple[str, ...]
    """What the path of any request begins with that a rule for any host could match."""
    host_prefixes: tuple[str, ...]
    """What the Host header begins with for rules of particular hosts."""
    found: dict[tuple[str, str, str], Match | None] = field(default_factory=dict)
    """What earlier requests found, by method, host and raw path."""
    adapters: dict[str, MapAdapter] = field(default_factory=dict)
    """The map bound to a host, which costs as much as a match."""
    beyond: dict[str, bool] = field(default_factory=dict)
    """What ``leads_beyond`` has found out, by prefix."""

    @classmethod
    def of(cls, url_map: Map, routes: dict[int, Route]) -> _Table:
        any_host = [route.rule for route in routes.values() if route.rule.host in (None, ANY_HOST)]
        others = [route.rule for route in routes.values() if route.rule.host not in (None, ANY_HOST)]
        return cls(
            url_map,
            routes,
            tuple({_literal_start(rule.rule).rstrip("/") for rule in any_host}),
            tuple({_literal_start(str(rule.host)).lower() for rule in others}),
        )

    def find(self, method: str, host: str, raw_path: str) -> Match | None:
        """The match, ``None`` when no rule fits.

        :raises werkzeug.routing.RequestRedirect: and other answers that the rules themselves give
        """
        key = (method, host, raw_path)
        try:
            return self.found[key]
        except KeyError:
            pass
        if not self._can_match(host, raw_path):
            return None
        try:
            rule, arguments = self._bound_to(host).match(raw_path, method=method, return_rule=True)
            own = {name: value for name, value in arguments.items() if name != ANY_HOST[1:-1]}
            match = Match(self.routes[id(rule)], own)
        except NotFound:
            match = None
        if len(host) + len(raw_path) <= _LONGEST_REMEMBERED:
            if len(self.found) >= _REMEMBERED:
                self.found.clear()
            self.found[key] = match
        return match

    def leads_beyond(self, prefix: str) -> bool:
        known = self.beyond.get(prefix)
        if known is None:
            below = prefix.rstrip("/")
            is_all_below = all(one.startswith(below) for one in self.path_prefixes) and not self.host_prefixes
            known = self.beyond[prefix] = not is_all_below
        return known

    def _bound_to(self, host: str) -> MapAdapter:
        adapter = self.adapters.get(host)
        if adapter is None:
            adapter = self.url_map.bind(server_name=host)
            if len(host) <= _LONGEST_REMEMBERED:
                if len(self.adapters) >= _REMEMBERED:
                    self.adapters.clear()
                self.adapters[host] = adapter
        return adapter

    def _can_match(self, host: str, raw_path: str) -> bool:
        """A cheap no for what is none of the extensions' business; a yes promises nothing."""
        return (
            raw_path.startswith(self.path_prefixes) or host.lower().startswith(self.host_prefixes) or "//" in raw_path
        )


class OwnedRouter(Router[Any]):  # type: ignore[misc]  # rolo is not typed
    """A router for extensions: additions are attributed, endpoints guarded, and many additions cost one new map.

    Reading ``url_map`` gives the current werkzeug map, as with rolo's own router.

    :ivar on_answer: called with the owner of a route, the request and the answer, which it may change
    """

    on_answer: Callable[[str, Request, Response], None] | None = None

    def __init__(self, dispatcher: Dispatcher[Any], ledger: Ledger, guard: Guard, kind: ContributionKind) -> None:
        self._table: _Table | None = None
        self._earlier: _Table | None = None
        self._since = 0
        self._routes = RouteList()
        super().__init__(dispatcher)
        self._ledger = ledger
        self._guard = guard
        self._kind = kind
        ledger.containers.append(self)

    @property
    def url_map(self) -> Map:
        return self._current().url_map

    @url_map.setter
    def url_map(self, url_map: Map) -> None:
        """Take over a map; rolo's constructor sets the first one here."""
        self._pattern = url_map
        self._table = None

    def contributions(self) -> Iterator[Contribution]:
        for route in self._routes:
            if route.owner is not None:
                yield Contribution(route.owner, self._kind, route.description())

    def items_of(self, owner: str) -> tuple[Route, ...]:
        return tuple(route for route in self._routes if route.owner == owner)

    def exchange(self, gone: Sequence[Route], additions: Sequence[Route], version: int) -> None:
        leaving = {id(route) for route in gone}
        with self._mutex:
            self._earlier, self._since = self._current(), version
            self._routes = RouteList(route for route in self._routes if id(route) not in leaving)
            self._add(additions)
            self._current()  # the next request should not have to wait for the map

    def add_rule(self, rule: RuleFactory) -> None:
        self._add_rules(rule)

    def find(self, request: Request) -> Match | None:
        """The route for a request by its raw, still percent-encoded path; ``None`` when there is none.

        :raises werkzeug.exceptions.MethodNotAllowed: when only another method would match
        """
        table = self._table or self._current()
        if self._since and self._earlier and request.environ.get(VERSION_KEY, NEWEST) < self._since:
            table = self._earlier
        return table.find(request.method, request.host, _raw_path(request))

    def leads_beyond(self, prefix: str) -> bool:
        """Whether some path that does not begin with ``prefix``, e.g. ``"/_localstack/"``, could find a route."""
        return (self._table or self._current()).leads_beyond(prefix)

    def call(self, match: Match, request: Request) -> Response:
        """Call the endpoint of a match, guarded by the extension that it belongs to."""
        route = match.route
        endpoint, arguments = route.rule.endpoint, dict(match.arguments)
        if route.owner is None:
            return self.dispatcher(request, endpoint, arguments)
        before_slow = request.environ.get(LEAVE_KEY)
        answer = self._guard.route(route.owner, route.place, before_slow, self.dispatcher, request, endpoint, arguments)
        if self.on_answer is not None:
            self.on_answer(route.owner, request, answer)
        return answer

    def dispatch(self, request: Request) -> Response:
        """Find the route and call its endpoint.

        :raises werkzeug.exceptions.NotFound: when no rule matches
        """
        match = self.find(request)
        if match is None:
            raise NotFound
        return self.call(match, request)

    def _add_rules(self, rule_factory: RuleFactory) -> list[Rule]:
        with self._mutex:
            scratch = self._empty_map()
            rules = list(rule_factory.get_rules(scratch))
            for rule in rules:
                if rule.host is None:
                    rule.host = ANY_HOST
                scratch.add(rule)  # binds and so validates it, before anything is changed
            kind = self._kind.value
            added = tuple(Route(rule, self._ledger.owner_of(rule.endpoint), f"{kind} {rule.rule}") for rule in rules)
            staged = staged_additions(self)
            if staged is None:
                self._add(added)
            else:
                staged += added
            return rules

    def _add(self, routes: Sequence[Route]) -> None:
        """Two extensions may claim the same requests: werkzeug gives them to the rule that came first, for good."""
        for route in routes:
            first = self._routes.rival_of(route)
            if route.owner is not None and first is not None:
                self._guard.report_conflict(route.owner, f"{self._kind.value} {route.description()}", first)
        self._routes.add(routes)
        self._table = None

    def _remove_rules(self, rules: Iterable[Rule]) -> None:
        staged = staged_additions(self)
        with self._mutex:
            present = self._routes if staged is None else RouteList(staged)
            leaving: dict[int, Route] = {}
            for rule in rules:
                route = present.route_of(rule, leaving.keys())
                if route is None:
                    raise KeyError("no such rule")
                leaving[id(route)] = route
            if staged is not None:
                staged[:] = [route for route in staged if id(route) not in leaving]
            for route in leaving.values():
                self._routes.remove(route)
            self._table = None

    def _current(self) -> _Table:
        table = self._table
        if table is None:
            with self._mutex:
                table = self._table
                if table is None:
                    table = self._table = self._build()
        return table

    def _empty_map(self) -> Map:
        url_map: Map = _clone_map_without_rules(self._pattern)
        url_map.converters = self._pattern.converters  # shared: extensions add converters to router.url_map.converters
        return url_map

    def _build(self) -> _Table:
        url_map = self._empty_map()
        routes: dict[int, Route] = {}
        for route in self._routes:
            copied = _BoundCopy(route.rule)
            url_map.add(copied)
            routes[id(copied.rule)] = route
        url_map.update()
        return _Table.of(url_map, routes)


class _BoundCopy(RuleFactory):
    """A copy of a rule for another map with the same settings.

    It keeps what binding the rule has compiled: to do that anew takes werkzeug most of the time of making a map.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = copy(rule)
        vars(self.rule)["bind"] = self._bind

    def _bind(self, map: Map, rebind: bool = False) -> None:
        self.rule.map = map

    def get_rules(self, map: Map) -> Iterator[Rule]:
        yield self.rule


def _literal_start(pattern: str) -> str:
    """The part of a pattern before its first placeholder."""
    return pattern.partition("<")[0]


def _raw_path(request: Request) -> str:
    """rolo's ``get_raw_path``, without parsing a URL where the target is a plain path."""
    target: str = request.environ.get("RAW_URI") or ""
    if target[:1] == "/" and target[1:2] != "/" and ";" not in target and "#" not in target:
        return target.partition("?")[0]
    return str(get_raw_path(request))
