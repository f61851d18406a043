"""An extension that tells what its handlers see of AWS calls, and boto3 clients that tell what they had of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.serialize import create_serializer

from platforms import Home, Platform, platforms_of

EXTENSION = """
import pickle
from io import BytesIO
from localstack.aws.api import CommonServiceException
from localstack.extensions.api import Extension
from localstack.http import Response

calls = []

def see_request(chain, context, response):
    if context.operation is None:
        return
    values = context.service_request.items()
    calls.append({
        "service": context.service.service_name,
        "operation": context.operation.name,
        "protocol": context.protocol,
        "region": context.region,
        "account": context.account_id,
        "parameters": {name: value.read() if isinstance(value, BytesIO) else value for name, value in values},
    })
    if "X-Refused" in context.request.headers:
        raise CommonServiceException("Refused", "by the probe", 418)

def see_answer(chain, context, response):
    if context.operation is not None and context.service_exception is None:
        calls[-1]["answer"] = context.service_response

class TheExtension(Extension):
    name = "probe"
    def update_gateway_routes(self, router):
        router.add("/probe/next", lambda request: Response(pickle.dumps(calls.pop() if calls else None)))
    def update_request_handlers(self, handlers):
        handlers.append(see_request)
    def update_response_handlers(self, handlers):
        handlers.append(see_answer)
"""

REGION, ACCOUNT = "eu-west-1", "123456789012"


@contextmanager
def probed_platform(folder: Path) -> Iterator[Platform]:
    """A platform with the probe in it."""
    home = Home(folder)
    home.write_extension("probe", EXTENSION)
    with platforms_of(home) as start:
        yield start()


@dataclass(frozen=True)
class Call:
    """One call as boto3 had it: parameters as it wrote them, after its own changes to them; the answer as it read it.

    :ivar seen: what the probe tells of the same call
    """

    parameters: dict[str, Any]
    answer: dict[str, Any]
    seen: dict[str, Any]


class Caller:
    """Calls operations of one service, and asks the probe after each."""

    def __init__(
        self, platform: Platform, service: str, *, protocol: str | None = None, is_refused: bool = False
    ) -> None:
        """
        :param protocol: one that the service speaks besides the one that boto3 prefers
        :param is_refused: whether the probe answers with an error, so that the service has no part in the call
        """
        self._probe = f"{platform.url}/probe/next"
        self._session = requests.Session()
        self._is_refused = is_refused
        self._parameters: dict[str, Any] = {}
        self._answer: dict[str, Any] = {}
        config = Config(retries={"max_attempts": 0}, inject_host_prefix=False, s3={"addressing_style": "path"})
        self.client = platform.client(service, config=config, region_name=REGION, aws_access_key_id=ACCOUNT)
        model = self.client.meta.service_model
        if protocol is not None:
            vars(model)["resolved_protocol"] = protocol
            self.client._serializer = create_serializer(protocol)
        self.protocol: str = model.resolved_protocol
        events = self.client.meta.events
        events.register_last("before-parameter-build", self._note_parameters)
        events.register("response-received", self._note_answer)
        if is_refused:
            events.register("before-call", lambda params, **_: params["headers"].update({"X-Refused": "please"}))

    def call(self, operation: str, parameters: dict[str, Any]) -> Call:
        """Call an operation, e.g. ``"ListQueues"``.

        :raises ClientError: when somebody else than the probe refuses it
        """
        try:
            received = getattr(self.client, xform_name(operation))(**parameters)
            if operation == "GetBucketLocation":  # boto3 reads this answer in a way of its own
                self._answer = {"LocationConstraint": received["LocationConstraint"]}
        except ClientError as error:
            if not self._is_refused or error.response["ResponseMetadata"]["HTTPStatusCode"] != 418:
                raise
        seen = pickle.loads(self._session.get(self._probe, timeout=30).content)
        return Call(self._parameters, self._answer, seen)

    def _note_parameters(self, params: dict[str, Any], **_: Any) -> None:
        self._parameters = {name: _content(value) for name, value in params.items()}

    def _note_answer(self, parsed_response: dict[str, Any] | None, **_: Any) -> None:
        values = {name: value for name, value in (parsed_response or {}).items() if name != "ResponseMetadata"}
        is_stream = any(hasattr(value, "read") for value in values.values())
        self._answer = {} if is_stream else copy.deepcopy(values)


def _content(value: Any) -> Any:
    return value.getvalue() if isinstance(value, BytesIO) else value
