"""Headers for requests to LocalStack's own platform: none, as nothing here depends on an account."""

__all__ = ["get_auth_headers", "get_platform_auth_headers"]


def get_platform_auth_headers() -> dict[str, str]:
    """An empty dictionary. Extensions call it to see whether somebody is logged in, which it would deny by raising.

    A token that ``localstack auth set-token`` has stored is never in it.
    """
    return {}


def get_auth_headers() -> dict[str, str]:
    """Former name of ``get_platform_auth_headers``."""
    return get_platform_auth_headers()
