"""The handler chain of the gateway: rolo's types under the names that extensions import."""

from rolo.gateway import (
    CompositeExceptionHandler,
    CompositeFinalizer,
    CompositeHandler,
    CompositeResponseHandler,
    ExceptionHandler,
    Handler,
    HandlerChain,
)

__all__ = [
    "CompositeExceptionHandler",
    "CompositeFinalizer",
    "CompositeHandler",
    "CompositeResponseHandler",
    "ExceptionHandler",
    "Handler",
    "HandlerChain",
]
