"""What boto3 sends is recognised as what it is: every tenth operation of the services that share a name with others.

``LEANTO_SOAK=1`` sends all 20,000 operations of all services, which takes a minute.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import MissingDependencyException
from botocore.model import Shape
from botocore.tokens import FrozenAuthToken

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.host.emulation.catalogue import Catalogue, Service
from localstack.host.emulation.emulation import Emulation
from localstack.host.gateway.in_process import request_of
from localstack.host.settings import Settings

IS_COMPLETE = os.environ.get("LEANTO_SOAK") == "1"
SENT_COMPLETELY = ("s3", "sso", "sso-oidc", "signin", "sts", "cognito-identity", "cognito-idp", "timestream-write")
"""Services with requests that are not signed, or that look like others."""
SAME_REQUEST = {
    "docdb": "rds",
    "neptune": "rds",
    "greengrassv2": "greengrass",
    "lambda-microvms": "lambda",
    "pinpoint-sms-voice": "sms-voice",
    "qconnect": "wisdom",
}
"""Services, some or all of whose operations are those of another one to everybody who sees the request."""
DEPRECATED = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}
"""Operations of S3 that have a successor with the same request."""
VALID = {
    "Bucket": "bucket",
    "KvsARN": "arn:aws:cloudfront::123456789012:key-value-store/s",
    "PredictEndpoint": "http://127.0.0.1:4566",
}
"""In place of what botocore refuses, whatever the model says."""


class Sent(Exception):
    """Raised with the request that a client was about to send."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request


@pytest.fixture(scope="module")
def emulation() -> Emulation:
    return Emulation(Settings.load({"HOME": "/nowhere", "CONFIG_DIR": "/nowhere"}))


@pytest.fixture(scope="module")
def session() -> Any:
    session = botocore.session.Session()
    session.get_auth_token = lambda **_: FrozenAuthToken("token")
    return session


def test_what_clients_send_is_recognised(emulation: Emulation, session: Any) -> None:
    wrong, right = {}, 0
    for service, entry in _services().items():
        for operation, request in _requests(session, service):
            expected = SAME_REQUEST.get(service, service), DEPRECATED.get(operation, operation)
            found = _recognised(emulation, request)
            if found not in {expected, (service, operation)}:  # services that share a name may have hosts of their own
                request.headers["Host"] = f"{entry.endpoint}.us-east-1.amazonaws.com"
                found = _recognised(emulation, request)
            if found in {expected, (service, operation)}:
                right += 1
            else:
                wrong[service, operation] = f"{found} for {request.method} {request.url}"
    assert not wrong
    assert right > (19_000 if IS_COMPLETE else 600)


def test_without_a_signature_the_path_names_the_service(emulation: Emulation, session: Any) -> None:
    """With the SDKs' own credentials from a single sign-on, nothing else does."""
    for service in ("sso", "sso-oidc", "signin", "codecatalyst"):
        sent = list(_requests(session, service))
        assert {found for _, request in sent if (found := _recognised(emulation, request))} == {
            (service, operation) for operation, _ in sent
        }


def test_a_query_that_a_client_sends_as_a_form_is_read(emulation: Emulation) -> None:
    terms = {"region_name": "us-east-1", "aws_access_key_id": "123456789012", "aws_secret_access_key": "x"}
    client = botocore.session.Session().create_client(
        "cloudsearchdomain", endpoint_url="https://search.localhost:4566", **terms
    )
    client.meta.events.register_first("before-send", _stop)
    with pytest.raises(Sent) as sent:
        client.search(query="green & blue", size=3)
    context = RequestContext(request_of(sent.value.request))
    emulation.recognise(context)
    assert context.service_operation == ("cloudsearchdomain", "Search")
    assert context.service_request == {"query": "green & blue", "size": 3}


def _services() -> dict[str, Service]:
    services = Catalogue.load().services
    sharing = Counter(entry.signing for entry in services.values())
    return {
        name: entry
        for name, entry in services.items()
        if IS_COMPLETE or name in SENT_COMPLETELY or sharing[entry.signing] > 1
    }


def _requests(session: Any, service: str) -> Iterator[tuple[str, AWSPreparedRequest]]:
    """The operations of a service, each with its request as a client with a signature would send it."""
    config = Config(
        inject_host_prefix=False,
        parameter_validation=False,
        retries={"max_attempts": 0},
        s3={"addressing_style": "path"},
    )
    terms = {"region_name": "us-east-1", "aws_access_key_id": "123456789012", "aws_secret_access_key": "x"}
    client = session.create_client(service, endpoint_url="https://127.0.0.1:4566", config=config, **terms)
    client.meta.events.register_first("before-send", _stop)
    model = client.meta.service_model
    step = 1 if IS_COMPLETE or service in SENT_COMPLETELY else 10
    for name in model.operation_names[::step]:
        shape = model.operation_model(name).input_shape
        try:
            client._make_api_call(name, _least(shape) if shape is not None else {})
        except Sent as sent:
            yield name, sent.request
        except MissingDependencyException:  # signatures for several regions at once need a package of AWS
            continue


def _stop(request: AWSPreparedRequest, **_: Any) -> None:
    raise Sent(request)


def _recognised(emulation: Emulation, prepared: AWSPreparedRequest) -> tuple[str, str] | None:
    """Service and operation; None for what is refused, or not taken for a request to AWS."""
    request = request_of(prepared)
    context = RequestContext(request)
    if not emulation.claims(request):
        return None
    try:
        emulation.recognise(context)
    except CommonServiceException:
        return None
    return context.service_operation


def _least(shape: Shape, outside: tuple[str, ...] = ()) -> Any:
    """The smallest value that fits a shape."""
    if shape.name in outside:  # a model may hold itself
        return {} if shape.type_name in ("structure", "map") else []
    inside = (*outside, shape.name)
    match shape.type_name:
        case "structure":
            names = list(shape.members)[:1] if shape.is_tagged_union else shape.required_members
            return {name: VALID.get(name) or _least(shape.members[name], inside) for name in names}
        case "list":
            return [_least(shape.member, inside)]
        case "map":
            return {"key": _least(shape.value, inside)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(3, int(shape.metadata.get("min", 0)))
        case "blob":
            return b"x"
        case "timestamp":
            return 1_700_000_000
        case "boolean":
            return True
        case _:
            return max(1, int(shape.metadata.get("min", 1)))
