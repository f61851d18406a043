"""AWS clients with which tests call a running platform, as fixtures of ``pytest`` use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.aws.connect import ClientFactory, ExternalClientFactory, ServiceLevelClientFactory
from localstack.testing.config import (
    TEST_AWS_ACCESS_KEY_ID,
    TEST_AWS_REGION_NAME,
    TEST_AWS_SECRET_ACCESS_KEY,
)

if TYPE_CHECKING:
    from boto3 import Session

__all__ = ["base_aws_client_factory", "base_aws_session", "base_testing_aws_client"]


def base_aws_session() -> Session:
    """A boto3 session with the credentials and the region of ``localstack.testing.config``."""
    import boto3

    return boto3.Session(
        region_name=TEST_AWS_REGION_NAME,
        aws_access_key_id=TEST_AWS_ACCESS_KEY_ID,
        aws_secret_access_key=TEST_AWS_SECRET_ACCESS_KEY,
    )


def base_aws_client_factory(session: Session) -> ClientFactory:
    """Makes clients of the session that call the platform over the network."""
    return _SessionClientFactory(session)


def base_testing_aws_client(client_factory: ClientFactory) -> ServiceLevelClientFactory:
    """The clients of a test, by service: ``base_testing_aws_client(factory).s3.list_buckets()``."""
    return client_factory()


class _SessionClientFactory(ExternalClientFactory):
    """Clients of a given session, with its credentials and its region."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def _defaults(self) -> tuple[str, str, str]:
        credentials = self._session.get_credentials()
        return credentials.access_key, credentials.secret_key, str(self._session.region_name)
