"""Settings that extensions read, and set, under this path. What they assign counts from then on.

Nothing else of ``localstack.pro`` is here: extensions that probe for other modules of it find none.
"""

from __future__ import annotations

from localstack.host import shared

__all__ = ["NEPTUNE_USE_SSL", "SMTP_HOST"]

SMTP_HOST: str = shared.settings().smtp_host
"""``host:port`` or ``host`` of the server that gets the mails of SES; ``""`` for none."""

NEPTUNE_USE_SSL = False
"""Neptune has no server here, so none that speaks TLS."""
