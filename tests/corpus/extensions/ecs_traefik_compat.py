"""ecs-traefik-compat: mends ECS of the closed product; without that it loads and does nothing."""

from __future__ import annotations

from corpus.published import Published, Tier, nothing_to_check

PUBLISHED = Published(
    "localstack-extension-ecs-traefik-compat",
    "localstack-extension-ecs-traefik-compat",
    Tier.INTERNALS,
    nothing_to_check,
)
