"""Resources that extensions add beside the platform's own."""

from __future__ import annotations

from collections.abc import Callable

from platforms import Home, Platform

EXTENSION = """
from localstack.extensions.api import Extension
from localstack.http import Resource, Response, route
from localstack.services.internal import get_internal_apis

class Page:
    @route("/", host="pages.localhost.localstack.cloud<port:port>")
    def root(self, request, **kwargs):
        return Response("the page")

class TheExtension(Extension):
    name = "resourceful"
    def update_gateway_routes(self, router):
        get_internal_apis().add("/_localstack/inside", lambda request: Response("inside"), methods=["GET"])
        get_internal_apis().add("/outside", lambda request: Response("outside"), methods=["GET"])
        get_internal_apis().add(Page())
"""


def test_they_may_be_at_any_path_and_host(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension("resourceful", EXTENSION)
    platform = start()
    assert platform.get("/_localstack/inside").text == "inside"
    assert platform.get("/outside").text == "outside"
    assert platform.get("/", "pages.localhost.localstack.cloud").text == "the page"
    assert platform.get("/elsewhere").status_code == 404
    assert platform.get("/").json()["extensions"] == ["resourceful"]
    assert platform.client("s3").create_bucket(Bucket="bucket")["Location"] == "/bucket"
