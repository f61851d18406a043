"""Origins whose pages may call the gateway from a browser."""

from localstack.host import shared

ALLOWED_CORS_ORIGINS: list[str] = shared.extensions().cors_origins
"""Origins such as ``"https://hello.localhost.localstack.cloud:4566"``. Read at each request: append to it in place."""

__all__ = ["ALLOWED_CORS_ORIGINS"]
