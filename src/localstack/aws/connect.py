"""AWS clients for extensions: ``connect_to().s3.list_buckets()`` reaches the emulation in this process.

``connect_to`` makes internal clients. What they send goes through the gateway's chain like any other call, so handlers
see it, but over no network; it is answered from an extension's first hook to its last, whether the port is open or not.
In other processes an internal client connects to the platform's port, and counts as somebody outside.

``connect_externally_to`` makes clients as somebody outside has them: over the network, with the credentials and the
region of the environment.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, wraps
from threading import RLock
from types import MethodType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from localstack import config as platform_config
from localstack.constants import (
    AWS_REGION_US_EAST_1,
    INTERNAL_AWS_ACCESS_KEY_ID,
    INTERNAL_AWS_SECRET_ACCESS_KEY,
)
from localstack.host import shared

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.config import Config

__all__ = [
    "ClientFactory",
    "ExternalClientFactory",
    "InternalClientFactory",
    "MetadataRequestInjector",
    "ServiceLevelClientFactory",
    "connect_externally_to",
    "connect_to",
]

_metadata: ContextVar[Mapping[str, str] | None] = ContextVar("metadata of an internal AWS call", default=None)


@dataclass(frozen=True)
class _Terms:
    """With what a client is made; ``config`` counts by identity."""

    region_name: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str | None
    endpoint_url: str | None
    config: Config | None


class MetadataRequestInjector:
    """A boto3 client; ``request_metadata`` gives the same client for calls that carry metadata."""

    def __init__(self, client: Any, metadata: Mapping[str, str] | None = None) -> None:
        self._client = client
        self._call_metadata = metadata

    def request_metadata(
        self, source_arn: str | None = None, service_principal: str | None = None
    ) -> MetadataRequestInjector:
        """The client for calls made on behalf of a service; handlers see it in ``context.internal_request_params``.

        :param source_arn: resource that causes the call
        :param service_principal: service that makes it, e.g. ``"sqs"``
        """
        given = {"source_arn": source_arn, "service_principal": service_principal}
        return MetadataRequestInjector(self._client, {name: value for name, value in given.items() if value})

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if self._call_metadata is None or not isinstance(attribute, MethodType):
            return attribute
        return _with_metadata(attribute, self._call_metadata)


def _with_metadata(method: Callable[..., Any], metadata: Mapping[str, str]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = _metadata.set(metadata)
        try:
            return method(*args, **kwargs)
        finally:
            _metadata.reset(token)

    return call


class ServiceLevelClientFactory:
    """Clients of one region and account, by service: ``.s3``, ``.lambda_``, ``.cognito_idp``."""

    def __init__(self, factory: ClientFactory, terms: Mapping[str, Any]) -> None:
        self._factory = factory
        self._terms = terms

    def get_client(self, service: str) -> MetadataRequestInjector:
        """The client of a service by boto3's name, e.g. ``"cognito-idp"``.

        :raises botocore.exceptions.UnknownServiceError: when boto3 has no such service
        """
        return self._factory.get_client(service, **self._terms)

    def __getattr__(self, service: str) -> MetadataRequestInjector:
        from botocore.exceptions import UnknownServiceError

        if service.startswith("_"):
            raise AttributeError(service)
        try:
            return self.get_client(service.rstrip("_").replace("_", "-"))
        except UnknownServiceError as error:
            raise AttributeError(str(error)) from None


@dataclass(eq=False)
class ClientFactory(ABC):
    """Makes boto3 clients, each once; they may be used by many threads. The user's AWS profile has no say in them."""

    _clients: dict[tuple[str, _Terms], MetadataRequestInjector] = field(default_factory=dict, init=False)
    _lock: RLock = field(default_factory=RLock, init=False)

    def __call__(
        self,
        *,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> ServiceLevelClientFactory:
        """Clients for a region and an account.

        :param aws_access_key_id: names the account: 12 digits are its number
        :param endpoint_url: where else to send calls, e.g. to another platform; always over the network
        :param config: boto3's configuration, on top of the factory's own
        """
        terms = {
            "region_name": region_name,
            "aws_access_key_id": aws_access_key_id,
            "aws_secret_access_key": aws_secret_access_key,
            "aws_session_token": aws_session_token,
            "endpoint_url": endpoint_url,
            "config": config,
        }
        return ServiceLevelClientFactory(self, terms)

    def with_assumed_role(
        self,
        *,
        role_arn: str,
        service_principal: str | None = None,
        session_name: str | None = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> ServiceLevelClientFactory:
        """Clients that act in a role; STS is asked for its credentials right here, and they are not renewed.

        :param role_arn: e.g. ``"arn:aws:iam::123456789012:role/worker"``; the calls are in that account
        :param service_principal: service that assumes the role, e.g. ``"lambda"``; handlers see it with the STS call
        :param session_name: by default one that is made up
        :param region_name: for STS as for the clients; the rest as for the factory itself
        :raises botocore.exceptions.ClientError: when STS refuses
        """
        terms: dict[str, Any] = {"region_name": region_name, "endpoint_url": endpoint_url, "config": config}
        sts = self(**terms).sts.request_metadata(service_principal=service_principal)
        session = session_name or f"session-{uuid4().hex[:8]}"
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName=session)["Credentials"]
        of_role = copy(self)
        of_role._clients = {}  # nobody will ask for clients with these credentials again
        return of_role(
            **terms,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def get_client(
        self,
        service_name: str,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
    ) -> MetadataRequestInjector:
        """The client of a service; parameters as for the factory itself.

        :raises botocore.exceptions.UnknownServiceError: when boto3 has no such service
        """
        default_key, default_secret, default_region = self._defaults()
        terms = _Terms(
            region_name or default_region,
            aws_access_key_id or default_key,
            aws_secret_access_key or default_secret,
            aws_session_token,
            endpoint_url,
            config,
        )
        key = service_name, terms
        with self._lock:  # boto3 sessions are not for many threads
            if key not in self._clients:
                self._clients[key] = MetadataRequestInjector(
                    self._get_client_post_hook(self._make(service_name, terms))
                )
            return self._clients[key]

    @abstractmethod
    def _defaults(self) -> tuple[str, str, str]:
        """Access key, secret key and region where none are given."""

    def _configuration(self) -> Config:
        from botocore.config import Config

        return Config()

    def _get_client_post_hook(self, client: Any) -> Any:
        """Called with each new client; returns the one to use. Extensions replace this method to watch clients."""
        return client

    def _make(self, service_name: str, terms: _Terms) -> Any:
        return self._session.client(
            service_name,
            region_name=terms.region_name,
            aws_access_key_id=terms.aws_access_key_id,
            aws_secret_access_key=terms.aws_secret_access_key,
            aws_session_token=terms.aws_session_token,
            endpoint_url=terms.endpoint_url or platform_config.internal_service_url(),
            config=self._configuration().merge(terms.config) if terms.config else self._configuration(),
            verify=None if terms.endpoint_url else False,  # the platform's certificate is its own
        )

    @cached_property
    def _session(self) -> Session:
        import boto3
        import botocore.session

        nothing = dict.fromkeys(("profile", "config_file", "credentials_file"), (None, None, None, None))
        return boto3.Session(botocore_session=botocore.session.Session(session_vars=nothing))


class InternalClientFactory(ClientFactory):
    """Clients that reach the emulation in this process; by default in account ``000000000000`` and ``us-east-1``."""

    def _defaults(self) -> tuple[str, str, str]:
        return INTERNAL_AWS_ACCESS_KEY_ID, INTERNAL_AWS_SECRET_ACCESS_KEY, AWS_REGION_US_EAST_1

    def _configuration(self) -> Config:
        from botocore.config import Config

        return Config(retries={"max_attempts": 0})  # nothing gets lost on the way: an error is an answer

    def _make(self, service_name: str, terms: _Terms) -> Any:
        client = super()._make(service_name, terms)
        if terms.endpoint_url is None:
            client.meta.events.register("before-call.*.*", _mark_as_internal)
            client.meta.events.register("before-send.*.*", _send_in_process)
        return client


class ExternalClientFactory(ClientFactory):
    """Clients over the network, with the environment's ``AWS_…`` variables, else ``test`` and ``us-east-1``."""

    def _defaults(self) -> tuple[str, str, str]:
        environ = os.environ
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or AWS_REGION_US_EAST_1
        return environ.get("AWS_ACCESS_KEY_ID") or "test", environ.get("AWS_SECRET_ACCESS_KEY") or "test", region


def _mark_as_internal(params: dict[str, Any], **_: Any) -> None:
    params["headers"]["x-localstack-data"] = json.dumps(dict(_metadata.get() or {}))


def _send_in_process(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    """The answer to a signed request; None lets botocore send it over the network."""
    send = shared.internal_transport()
    return send(request) if send is not None else None


connect_to = InternalClientFactory()
"""Internal clients: ``connect_to(region_name="eu-west-1", aws_access_key_id="123456789012").sqs.list_queues()``."""

connect_externally_to = ExternalClientFactory()
"""Clients as somebody outside has them."""
