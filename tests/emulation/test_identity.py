"""Accounts and regions, read from the credentials."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from aws_server import AwsServer
from localstack.host.emulation.identity import account_of, partition_of, with_region
from localstack.host.settings import Settings


def test_accounts_do_not_see_each_other(aws: AwsServer) -> None:
    one, other = (aws.client("sqs", account=number) for number in ("111111111111", "222222222222"))
    assert one.create_queue(QueueName="q")["QueueUrl"] == f"{aws.url}/111111111111/q"
    assert "QueueUrls" not in other.list_queues()
    assert aws.client("sts", account="111111111111").get_caller_identity()["Account"] == "111111111111"


def test_regions_do_not_see_each_other(aws: AwsServer) -> None:
    sns = {region: aws.client("sns", region_name=region) for region in ("eu-west-1", "ap-southeast-2")}
    arn = sns["eu-west-1"].create_topic(Name="t")["TopicArn"]
    assert arn == "arn:aws:sns:eu-west-1:000000000000:t"
    assert sns["ap-southeast-2"].list_topics()["Topics"] == []


def test_a_region_that_aws_does_not_have_becomes_us_east_1_with_one_warning(
    aws: AwsServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "localstack"):
        for _ in range(2):
            arn = aws.client("sns", region_name="mars-north-1").create_topic(Name="t")["TopicArn"]
    assert arn == "arn:aws:sns:us-east-1:000000000000:t"
    assert [record.args for record in caplog.records] == [("mars-north-1", "us-east-1")]


def test_any_region_is_kept_apart_when_that_is_allowed(
    start_aws: Callable[..., AwsServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_ALLOW_NONEXISTENT_REGION", "false")  # what the server sets is undone after the test
    aws = start_aws(ALLOW_NONSTANDARD_REGIONS="1")
    arn = aws.client("sqs", region_name="mars-north-1").create_queue(QueueName="q")
    assert arn["QueueUrl"]
    assert "QueueUrls" not in aws.client("sqs").list_queues()


def test_the_host_gives_the_region_of_an_unsigned_request(aws: AwsServer) -> None:
    aws.client("sqs", region_name="eu-west-1").create_queue(QueueName="q")
    headers = {"Host": f"sqs.eu-west-1.localhost.localstack.cloud:{aws.port}"}
    answer = requests.get(f"{aws.url}/?Action=ListQueues", headers=headers, timeout=10)
    assert f"http://sqs.eu-west-1.localhost.localstack.cloud:{aws.port}/000000000000/q" in answer.text


def test_a_region_in_the_user_agent_does_not_count(aws: AwsServer) -> None:
    from botocore.config import Config

    sns = aws.client("sns", region_name="eu-west-1", config=Config(user_agent_extra="region/us-west-2"))
    assert sns.create_topic(Name="t")["TopicArn"].split(":")[3] == "eu-west-1"


def test_a_key_that_a_service_issued_gives_the_account_that_issued_it(aws: AwsServer) -> None:
    role = "arn:aws:iam::222222222222:role/r"
    assumed = aws.client("sts", account="111111111111").assume_role(RoleArn=role, RoleSessionName="session")[
        "Credentials"
    ]
    iam = aws.client("iam", account="111111111111")
    iam.create_user(UserName="u")
    created = iam.create_access_key(UserName="u")["AccessKey"]
    callers = [aws.client("sts", account=key["AccessKeyId"]).get_caller_identity() for key in (assumed, created)]
    assert [caller["Arn"] for caller in callers] == [
        "arn:aws:sts::222222222222:assumed-role/r/session",
        "arn:aws:iam::111111111111:user/u",
    ]
    iam.delete_access_key(UserName="u", AccessKeyId=created["AccessKeyId"])
    assert aws.client("sts", account=created["AccessKeyId"]).get_caller_identity()["Account"] == "000000000000"


def test_who_signs_in_without_a_signature_is_where_the_pool_is(aws: AwsServer) -> None:
    place = {"region_name": "eu-west-1", "account": "123456789012"}
    users, identities = aws.client("cognito-idp", **place), aws.client("cognito-identity", **place)
    pool = users.create_user_pool(PoolName="p")["UserPool"]["Id"]
    flows = ["USER_PASSWORD_AUTH"]
    made = users.create_user_pool_client(UserPoolId=pool, ClientName="c", ExplicitAuthFlows=flows)["UserPoolClient"]
    identity_pool = identities.create_identity_pool(IdentityPoolName="i", AllowUnauthenticatedIdentities=True)
    seen = []
    aws.request_handlers.append(lambda chain, context, response: seen.append((context.region, context.account_id)))

    users.sign_up(ClientId=made["ClientId"], Username="u", Password="P@ssw0rd")
    users.admin_confirm_sign_up(UserPoolId=pool, Username="u")
    terms = {"USERNAME": "u", "PASSWORD": "P@ssw0rd"}
    signed_in = users.initiate_auth(ClientId=made["ClientId"], AuthFlow=flows[0], AuthParameters=terms)
    users.global_sign_out(AccessToken=signed_in["AuthenticationResult"]["AccessToken"])
    identity = identities.get_id(IdentityPoolId=identity_pool["IdentityPoolId"])["IdentityId"]
    assert identities.get_open_id_token(IdentityId=identity)["IdentityId"] == identity
    assert set(seen) == {("eu-west-1", "123456789012")}
    assert len(seen) == 6


def test_a_pool_that_nobody_has_is_nowhere(aws: AwsServer) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("cognito-idp", region_name="eu-west-1").sign_up(ClientId="none", Username="u", Password="P@ssw0rd")


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-east-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_is_that_of_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        ("test", "000000000000"),
        ("", "000000000000"),
        ("123456789012", "123456789012"),
        ("123456789012-extra", "123456789012"),
        ("12345", "000000000000"),
        ("AKIASP2TPHJSQH3FJRUX", "000000000000"),
        ("LKIA!!!!!!!!!!!!!!!!", "000000000000"),
    ],
)
def test_the_access_key_gives_the_account(access_key: str, account: str) -> None:
    assert account_of(access_key, _settings()) == account


def test_real_keys_give_their_account_when_that_is_asked_for() -> None:
    settings = _settings(PARITY_AWS_ACCESS_KEY_ID="1")
    assert (
        account_of("ASIAQNZGKIQY56JQ7WML", settings) == "029608264753"
    )  # an example that is published with its account


@pytest.mark.parametrize(
    ("credential", "expected"),
    [("k/20260101/eu-west-1/s3", "k/20260101/us-east-1/s3"), ("k/20260101/s3", "k/20260101/us-east-1/s3")],
)
def test_the_scope_is_written_with_the_region_of_the_context(credential: str, expected: str) -> None:
    text = "AWS4-HMAC-SHA256 Credential={}/aws4_request, SignedHeaders=host, Signature=0"
    assert with_region(text.format(credential), "us-east-1") == text.format(expected)


def test_the_profile_of_the_user_has_no_say(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("kms")
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    assert client.list_keys()["Keys"] == []


def _settings(**environ: str) -> Settings:
    nowhere: dict[str, Any] = {"HOME": "/nowhere", "CONFIG_DIR": "/nowhere"}
    return Settings.load(nowhere | environ)
