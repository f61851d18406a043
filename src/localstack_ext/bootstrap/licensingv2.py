"""Former name of ``localstack.pro.core.bootstrap.licensingv2``."""

from localstack.pro.core.bootstrap.licensingv2 import ENV_LOCALSTACK_API_KEY, ENV_LOCALSTACK_AUTH_TOKEN

__all__ = ["ENV_LOCALSTACK_API_KEY", "ENV_LOCALSTACK_AUTH_TOKEN"]
