"""What the ``Host`` of a request says of the service, the region and the S3 bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from localstack.host.emulation.catalogue import Catalogue
from localstack.host.settings import LOCALHOST_HOSTNAME, Settings

_AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d+"
_REGION_ONLY = re.compile(_REGION)
_S3 = re.compile(rf"(?:(?P<bucket>.+)\.)?s3(?P<website>-website)?(?:[.-]dualstack)?(?:[.-](?P<region>{_REGION}))?")
_DATA_PLANE = re.compile(rf".+\.(?P<endpoint>execute-api|lambda-url)(?:\.(?P<region>{_REGION}))?")


@dataclass(frozen=True)
class AwsHost:
    """A host name of AWS, read.

    :ivar endpoint: e.g. ``"sqs"``; ``""`` for a host below ``amazonaws.com`` that the table does not have
    :ivar bucket: the bucket of ``BUCKET.s3.localhost.localstack.cloud``
    """

    endpoint: str
    region: str | None = None
    bucket: str | None = None


class Hosts:
    """Reads host names: those of AWS, and the same names below the domains under which we are reached."""

    def __init__(self, settings: Settings) -> None:
        self._endpoints = Catalogue.load().endpoints
        own = dict.fromkeys((LOCALHOST_HOSTNAME, settings.localstack_host.host.lower(), "localhost"))
        self._domains = (*_AWS_DOMAINS, *own)
        self._read = lru_cache(maxsize=1024)(self._read_anew)  # a client sends the same host with every request

    def read(self, host: str) -> AwsHost | None:
        """Read ``sqs.eu-west-1.localhost.localstack.cloud:4566``; None when it is no name of an AWS service."""
        return self._read(host)

    def _read_anew(self, host: str) -> AwsHost | None:
        name = re.sub(r":\d*$", "", host.lower())
        domain = next((domain for domain in self._domains if name.endswith("." + domain)), None)
        if domain is None:
            return None
        return self._read_labels(name.removesuffix("." + domain), is_aws=domain in _AWS_DOMAINS)

    def _read_labels(self, labels: str, is_aws: bool) -> AwsHost | None:
        if match := _S3.fullmatch(labels):
            return AwsHost("s3-website" if match["website"] else "s3", match["region"], match["bucket"])
        if match := _DATA_PLANE.fullmatch(labels):
            return AwsHost(match["endpoint"], match["region"])
        if labels in self._endpoints:
            return AwsHost(labels)
        endpoint, _, region = labels.rpartition(".")
        if endpoint in self._endpoints and _REGION_ONLY.fullmatch(region):
            return AwsHost(endpoint, region)
        return AwsHost("", region if _REGION_ONLY.fullmatch(region) else None) if is_aws else None
