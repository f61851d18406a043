"""The models of AWS services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.host import shared

if TYPE_CHECKING:
    from botocore.model import ServiceModel

__all__ = ["load_service"]


def load_service(service: str) -> ServiceModel:
    """botocore's model of a service, e.g. ``load_service("sqs").operation_model("CreateQueue")``; loaded once.

    :raises botocore.exceptions.UnknownServiceError: when there is no service of that name
    """
    return shared.service_model(service)
