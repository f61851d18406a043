"""localstack-sdk-python: what its clients call, and what they get where there is nothing to call.

Its clients of the state and of pods are in ``tests/state``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localstack.sdk.api import AwsApi, DefaultApi, LocalstackApi, PodsApi, ReplicatorApi
from localstack.sdk.api_client import ApiClient
from localstack.sdk.aws import AWSClient
from localstack.sdk.chaos import ChaosClient
from localstack.sdk.configuration import Configuration
from localstack.sdk.exceptions import ApiException
from localstack.sdk.models import (
    FaultRule,
    FaultRuleError,
    NetworkEffectsConfig,
    UpdateConfigOptionRequest,
)
from platforms import Platform


@pytest.fixture
def client(platform: Platform) -> Any:
    return ApiClient(Configuration(host=platform.url))


def test_the_platform_tells_about_itself(client: Any) -> None:
    api = LocalstackApi(client)
    features = api.get_features_and_services()
    assert features.services["s3"] in ("available", "running")
    assert api.get_session_info().version == features.version
    assert api.health_with_http_info().status_code == 200
    stages = api.get_init_script_info()
    assert stages.completed.model_dump() == {"boot": True, "start": True, "ready": True, "shutdown": False}
    assert api.get_init_script_info_stage("ready").completed is True
    diagnosis = api.get_diagnostics()
    assert diagnosis.version.localstack_version.build_version == features.version
    assert diagnosis.services["s3"] == features.services["s3"]
    for get in (api.get_plugins_with_http_info, api.get_usage_with_http_info):
        assert json.loads(get().raw_data)


def test_it_is_told_what_to_keep_and_to_change(client: Any) -> None:
    api = LocalstackApi(client)
    assert api.store_data({"features:initScripts": "done"}).status == "OK"
    assert json.loads(api.get_features_and_services_with_http_info().raw_data)["features"] == {"initScripts": "done"}
    changed = api.update_config_option(UpdateConfigOptionRequest(variable="FLAVOUR", value=7))
    assert (changed.variable, changed.value) == ("FLAVOUR", 7)
    assert json.loads(api.get_config_with_http_info().raw_data)["DEBUG"] is True


def test_its_client_of_faults_works_with_the_chaos_example(platform: Platform) -> None:
    chaos = ChaosClient(host=platform.url)
    rule = FaultRule(service="sqs", operation="ListQueues", error=FaultRuleError(status_code=418, code="Teapot"))
    sqs = platform.client("sqs", config=Config(retries={"total_max_attempts": 1}))
    assert [each.service for each in chaos.set_fault_rules([rule])] == ["sqs"]
    with pytest.raises(ClientError, match="Teapot"):
        sqs.list_queues()
    assert len(chaos.add_fault_rules([FaultRule(region="mars-1")])) == 2
    assert [each.region for each in chaos.delete_fault_rules([rule])] == ["mars-1"]
    sqs.list_queues()
    assert chaos.set_fault_rules([]) == chaos.get_fault_rules() == []
    assert chaos.set_network_effects(NetworkEffectsConfig(latency=0)).latency == chaos.get_network_effects().latency


def test_its_client_of_sent_messages_works_with_the_inbox_example(platform: Platform) -> None:
    inbox = AWSClient(host=platform.url)
    ses, sns = platform.client("ses"), platform.client("sns")
    ses.verify_email_identity(EmailAddress="shop@example.com")
    sent = ses.send_email(
        Source="shop@example.com",
        Destination={"ToAddresses": ["jane@example.com"]},
        Message={"Subject": {"Data": "Order"}, "Body": {"Html": {"Data": "<b>Thanks</b>"}}},
    )["MessageId"]
    (mail,) = inbox.get_ses_messages(id_filter=sent)
    assert (mail.subject, mail.body.html_part, mail.destination.to_addresses) == (
        "Order",
        "<b>Thanks</b>",
        ["jane@example.com"],
    )
    inbox.discard_ses_messages(id_filter=sent)
    assert inbox.get_ses_messages(id_filter=sent) == []
    sns.publish(PhoneNumber="+49151000", Message="Your code is 4711")
    (message,) = inbox.get_sns_sms_messages(phone_number="+49151000").sms_messages["+49151000"]
    assert message.message == "Your code is 4711"
    inbox.discard_sns_sms_messages(phone_number="+49151000")
    assert inbox.get_sns_sms_messages().sms_messages == {}
    assert inbox.get_sns_endpoint_messages().platform_endpoint_messages == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda client: AwsApi(client).get_lambda_runtimes(),
        lambda client: AwsApi(client).list_all_sqs_messages("http://localhost:4566/000000000000/jobs"),
        lambda client: DefaultApi(client).localstack_cloudformation_deploy_get(),
        lambda client: PodsApi(client).get_pod_versions("pod"),
        lambda client: PodsApi(client).list_remotes(),
        lambda client: ReplicatorApi(client).list_replication_jobs(),
    ],
    ids=["lambda", "sqs", "cloudformation", "pod versions", "pod remotes", "replicator"],
)
def test_what_there_is_not_is_said(client: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(ApiException) as missing:
        call(client)
    assert missing.value.status in (404, 405)
    assert json.loads(missing.value.body)["message"]
