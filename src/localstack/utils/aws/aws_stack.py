"""Regions, clients and credentials of the platform's AWS, under the path that older extensions know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localstack import config
from localstack.aws.connect import MetadataRequestInjector, connect_externally_to
from localstack.constants import (
    AWS_REGION_US_EAST_1,
    INTERNAL_AWS_ACCESS_KEY_ID,
    INTERNAL_AWS_SECRET_ACCESS_KEY,
)
from localstack.host import shared

if TYPE_CHECKING:
    from boto3.resources.base import ServiceResource

__all__ = [
    "connect_to_resource",
    "create_external_boto_client",
    "get_valid_regions",
    "is_internal_call_context",
]

_SIGNED_BY_PLATFORM = re.compile(rf"Credential={re.escape(INTERNAL_AWS_ACCESS_KEY_ID)}[/,]")


def get_valid_regions() -> set[str]:
    """The regions that the platform has: those of AWS in its standard partition."""
    return set(shared.aws_regions())


def connect_to_resource(service_name: str, region_name: str | None = None) -> ServiceResource:
    """A boto3 *resource* of this platform, over the network, e.g. ``connect_to_resource("s3").Bucket("b")``.

    :param region_name: ``us-east-1`` without one
    :raises boto3.exceptions.ResourceNotExistsError: when boto3 has clients of the service, but no resource
    """
    import boto3

    return boto3.Session().resource(
        service_name,
        region_name=region_name or AWS_REGION_US_EAST_1,
        endpoint_url=config.internal_service_url(),
        aws_access_key_id=INTERNAL_AWS_ACCESS_KEY_ID,
        aws_secret_access_key=INTERNAL_AWS_SECRET_ACCESS_KEY,
        verify=False,  # the platform's certificate is its own
    )


def create_external_boto_client(service_name: str, **terms: Any) -> MetadataRequestInjector:
    """A client of this platform that calls it over the network, as somebody outside does.

    :param terms: those of ``connect_externally_to.get_client``, e.g. ``region_name``
    """
    return connect_externally_to.get_client(service_name, **terms)


def is_internal_call_context(headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers was signed by one of the platform's own clients. Anybody may sign so."""
    return bool(_SIGNED_BY_PLATFORM.search(headers.get("Authorization") or ""))
