"""Plain values that extensions and the platform agree on."""

from localstack.host.version import LOCALSTACK_VERSION as VERSION
from localstack.testing.config import (
    TEST_AWS_ACCESS_KEY_ID,
    TEST_AWS_ACCOUNT_ID,
    TEST_AWS_REGION_NAME,
    TEST_AWS_SECRET_ACCESS_KEY,
)

__all__ = [
    "APPLICATION_AMZ_CBOR_1_1",
    "APPLICATION_AMZ_JSON_1_0",
    "APPLICATION_AMZ_JSON_1_1",
    "APPLICATION_CBOR",
    "APPLICATION_JSON",
    "APPLICATION_OCTET_STREAM",
    "APPLICATION_XML",
    "APPLICATION_X_WWW_FORM_URLENCODED",
    "AWS_REGION_US_EAST_1",
    "DEFAULT_AWS_ACCOUNT_ID",
    "DEFAULT_PORT_EDGE",
    "DOCKER_IMAGE_NAME",
    "DOCKER_IMAGE_NAME_PRO",
    "FALSE_STRINGS",
    "HEADER_AMZN_ERROR_TYPE",
    "HEADER_CONTENT_TYPE",
    "HEADER_LOCALSTACK_IDENTIFIER",
    "INTERNAL_AWS_ACCESS_KEY_ID",
    "INTERNAL_AWS_SECRET_ACCESS_KEY",
    "INTERNAL_RESOURCE_PATH",
    "LOCALHOST",
    "LOCALHOST_HOSTNAME",
    "LOCALHOST_IP",
    "TEST_AWS_ACCESS_KEY_ID",
    "TEST_AWS_ACCOUNT_ID",
    "TEST_AWS_REGION_NAME",
    "TEST_AWS_SECRET_ACCESS_KEY",
    "TEXT_XML",
    "TRUE_STRINGS",
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

APPLICATION_AMZ_CBOR_1_1 = "application/x-amz-cbor-1.1"
APPLICATION_AMZ_JSON_1_0 = "application/x-amz-json-1.0"
APPLICATION_AMZ_JSON_1_1 = "application/x-amz-json-1.1"
APPLICATION_CBOR = "application/cbor"
APPLICATION_JSON = "application/json"
APPLICATION_OCTET_STREAM = "application/octet-stream"
APPLICATION_XML = "application/xml"
APPLICATION_X_WWW_FORM_URLENCODED = "application/x-www-form-urlencoded"
TEXT_XML = "text/xml"

HEADER_AMZN_ERROR_TYPE = "X-Amzn-Errortype"
HEADER_CONTENT_TYPE = "Content-Type"
HEADER_LOCALSTACK_IDENTIFIER = "x-localstack"
"""Header of every answer of the gateway, unless ``LOCALSTACK_RESPONSE_HEADER_ENABLED=0``."""

TRUE_STRINGS = ("1", "true", "True")
FALSE_STRINGS = ("0", "false", "False")

DOCKER_IMAGE_NAME = "localstack/localstack"
DOCKER_IMAGE_NAME_PRO = "localstack/localstack-pro"
