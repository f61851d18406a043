"""Reading AWS requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localstack.host import shared

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel
    from rolo import Request

__all__ = ["RequestParser", "create_parser"]


@dataclass(frozen=True)
class RequestParser:
    """Reads the requests of one service, in whichever of its protocols they are."""

    service: ServiceModel

    def parse(self, request: Request) -> tuple[OperationModel, dict[str, Any]]:
        """The operation that a request asks for, and its parameters in the API's own member names.

        Required members that were not sent are ``None``.

        :raises CommonServiceException: 400, when the service has no such operation or the parameters can't be read
        """
        return shared.parse_aws_request(self.service.service_name, request)


def create_parser(service: ServiceModel) -> RequestParser:
    """A parser of requests for the service; signatures and host names that speak of another one do not count."""
    return RequestParser(service)
