"""wiremock: mocks of APIs, by WireMock in a container; in its development mode by a server of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from corpus.no_engine import without_engine
from corpus.published import Published, Tier
from corpus.stand_in import running
from corpus.visit import Visit
from platforms import Home

STUB = {"request": {"method": "GET", "urlPath": "/orders"}, "response": {"status": 200, "body": "none yet"}}


def prepare(home: Home) -> Mapping[str, str]:
    return {**without_engine(home), "LOCALSTACK_WIREMOCK_DEV_MODE": "1"}


def check(visit: Visit) -> None:
    assert visit.get("/__admin/health", "wiremock").json() == {"status": "healthy"}
    assert visit.request("POST", "/__admin/mappings", "wiremock", json=STUB).status_code == 201
    assert visit.get("/orders", "wiremock").text == "none yet"


PUBLISHED = Published(
    "localstack-wiremock",
    "localstack-wiremock",
    Tier.CONTAINERS,
    check,
    prepare,
    ports=(8080,),
    backend=partial(running, "wiremock.py", (8080,)),
)
