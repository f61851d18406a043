"""event-studio: traces events by patching the inside of upstream's own services, which are moto's here."""

from __future__ import annotations

from corpus.published import LACKS_A_SERVICE, Published, Tier, nothing_to_check

PUBLISHED = Published(
    "localstack-extension-event-studio",
    "eventstudio",
    Tier.INTERNALS,
    nothing_to_check,
    refusal=LACKS_A_SERVICE,
)
