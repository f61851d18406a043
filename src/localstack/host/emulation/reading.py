"""Reading a request of which the service is known, outside of the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localstack.host.emulation.hosts import Hosts
from localstack.host.emulation.parser import parse
from localstack.host.emulation.recognition import recognise_as
from localstack.host.emulation.wire import Wire
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from rolo import Request


def read_request(service: str, request: Request, settings: Settings) -> tuple[OperationModel, dict[str, Any]]:
    """The operation and its parameters; the request stays as it is, and readable.

    :param service: botocore's name, e.g. ``"sqs"``
    :raises CommonServiceException: 400, when the service has no such operation or the parameters can't be read
    """
    wire = Wire(request)
    recognised = recognise_as(service, wire, Hosts(settings).read(wire.host))
    return recognised.operation.model, parse(recognised.operation, recognised.protocol, wire)
