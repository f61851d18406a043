"""tailscale: joins a network of Tailscale by a container beside LocalStack's own; it says that it needs one."""

from __future__ import annotations

from corpus.no_engine import check_all_else, without_engine
from corpus.published import Published, Tier

PUBLISHED = Published(
    "localstack-extension-tailscale",
    "localstack-extension-tailscale",
    Tier.CONTAINERS,
    check_all_else,
    without_engine,
    complaint="not running as a docker container",
)
