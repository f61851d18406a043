"""The internal resources under ``/_localstack/``."""

from typing import Any

from localstack.host import shared

__all__ = ["get_internal_apis"]


def get_internal_apis() -> Any:
    """The router of ``/_localstack/…``; ``add`` a ``Resource`` or a path and an endpoint to it."""
    return shared.internal_apis()
