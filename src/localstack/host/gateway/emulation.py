"""What the gateway needs of an AWS emulation."""

from __future__ import annotations

from typing import Protocol

from rolo import Request, Response

from localstack.aws.api import RequestContext


class Emulation(Protocol):
    """Answers AWS requests. Making one and asking ``claims`` and ``service_states`` must be cheap."""

    def claims(self, request: Request) -> bool:
        """True for a request that is meant for AWS."""

    def recognise(self, context: RequestContext) -> None:
        """Fill in service, operation, protocol, region, account and parameters.

        :raises ServiceException: for a service or an operation that does not exist
        """

    def call(self, context: RequestContext, response: Response) -> None:
        """Let the service answer into ``response``."""

    def serialise_exception(self, context: RequestContext, exception: Exception, response: Response) -> None:
        """Write ``exception`` as an error of the service's protocol."""

    def read_answer(self, context: RequestContext, response: Response) -> None:
        """Offer the answer as ``service_response`` or ``service_exception``."""

    def write_answer(self, context: RequestContext, response: Response) -> None:
        """Send what handlers made of ``service_response`` or ``service_exception``, if they did."""

    def service_states(self) -> dict[str, str]:
        """State by service name, e.g. ``{"s3": "available"}``."""
