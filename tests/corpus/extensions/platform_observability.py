"""platform-observability: patches the inside of upstream's services, as they were in 2024."""

from __future__ import annotations

from corpus.published import LACKS_A_SERVICE, Published, Tier, nothing_to_check

PUBLISHED = Published(
    "localstack-extension-platform-observability",
    "localstack-extension-platform-observability",
    Tier.INTERNALS,
    nothing_to_check,
    refusal=LACKS_A_SERVICE,
)
