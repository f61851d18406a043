"""With the test kit: the platform runs in the process of the tests, and each test loads the extension for itself."""

from __future__ import annotations

from leanto_hello.extension import HelloExtension
from localstack.aws.connect import ServiceLevelClientFactory
from localstack.testing.pytest import ExtensionClient, FailAt, LoadExtension


def test_it_greets(load_extension: LoadExtension, extension_client: ExtensionClient) -> None:
    load_extension(HelloExtension)
    assert extension_client.get("/hello/J%C3%B6rg").json() == {"message": "Hello, Jörg!"}


def test_it_counts_and_signs_aws_calls(
    load_extension: LoadExtension, extension_client: ExtensionClient, aws_client: ServiceLevelClientFactory
) -> None:
    load_extension(HelloExtension)
    answer = aws_client.sqs.create_queue(QueueName="queue")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-hello"] == "you called sqs.CreateQueue"
    calls = extension_client.get("/", host="hello.localhost.localstack.cloud")
    assert calls.json() == {"calls": {"sqs.CreateQueue": 1}}


def test_it_serves_although_its_last_hook_fails(
    load_extension: LoadExtension, fail_at: FailAt, extension_client: ExtensionClient
) -> None:
    fail_at("on_platform_ready")
    load_extension(HelloExtension)
    assert extension_client.get("/hello/you").status_code == 200
