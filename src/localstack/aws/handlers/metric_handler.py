"""Which AWS operations were called, with what and to what effect: kept in memory, for extensions that collect it.

Nothing is noted unless this module was imported in the platform's process and ``config.is_collect_metrics_mode()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from localstack import config
from localstack.host import shared

if TYPE_CHECKING:
    from rolo import Response
    from rolo.gateway import HandlerChain

    from localstack.aws.api import RequestContext

__all__ = ["Metric", "MetricHandler"]


@dataclass
class Metric:
    """One call of an operation.

    :ivar parameters: names of those that were sent, ``"QueueName,Attributes"``
    :ivar response_code: HTTP status
    :ivar response_data: body of the answer as text, ``""`` for one that is no text or was streamed
    :ivar exception: code of the error, e.g. ``"NoSuchBucket"``; ``""`` when there was none
    :ivar origin: ``"internal"`` for calls of the platform's own clients, else ``"external"``
    :ivar node_id: the test that made the call; this and what follows is for who runs tests to fill in
    :ivar xfail: whether it is expected to fail
    :ivar aws_validated: whether it passes with AWS itself
    :ivar snapshot: whether it compares answers with recorded ones
    :ivar snapshot_skipped_paths: parts of the answers that it does not compare

    Iterating gives the values in the order of ``RAW_DATA_HEADER``, a row for ``csv.writer``.
    """

    RAW_DATA_HEADER: ClassVar[list[str]]

    service: str
    operation: str
    headers: dict[str, str]
    parameters: str
    response_code: int
    response_data: str
    exception: str
    origin: str
    node_id: str = ""
    xfail: bool = False
    aws_validated: bool = False
    snapshot: bool = False
    snapshot_skipped_paths: str = ""

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self.RAW_DATA_HEADER)


Metric.RAW_DATA_HEADER = [field.name for field in fields(Metric)]


class MetricHandler:
    """Holds the calls in the order in which they were answered; clear the list to begin anew."""

    metric_data: ClassVar[list[Metric]] = []


def _note_call(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    if context.service_operation is None or not config.is_collect_metrics_mode():
        return
    service, operation = context.service_operation
    sent = (name for name, value in (context.service_request or {}).items() if value is not None)
    error = context.service_exception if response.status_code >= 400 else None
    MetricHandler.metric_data.append(
        Metric(
            service=service,
            operation=operation,
            headers=dict(context.request.headers),
            parameters=",".join(sent),
            response_code=response.status_code,
            response_data=_text(response),
            exception=error.code if error is not None else "",
            origin="internal" if context.is_internal_call else "external",
        )
    )


def _text(response: Response) -> str:
    if not response.is_sequence:
        return ""
    try:
        text: str = response.get_data().decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text


shared.add_response_handler(_note_call)
