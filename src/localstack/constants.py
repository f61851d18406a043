"""Plain values that extensions and the platform agree on."""

from localstack.host.version import LOCALSTACK_VERSION as VERSION

__all__ = [
    "APPLICATION_JSON",
    "APPLICATION_OCTET_STREAM",
    "AWS_REGION_US_EAST_1",
    "DEFAULT_AWS_ACCOUNT_ID",
    "DEFAULT_PORT_EDGE",
    "DOCKER_IMAGE_NAME_PRO",
    "INTERNAL_AWS_ACCESS_KEY_ID",
    "INTERNAL_AWS_SECRET_ACCESS_KEY",
    "INTERNAL_RESOURCE_PATH",
    "LOCALHOST",
    "LOCALHOST_HOSTNAME",
    "LOCALHOST_IP",
    "VERSION",
]

LOCALHOST = "localhost"
LOCALHOST_IP = "127.0.0.1"
LOCALHOST_HOSTNAME = "localhost.localstack.cloud"
"""Name under which clients reach the gateway; it and every name below it stand for this machine."""

DEFAULT_PORT_EDGE = 4566
INTERNAL_RESOURCE_PATH = "/_localstack"
"""Path under which the platform serves its own resources."""

AWS_REGION_US_EAST_1 = "us-east-1"
DEFAULT_AWS_ACCOUNT_ID = "000000000000"
INTERNAL_AWS_ACCESS_KEY_ID = "__internal_call__"
INTERNAL_AWS_SECRET_ACCESS_KEY = "__internal_call__"

APPLICATION_JSON = "application/json"
APPLICATION_OCTET_STREAM = "application/octet-stream"

DOCKER_IMAGE_NAME_PRO = "localstack/localstack-pro"
