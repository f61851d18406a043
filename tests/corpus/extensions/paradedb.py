"""paradedb: a PostgreSQL in a container, on the gateway's port; in its development mode one of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from corpus.no_engine import without_engine
from corpus.published import NotRun, Published, Tier
from corpus.visit import Visit
from databases import NotAvailable, postgres, psql
from platforms import Home

PORT = 5432


def prepare(home: Home) -> Mapping[str, str]:
    return {**without_engine(home), "PARADEDB_DEV_MODE": "1"}


@contextmanager
def backend(home: Home) -> Iterator[None]:
    try:
        with postgres(PORT):
            yield
    except NotAvailable as reason:
        raise NotRun(str(reason)) from None


def check(visit: Visit) -> None:
    gateway = visit.platform.port
    visit.note("SQL over TCP")
    psql(gateway, "create table t(x int); insert into t select generate_series(1, 10)")
    assert psql(PORT, "select sum(x) from t") == psql(gateway, "select sum(x) from t") == "55"
    visit.client("s3").create_bucket(Bucket="beside-it")


PUBLISHED = Published(
    "localstack-paradedb", "paradedb", Tier.CONTAINERS, check, prepare, ports=(PORT,), backend=backend
)
