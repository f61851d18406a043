"""Names of the environment variables in which LocalStack takes credentials."""

__all__ = ["ENV_LOCALSTACK_API_KEY", "ENV_LOCALSTACK_AUTH_TOKEN"]

ENV_LOCALSTACK_API_KEY = "LOCALSTACK_API_KEY"
ENV_LOCALSTACK_AUTH_TOKEN = "LOCALSTACK_AUTH_TOKEN"
