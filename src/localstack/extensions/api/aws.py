"""The AWS side of the gateway: request context, handler chain, exceptions."""

from localstack.aws.api import (
    CommonServiceException,
    RequestContext,
    ServiceException,
    ServiceRequest,
    ServiceResponse,
)
from localstack.aws.chain import (
    CompositeExceptionHandler,
    CompositeFinalizer,
    CompositeHandler,
    CompositeResponseHandler,
    ExceptionHandler,
    HandlerChain,
)
from localstack.aws.chain import Handler as RequestHandler
from localstack.aws.chain import Handler as ResponseHandler

__all__ = [
    "CommonServiceException",
    "CompositeExceptionHandler",
    "CompositeFinalizer",
    "CompositeHandler",
    "CompositeResponseHandler",
    "ExceptionHandler",
    "HandlerChain",
    "RequestContext",
    "RequestHandler",
    "ResponseHandler",
    "ServiceException",
    "ServiceRequest",
    "ServiceResponse",
]
