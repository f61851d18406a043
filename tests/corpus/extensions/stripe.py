"""localstripe: a stand-in for the API of Stripe in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from corpus.published import Published, Tier
from corpus.visit import Visit
from platforms import Home

KEY = ("sk_test_12345", "")


def prepare(home: Home) -> Mapping[str, str]:
    """It keeps its state in one file for the whole machine, and one that was killed leaves half of it."""
    Path("/tmp/localstripe.pickle").unlink(missing_ok=True)
    return {}


def check(visit: Visit) -> None:
    created = visit.request("POST", "/stripe/v1/customers", auth=KEY, data={"email": "jane@example.com"})
    assert created.status_code == 200, created.text
    found = visit.get(f"/v1/customers/{created.json()['id']}", "stripe", auth=KEY).json()
    assert found["email"] == "jane@example.com"
    assert visit.get("/v1/customers", "stripe", auth=KEY).json()["data"]
    script = visit.get("/stripe/js.stripe.com/v3/")
    assert script.status_code == 200
    assert "Stripe" in script.text


PUBLISHED = Published("localstack-extension-stripe", "localstripe", Tier.API, check, prepare)
