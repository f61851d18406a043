"""The table of services says what the installed botocore and moto say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from aws_server import AwsServer
from localstack.host.emulation.catalogue import Catalogue

GENERATOR = Path(__file__).parents[2] / "tools" / "generate_services.py"


def test_the_table_is_up_to_date() -> None:
    answer = subprocess.run([sys.executable, str(GENERATOR), "--check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"run python tools/generate_services.py: {answer.stderr}"


def test_every_service_of_moto_is_listed_as_available(aws: AwsServer) -> None:
    states = aws.emulation.service_states()
    assert len(states) > 150
    assert {"s3", "sqs", "sns", "dynamodb", "sts", "iam", "ssm", "secretsmanager", "lambda", "ec2"} <= states.keys()
    assert set(states.values()) <= {"available", "running"}


def test_a_service_is_running_once_it_was_called(aws: AwsServer) -> None:
    aws.client("sts").get_caller_identity()
    assert aws.emulation.service_states()["sts"] == "running"


def test_each_host_prefix_belongs_to_the_service_that_moto_has() -> None:
    endpoints = Catalogue.load().endpoints
    assert endpoints["lambda"].name == "lambda"
    assert endpoints["rds"].name == "rds"
    assert endpoints["api.ecr"].name == "ecr"
