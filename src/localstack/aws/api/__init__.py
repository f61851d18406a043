"""Types of the AWS side: the request context and service exceptions."""

from .core import (
    CommonServiceException,
    RequestContext,
    ServiceException,
    ServiceOperation,
    ServiceRequest,
    ServiceResponse,
    handler,
)

__all__ = [
    "CommonServiceException",
    "RequestContext",
    "ServiceException",
    "ServiceOperation",
    "ServiceRequest",
    "ServiceResponse",
    "handler",
]
