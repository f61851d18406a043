"""The handler lists of the gateway's chain. The hooks get these very objects; extensions may also import them."""

from localstack.host import shared

preprocess_request = shared.extensions().preprocess_request
"""Request handlers that see every request first, before CORS, routes and AWS."""

serve_custom_service_request_handlers = shared.extensions().request_handlers
"""Request handlers that see AWS requests after they were parsed (hook ``update_request_handlers``)."""

run_custom_response_handlers = shared.extensions().response_handlers
"""Response handlers (hook ``update_response_handlers``)."""

serve_custom_exception_handlers = shared.extensions().exception_handlers
"""Exception handlers (hook ``update_exception_handlers``)."""

run_custom_finalizers = shared.extensions().finalizers
"""Finalizers (hook ``update_finalizers``)."""

__all__ = [
    "preprocess_request",
    "run_custom_finalizers",
    "run_custom_response_handlers",
    "serve_custom_exception_handlers",
    "serve_custom_service_request_handlers",
]
