"""What extensions added can be taken away again, whatever way it was added."""

from __future__ import annotations

from typing import Any

import pytest
from rolo import Request, Router, route
from rolo.routing import handler_dispatcher
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from localstack.host.extension.guard import Guard
from localstack.host.extension.ownership import ContributionKind, Ledger, OwnedList, acting
from localstack.host.extension.registry import Registry
from localstack.host.extension.routes import OwnedRouter


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def router(ledger: Ledger) -> OwnedRouter:
    return OwnedRouter(handler_dispatcher(), ledger, Guard(Registry()), ContributionKind.ROUTE)


def ask(router: Router[Any], path: str, method: str = "GET", host: str = "localhost:4566") -> str:
    return str(router.dispatch(Request(method, path, headers={"Host": host}, raw_path=path)).get_data(as_text=True))


def test_a_list_is_changed_in_every_way_and_each_owner_s_items_go_at_once(ledger: Ledger) -> None:
    items: OwnedList[Any] = OwnedList(ledger, ContributionKind.REQUEST_HANDLER, ["host"])
    with acting("a"):
        items.append("a1")
        items.insert(0, "a2")
        items += ["a3"]
        items.extend(["a4"])
        items[len(items) :] = ["a5"]
    with acting("b"):
        items.append("b1")
        items.remove("a4")
    assert [c.description for c in ledger.of("a")] == ["a2", "a1", "a3", "a5"]
    ledger.withdraw("a")
    assert items == ["host", "b1"]
    assert ledger.of("a") == ()
    ledger.withdraw("b")
    assert items == ["host"]


def test_routes_of_one_extension_are_withdrawn_and_those_of_others_stay(ledger: Ledger, router: OwnedRouter) -> None:
    class Api:
        @route("/api/<name>", methods=["POST"])  # type: ignore[untyped-decorator]  # rolo is not typed
        def create(self, request: Request, name: str) -> str:
            return f"created {name}"

    with acting("a"):
        router.add("/same", lambda request: "a", methods=["GET"])
        router.add(Api())
    with acting("b"):
        router.add("/same", lambda request: "b", methods=["POST"])
    assert ask(router, "/same") == "a"
    assert ask(router, "/api/x", "POST") == "created x"
    assert [c.description for c in ledger.of("a")] == ["GET /same", "POST /api/<name>"]
    ledger.withdraw("a")
    assert ask(router, "/same", "POST") == "b"
    with pytest.raises(NotFound):
        ask(router, "/api/x", "POST")


def test_removing_a_route_takes_only_that_one(router: OwnedRouter) -> None:
    get = router.add("/same", lambda request: "get", methods=["GET"])
    router.add("/same", lambda request: "post", methods=["POST"])
    router.remove(get)
    assert ask(router, "/same", "POST") == "post"
    with pytest.raises(KeyError, match="no such rule"):
        router.remove(get)


def test_a_rule_of_werkzeug_can_be_added_as_it_is(router: OwnedRouter) -> None:
    router.add_rule(Rule("/plain", endpoint=lambda request: "plain"))
    assert ask(router, "/plain") == "plain"
    assert [rule.rule for rule in router.url_map.iter_rules()] == ["/plain"]


def test_a_malformed_rule_is_refused_and_leaves_the_router_as_it_was(router: OwnedRouter) -> None:
    router.add("/good", lambda request: "good")
    with pytest.raises(LookupError):
        router.add("/bad/<unknown:x>", lambda request, x: x)
    assert ask(router, "/good") == "good"


def test_a_route_answers_the_very_next_request_after_it_was_added(router: OwnedRouter) -> None:
    for number in range(300):
        router.add(f"/r{number}", lambda request, number=number: str(number))
        if number % 50 == 0:
            assert ask(router, f"/r{number}") == str(number)
    assert ask(router, "/r299") == "299"


def test_converters_that_an_extension_registers_survive_later_additions(router: OwnedRouter) -> None:
    from werkzeug.routing import BaseConverter

    class Upper(BaseConverter):
        regex = "[A-Z]+"

    router.url_map.converters["upper"] = Upper
    router.add("/<upper:word>", lambda request, word: f"upper {word}")
    router.add("/other", lambda request: "other")
    assert ask(router, "/ABC") == "upper ABC"


def test_hosts_are_matched_with_and_without_port(router: OwnedRouter) -> None:
    router.add("/", lambda request, **kwargs: "stripe", host="stripe.localhost.localstack.cloud<port:port>")
    assert ask(router, "/", host="stripe.localhost.localstack.cloud:4566") == "stripe"
    assert ask(router, "/", host="stripe.localhost.localstack.cloud") == "stripe"


def test_what_a_thread_of_an_extension_adds_later_is_its_own(ledger: Ledger, router: OwnedRouter) -> None:
    ledger.owners_of_modules["late_extension"] = "late"
    namespace: dict[str, Any] = {"__name__": "late_extension.tasks"}
    exec("def endpoint(request):\n    return 'late'\ndef add(router):\n    router.add('/late', endpoint)\n", namespace)
    namespace["add"](router)
    assert [c.description for c in ledger.of("late")] == ["/late"]
