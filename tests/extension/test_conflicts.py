"""Two extensions that claim the same requests: the first one has them, and the second one is told."""

from __future__ import annotations

from collections.abc import Callable

from platforms import Home, Platform

EXTENSION = """
from localstack.extensions.api import Extension
from localstack.http import Response
from localstack.services.internal import get_internal_apis

class TheExtension(Extension):
    name = "{name}"

    def update_gateway_routes(self, router):
        router.add("/own/{name}", lambda request: "{name}")
        router.add("/shared/<path:{name}>", lambda request, **_: "{name}")
        router.add("/shared/<path:{name}>", lambda request, **_: "{name} again")
        router.add("/split", lambda request: "{name}", methods=["{method}"])
        router.add("/at/host", lambda request, **_: "{name}", host="{name}.example<port:port>")
        get_internal_apis().add("/_localstack/shared", lambda request: Response("{name}"), methods=["GET"])
"""


def test_the_first_extension_keeps_what_a_second_one_claims(home: Home, start: Callable[..., Platform]) -> None:
    for name, method in (("one", "GET"), ("two", "POST")):
        home.write_extension(name, EXTENSION.format(name=name, method=method))
    platform = start()
    assert platform.get("/shared/x").text == "one"
    assert platform.get("/_localstack/shared").text == "one"
    assert platform.get("/own/two").text == "two"
    assert platform.request("POST", "/split").text == "two"
    assert platform.get("/at/host", host="two.example").text == "two"

    refused = [line.partition("extension two: ")[2] for line in platform.stderr if " is refused: " in line]
    advice = "extension one has it already; uninstall one of them, or go on without this"
    assert refused == [
        f"route /shared/<path:two> is refused: {advice}",
        f"route /shared/<path:two> is refused: {advice}",
        f"internal resource GET /_localstack/shared is refused: {advice}",
    ]
    states = {
        one["name"]: (one["state"], one["last_fault"]) for one in platform.get("/_localstack/extensions/list").json()
    }
    assert states["one"] == ("loaded", None)
    assert states["two"] == (
        "loaded",
        "internal resource GET /_localstack/shared is refused: extension one has it already",
    )
