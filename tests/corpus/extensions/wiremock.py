"""wiremock: mocks of APIs, by WireMock in a container; in its development mode by a WireMock of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from corpus.no_engine import without_engine
from corpus.published import NotRun, Published, Tier
from corpus.visit import Visit
from databases import NotAvailable
from platforms import Home
from wiremock_server import wiremock

PORT = 8080
STUB = {
    "request": {"method": "POST", "urlPathPattern": "/orders/[0-9]+", "bodyPatterns": [{"matchesJsonPath": "$.item"}]},
    "response": {"status": 202, "body": "{{jsonPath request.body '$.item'}} of order {{request.path.[1]}}"},
}


def prepare(home: Home) -> Mapping[str, str]:
    return {**without_engine(home), "LOCALSTACK_WIREMOCK_DEV_MODE": "1"}


@contextmanager
def backend(home: Home) -> Iterator[None]:
    try:
        with wiremock(PORT):
            yield
    except NotAvailable as reason:
        raise NotRun(str(reason)) from None


def check(visit: Visit) -> None:
    assert visit.get("/__admin/health", "wiremock").json()["status"] == "healthy"
    assert visit.request("POST", "/__admin/mappings", "wiremock", json=STUB).status_code == 201
    answer = visit.request("POST", "/orders/7", "wiremock", json={"item": "a lean-to"})
    assert (answer.status_code, answer.text) == (202, "a lean-to of order 7")
    assert visit.request("POST", "/orders/seven", "wiremock", json={"item": "a lean-to"}).status_code == 404
    counted = visit.request("POST", "/__admin/requests/count", "wiremock", json={"urlPath": "/orders/7"})
    assert counted.json()["count"] == 1


PUBLISHED = Published(
    "localstack-wiremock", "localstack-wiremock", Tier.CONTAINERS, check, prepare, ports=(PORT,), backend=backend
)
