"""Another name of ``localstack.pro.core.cli.aws``."""

from localstack.pro.core.cli.aws import aws

__all__ = ["aws"]
