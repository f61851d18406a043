"""authress: runs the authorization API of Authress in a container; without an engine it says so."""

from __future__ import annotations

from corpus.no_engine import check_all_else, without_engine
from corpus.published import Published, Tier

PUBLISHED = Published(
    "localstack-extension-authress",
    "localstack-extension-authress",
    Tier.CONTAINERS,
    check_all_else,
    without_engine,
    leaves=frozenset({"thread Thread-# (_update_proxy_job)"}),  # it ends when it wakes up, and sleeps longer each time
    complaint=r"localstack-extension-authress has failed: DockerNotAvailable\('no container engine answers",
)
