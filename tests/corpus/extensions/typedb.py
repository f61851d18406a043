"""typedb: TypeDB in a container, HTTP and gRPC on the gateway's port; in its development mode one's own server."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import grpc

from corpus.no_engine import without_engine
from corpus.published import Published, Tier
from corpus.stand_in import running
from corpus.visit import Visit
from platforms import Home

METHOD = "/typedb.protocol.TypeDB/connection_open"


def prepare(home: Home) -> Mapping[str, str]:
    return {**without_engine(home), "TYPEDB_DEV_MODE": "1"}


def check(visit: Visit) -> None:
    assert visit.get("/v1/version", "typedb").json() == {"distribution": "TypeDB"}
    with grpc.insecure_channel(f"127.0.0.1:{visit.platform.port}") as channel:
        visit.note(f"gRPC {METHOD}")
        assert channel.unary_unary(METHOD)(b"hello", timeout=30) == b"opened: hello"
    visit.client("s3").create_bucket(Bucket="beside-it")


PUBLISHED = Published(
    "localstack-extension-typedb",
    "typedb",
    Tier.CONTAINERS,
    check,
    prepare,
    ports=(8000, 1729),
    backend=partial(running, "typedb.py", (8000, 1729)),
)
