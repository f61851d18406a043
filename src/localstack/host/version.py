"""The two versions that the platform reports."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

LOCALSTACK_VERSION = "4.14.0"
"""The LocalStack version that extensions and tools are told: the last open one, which every published requirement
(``localstack>=4.0``, ``localstack-core>=4.2.0,<5.0.0``) accepts."""


@cache  # the health page tells it, and metadata is read and parsed anew every time
def leanto_version() -> str:
    """Version of the installed ``leanto`` distribution; ``"0+source"`` in a tree that is not installed."""
    try:
        return version("leanto")
    except PackageNotFoundError:
        return "0+source"
