"""Plain values that extensions import: what they are."""

from __future__ import annotations

import pkgutil
from typing import Any

import pytest

from localstack.host.version import LOCALSTACK_VERSION


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("localstack.constants.APPLICATION_AMZ_CBOR_1_1", "application/x-amz-cbor-1.1"),
        ("localstack.constants.APPLICATION_AMZ_JSON_1_0", "application/x-amz-json-1.0"),
        ("localstack.constants.APPLICATION_AMZ_JSON_1_1", "application/x-amz-json-1.1"),
        ("localstack.constants.APPLICATION_CBOR", "application/cbor"),
        ("localstack.constants.APPLICATION_JSON", "application/json"),
        ("localstack.constants.APPLICATION_OCTET_STREAM", "application/octet-stream"),
        ("localstack.constants.APPLICATION_X_WWW_FORM_URLENCODED", "application/x-www-form-urlencoded"),
        ("localstack.constants.APPLICATION_XML", "application/xml"),
        ("localstack.constants.AWS_REGION_US_EAST_1", "us-east-1"),
        ("localstack.constants.DEFAULT_AWS_ACCOUNT_ID", "000000000000"),
        ("localstack.constants.DEFAULT_PORT_EDGE", 4566),
        ("localstack.constants.DOCKER_IMAGE_NAME", "localstack/localstack"),
        ("localstack.constants.DOCKER_IMAGE_NAME_PRO", "localstack/localstack-pro"),
        ("localstack.constants.HEADER_AMZN_ERROR_TYPE", "X-Amzn-Errortype"),
        ("localstack.constants.HEADER_CONTENT_TYPE", "Content-Type"),
        ("localstack.constants.HEADER_LOCALSTACK_IDENTIFIER", "x-localstack"),
        ("localstack.constants.INTERNAL_AWS_ACCESS_KEY_ID", "__internal_call__"),
        ("localstack.constants.INTERNAL_AWS_SECRET_ACCESS_KEY", "__internal_call__"),
        ("localstack.constants.INTERNAL_RESOURCE_PATH", "/_localstack"),
        ("localstack.constants.LOCALHOST", "localhost"),
        ("localstack.constants.LOCALHOST_HOSTNAME", "localhost.localstack.cloud"),
        ("localstack.constants.LOCALHOST_IP", "127.0.0.1"),
        ("localstack.constants.TEXT_XML", "text/xml"),
        ("localstack.constants.VERSION", LOCALSTACK_VERSION),
        ("localstack.extensions.api.extension.Extension.namespace", "localstack.extensions"),
        ("localstack.pro.core.config.NEPTUNE_USE_SSL", False),
        ("localstack.runtime.hooks.HOOKS_ON_INFRA_READY", "localstack.hooks.on_infra_ready"),
        ("localstack.runtime.hooks.HOOKS_ON_INFRA_SHUTDOWN", "localstack.hooks.on_infra_shutdown"),
        ("localstack.runtime.hooks.HOOKS_ON_INFRA_START", "localstack.hooks.on_infra_start"),
        ("localstack.aws.api.dynamodbstreams.TableName", str),
        ("localstack.aws.api.events.AccountId", str),
        ("localstack.aws.api.events.Integer", int),
        ("localstack.utils.container_utils.container_client.SimpleVolumeBind", tuple[str, str]),
    ],
)
def test_a_value_is_the_one_that_is_known(name: str, value: Any) -> None:
    assert pkgutil.resolve_name(name) == value
