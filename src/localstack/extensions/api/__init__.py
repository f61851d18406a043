"""The extension API: ``from localstack.extensions.api import Extension, aws, http``."""

from .extension import Extension

__all__ = ["Extension"]
