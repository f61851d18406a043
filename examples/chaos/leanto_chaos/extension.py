"""Fault injection: a request handler that raises, and internal resources that change its rules."""

from __future__ import annotations

import random
import time
from typing import Any

from leanto_chaos.rules import Rule, RuleError
from localstack.extensions.api import Extension, aws, http
from localstack.services.internal import get_internal_apis


class ChaosExtension(Extension):
    """Serves ``/_localstack/chaos/faults`` and ``…/effects``, and lets AWS calls fail and wait as they say."""

    name = "chaos"

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()  # replaced as a whole, so a call that reads it needs no lock
        self._latency_milliseconds = 0

    def update_gateway_routes(self, router: http.Router[http.RouteHandler]) -> None:
        apis = get_internal_apis()
        apis.add("/_localstack/chaos/faults", self.change_rules, methods=["GET", "POST", "PATCH", "DELETE"])
        apis.add("/_localstack/chaos/effects", self.change_effects, methods=["GET", "POST"])

    def update_request_handlers(self, handlers: aws.CompositeHandler) -> None:
        handlers.append(self.disturb)

    def change_rules(self, request: http.Request) -> Any:
        """POST replaces all rules, PATCH adds some, DELETE takes some out; the answer is the rules now in force."""
        if request.method != "GET":
            try:
                given = Rule.parse_list(request.get_json(force=True, silent=True))
            except RuleError as error:
                return http.Response(f"{error}\n", 400)
            if request.method == "DELETE":
                self._rules = tuple(rule for rule in self._rules if rule not in given)
            else:
                self._rules = given if request.method == "POST" else self._rules + given
        return [rule.document() for rule in self._rules]

    def change_effects(self, request: http.Request) -> Any:
        """``{"latency": 200}``: every AWS call takes 200 milliseconds longer."""
        if request.method == "POST":
            latency = (request.get_json(force=True, silent=True) or {}).get("latency")
            if not isinstance(latency, int) or latency < 0:
                return http.Response('"latency" has to be a number of milliseconds, such as {"latency": 200}\n', 400)
            self._latency_milliseconds = latency
        return {"latency": self._latency_milliseconds}

    def disturb(self, chain: aws.HandlerChain, context: aws.RequestContext, response: http.Response) -> None:
        """Runs before an AWS call is answered. The error raised here is written in the protocol of the call."""
        called = context.service_operation
        if called is None:
            return
        time.sleep(self._latency_milliseconds / 1000)
        for rule in self._rules:
            if rule.fits(called.service, called.operation, context.region) and random.random() < rule.probability:
                raise aws.CommonServiceException(rule.code, f"{rule.code}: injected by chaos", rule.status_code)
