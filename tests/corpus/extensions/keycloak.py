"""keycloak: Keycloak in a container, made known to IAM; in its development mode by a server of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from corpus.no_engine import without_engine
from corpus.published import Published, Tier
from corpus.stand_in import running
from corpus.visit import Visit
from platforms import Home


def prepare(home: Home) -> Mapping[str, str]:
    return {**without_engine(home), "KEYCLOAK_DEV_MODE": "1"}


def check(visit: Visit) -> None:
    iam = visit.client("iam")
    visit.until(lambda: bool(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]), "IAM knows it")
    made = visit.get_until(200, "/realms/localstack", "keycloak").json()["made"]
    assert "/admin/realms" in made
    assert "/admin/realms/localstack/clients" in made


PUBLISHED = Published(
    "localstack-keycloak",
    "keycloak",
    Tier.CONTAINERS,
    check,
    prepare,
    ports=(4566, 8080, 9000),
    backend=partial(running, "keycloak.py", (8080, 9000)),
)
