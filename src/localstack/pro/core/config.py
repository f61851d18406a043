"""Settings that extensions read, and set, under this path. What they assign counts from then on.

Of ``localstack.pro`` there is only what extensions need that work here; other modules of it are not found.
"""

from __future__ import annotations

from localstack.host import shared

__all__ = ["NEPTUNE_USE_SSL", "SMTP_HOST", "is_api_key_configured", "is_auth_token_configured"]

SMTP_HOST: str = shared.settings().smtp_host
"""``host:port`` or ``host`` of the server that gets the mails of SES; ``""`` for none."""

NEPTUNE_USE_SSL = False
"""Neptune has no server here, so none that speaks TLS."""


def is_auth_token_configured() -> bool:
    """True: extensions ask before they do what takes a token elsewhere, and here nothing does."""
    return True


def is_api_key_configured() -> bool:
    """Former name of ``is_auth_token_configured``."""
    return is_auth_token_configured()
