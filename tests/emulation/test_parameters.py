"""Whatever parameters boto3 sends, a handler of an extension sees those.

Each operation is sent a few times with parameters generated from botocore's models; ``LEANTO_EXAMPLES=200`` sends each
more often, with others at each run. Nothing of moto has a part in this: the probe answers with an error of its own.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms import Home, Platform, platforms_of
from shapes import structures

PROBE = """
import pickle
from io import BytesIO
from localstack.aws.api import CommonServiceException
from localstack.extensions.api import Extension
from localstack.http import Response

seen = []

def see(chain, context, response):
    if context.operation is None:
        return
    values = context.service_request.items()
    parameters = {name: value.read() if isinstance(value, BytesIO) else value for name, value in values}
    seen.append((context.service_operation, context.region, context.account_id, parameters))
    raise CommonServiceException("Probed", "seen", 418)

class TheExtension(Extension):
    name = "probe"
    def update_gateway_routes(self, router):
        router.add("/probe/next", lambda request: Response(pickle.dumps(seen.pop() if seen else None)))
    def update_request_handlers(self, handlers):
        handlers.append(see)
"""

EXAMPLES = int(os.environ.get("LEANTO_EXAMPLES", "0"))
OPERATIONS = ("sqs", "dynamodb", "sns", "lambda", "cloudwatch", "route53", "s3", "ec2")
MADE_BY_BOTOCORE = {"ContentMD5", "ContentLength", "PresignedUrl", "DestinationRegion"}
"""What botocore adds when it has already written the parameters; and checksums."""
TOLD_BY_THE_HOST_ONLY = {"ListDirectoryBuckets"}
"""On the wire the same as another operation of the service: AWS has another host for it."""


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = Home(tmp_path_factory.mktemp("probed"))
    home.write_extension("probe", PROBE)
    with platforms_of(home) as start:
        yield start()


@pytest.mark.parametrize("service", OPERATIONS)
def test_parameters_arrive_as_they_were_sent(probed: Platform, service: str) -> None:
    sender = Sender(probed, service)
    failures = {}
    operations = sender.operations()
    assert operations
    for operation in operations:
        shape = operation.input_shape
        strategy = structures(shape) if shape is not None else st.just({})
        often = EXAMPLES or (1 if service == "ec2" else 3)
        try:
            _test_of(sender, operation, strategy, often)
        except AssertionError as error:
            failures[operation.name] = str(error)
    assert not failures


def _test_of(sender: Sender, operation: OperationModel, strategy: st.SearchStrategy[Any], often: int) -> None:
    @settings(
        max_examples=often,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def arrives(parameters: dict[str, Any]) -> None:
        sent, seen = sender.send(operation, parameters)
        payload = operation.input_shape.serialization.get("payload") if operation.input_shape is not None else None
        added = {name: value for name, value in seen.items() if name not in sent}
        unexpected = {
            name: value
            for name, value in added.items()
            # an empty body looks like none
            if name not in MADE_BY_BOTOCORE and not name.startswith("Checksum") and (name != payload or value)
        }
        assert ({name: seen.get(name) for name in sent}, unexpected) == (sent, {})

    arrives()


class Sender:
    """Calls operations of one service and asks the probe what it saw."""

    def __init__(self, platform: Platform, service: str) -> None:
        self._service = service
        self._probe = f"{platform.url}/probe/next"
        self._session = requests.Session()
        config = Config(retries={"max_attempts": 0}, inject_host_prefix=False, s3={"addressing_style": "path"})
        self._client = platform.client(
            service, config=config, region_name="eu-west-1", aws_access_key_id="123456789012"
        )
        self._client.meta.events.register_last("before-parameter-build", self._note)
        self._written: dict[str, Any] = {}

    def operations(self) -> list[OperationModel]:
        """Deprecated operations have a namesake that looks the same on the wire."""
        model = self._client.meta.service_model
        found = (model.operation_model(name) for name in model.operation_names)
        return [op for op in found if not op.deprecated and op.name not in TOLD_BY_THE_HOST_ONLY]

    def send(self, operation: OperationModel, parameters: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What botocore wrote, after it had its own way with the parameters, and what the probe saw."""
        with pytest.raises(ClientError) as answered:
            getattr(self._client, xform_name(operation.name))(**self._sendable(parameters))
        assert answered.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418, answered.value.response
        seen = pickle.loads(self._session.get(self._probe, timeout=30).content)
        assert seen[:3] == ((self._service, operation.name), "eu-west-1", "123456789012")
        return self._written, seen[3]

    def _sendable(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Without what can't be sent as it was drawn: a wrong length, a checksum that needs another package."""
        fixed = {"Bucket": "bucket", "RequestRoute": "route", "ChecksumAlgorithm": "SHA256"}
        if self._service != "s3":
            return parameters
        return {name: fixed.get(name, value) for name, value in parameters.items() if name != "ContentLength"}

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self._written = {name: _read(value) for name, value in params.items()}


def _read(value: Any) -> Any:
    return value.getvalue() if isinstance(value, BytesIO) else value
