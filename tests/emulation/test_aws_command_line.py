"""The ``aws`` command line (version 1, from PyPI) against the core services: a person's session, command by command."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platforms import Home, Platform

SHELL = """
import shlex, sys
from awscli.clidriver import create_clidriver
for line in sys.stdin:
    code = create_clidriver().main(shlex.split(line))
    print(f"--- {code}", flush=True)
"""
"""Runs a command of each line in one process: the program takes a second to start."""

ROLE = "arn:aws:iam::000000000000:role/worker"
SESSION: list[tuple[str, Callable[[Any], object] | None]] = [
    ("sts get-caller-identity", lambda answer: answer["Account"] == "000000000000"),
    ("sqs create-queue --queue-name q --attributes DelaySeconds=0", lambda answer: answer["QueueUrl"].endswith("/q")),
    ("sqs send-message --queue-url {url}/000000000000/q --message-body 'a < b'", lambda answer: answer["MessageId"]),
    (
        "sqs receive-message --queue-url {url}/000000000000/q",
        lambda answer: answer["Messages"][0]["Body"] == "a < b",
    ),
    ("sns create-topic --name t", lambda answer: answer["TopicArn"] == "arn:aws:sns:eu-west-1:000000000000:t"),
    (
        "sns publish --topic-arn arn:aws:sns:eu-west-1:000000000000:t --message hello",
        lambda answer: answer["MessageId"],
    ),
    (
        "dynamodb create-table --table-name t --billing-mode PAY_PER_REQUEST"
        " --attribute-definitions AttributeName=id,AttributeType=S --key-schema AttributeName=id,KeyType=HASH",
        lambda answer: answer["TableDescription"]["TableName"] == "t",
    ),
    ("""dynamodb put-item --table-name t --item '{{"id": {{"S": "1"}}}}'""", lambda answer: answer is None),
    ("dynamodb scan --table-name t", lambda answer: answer["Items"] == [{"id": {"S": "1"}}]),
    (
        "iam create-role --role-name worker --assume-role-policy-document '{{}}'",
        lambda answer: answer["Role"]["Arn"] == ROLE,
    ),
    ("kms create-key", lambda answer: answer["KeyMetadata"]["Enabled"]),
    ("secretsmanager create-secret --name s --secret-string hidden", lambda answer: answer["Name"] == "s"),
    ("secretsmanager get-secret-value --secret-id s", lambda answer: answer["SecretString"] == "hidden"),
    (
        "lambda create-function --function-name f --runtime python3.12 --handler app.handler"
        f" --role {ROLE} --zip-file fileb://{{folder}}/code.zip",
        lambda answer: answer["FunctionArn"] == "arn:aws:lambda:eu-west-1:000000000000:function:f",
    ),
    ("lambda list-functions --query Functions[].FunctionName", lambda answer: answer == ["f"]),
    ("events put-rule --name r --schedule-expression 'rate(1 day)'", lambda answer: answer["RuleArn"].endswith("/r")),
    ("logs create-log-group --log-group-name g", lambda answer: answer is None),
    ("logs describe-log-groups --query logGroups[].logGroupName", lambda answer: answer == ["g"]),
    ("ec2 describe-vpcs --query 'length(Vpcs)'", lambda answer: answer == 1),
    (
        "cloudwatch put-metric-data --namespace n --metric-name m --value 1 --timestamp 2026-01-02T03:04:05Z",
        lambda answer: answer is None,
    ),
    ("cloudwatch list-metrics --namespace n --query Metrics[].MetricName", lambda answer: answer == ["m"]),
    (
        "route53 create-hosted-zone --name example.org --caller-reference c",
        lambda answer: answer["HostedZone"]["Name"] == "example.org.",
    ),
    ("s3api create-bucket --bucket bkt --create-bucket-configuration LocationConstraint=eu-west-1", None),
    ("s3 cp {folder}/code.zip s3://bkt/code.zip", None),
    ("s3api head-object --bucket bkt --key code.zip --query ContentType", lambda answer: answer == "application/zip"),
]


def test_a_session_with_the_core_services(start: Callable[..., Platform], home: Home, tmp_path: Path) -> None:
    platform = start()
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    commands = [command.format(url=platform.url, folder=tmp_path) for command, _ in SESSION]
    printed = run(home, [f"--endpoint-url {platform.url} --output json {command}" for command in commands])
    for command, (code, text), (_, fits) in zip(commands, printed, SESSION, strict=True):
        assert code == "0", command
        if fits is not None:
            assert fits(json.loads(text) if text.strip() else None), (command, text)


def run(home: Home, commands: list[str]) -> list[tuple[str, str]]:
    """Exit code and output of each command."""
    environ = home.environ(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-west-1")
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        input="\n".join(commands),
        env=environ,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    *parts, rest = done.stdout.split("--- ")
    assert len(parts) == len(commands), done.stderr
    codes = [part.partition("\n")[0] for part in [*parts[1:], rest]]
    outputs = [parts[0], *(part.partition("\n")[2] for part in parts[1:])]
    return list(zip(codes, outputs, strict=True))
