"""terraform-local: the provider settings that ``tflocal`` writes lead here, and Terraform itself works with them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import hcl2
import pytest

from platforms import Platform
from terraform_program import NoTerraform, terraform, terraform_settings

PROJECT = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
  backend "s3" {
    bucket         = "terraform-state"
    key            = "here.tfstate"
    region         = "us-east-1"
    use_path_style = true
  }
}

resource "aws_s3_bucket" "site" {
  bucket = "made-by-terraform"
}

resource "aws_s3_object" "page" {
  bucket  = aws_s3_bucket.site.id
  key     = "a b/index.html"
  content = "<h1>hello</h1>"
}

resource "aws_sns_topic" "news" {
  name = "made-by-terraform"
}

resource "aws_ssm_parameter" "topic" {
  name  = "/made/by/terraform"
  type  = "String"
  value = aws_sns_topic.news.arn
}
"""
OTHER_NAMES = {
    "appautoscaling": "applicationautoscaling",
    "configservice": "config",
    "deploy": "codedeploy",
    "docdb": "rds",  # the same API
    "elasticsearch": "es",
    "sfn": "stepfunctions",
}
"""Terraform's names of services that have another one here; hyphens count for nothing."""
NOT_EMULATED = {
    *("amplify", "appflow", "cloudcontrol", "cloudsearch", "codeconnections", "elastictranscoder", "iotanalytics"),
    *("iotevents", "keyspaces", "kinesisanalytics", "mediaconvert", "mwaa", "qldb", "serverlessrepo"),
    *("verifiedpermissions", "waf"),
}


def tflocal(project: Path, environ: dict[str, str], *arguments: str) -> None:
    command = ["tflocal", *arguments]
    run = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=250, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(PROJECT)
    return tmp_path


@pytest.fixture
def environ(platform: Platform, tools: dict[str, str]) -> dict[str, str]:
    return {**tools, "AWS_ENDPOINT_URL": f"http://localhost:{platform.port}", "S3_HOSTNAME": "localhost"}


def test_the_providers_endpoints_lead_here(platform: Platform, project: Path, environ: dict[str, str]) -> None:
    tflocal(project, environ | {"DRY_RUN": "1"}, "apply")
    with (project / "localstack_providers_override.tf").open() as file:
        (provider,) = hcl2.load(file)["provider"]
    endpoints = provider['"aws"']["endpoints"][0]
    urls = {service: urlsplit(url.strip('"')) for service, url in endpoints.items() if isinstance(url, str)}
    for url in urls.values():
        assert url.port == platform.port
        assert (url.hostname or "").endswith(("localhost", "localhost.localstack.cloud"))
    known = {name.replace("-", "") for name in platform.get("/_localstack/health").json()["services"]}
    assert {service for service in urls if OTHER_NAMES.get(service, service) not in known} == NOT_EMULATED


def test_terraform_itself_makes_what_a_project_says_and_takes_it_away(
    platform: Platform, project: Path, environ: dict[str, str]
) -> None:
    try:
        terraform()
        environ |= terraform_settings(project)
    except NoTerraform as reason:
        pytest.skip(f"NOT RUN: {reason}")
    tflocal(project, environ, "init")
    tflocal(project, environ, "apply", "-auto-approve")
    s3 = platform.client("s3")
    assert s3.get_object(Bucket="made-by-terraform", Key="a b/index.html")["Body"].read() == b"<h1>hello</h1>"
    parameter = platform.client("ssm").get_parameter(Name="/made/by/terraform")["Parameter"]["Value"]
    assert parameter in [topic["TopicArn"] for topic in platform.client("sns").list_topics()["Topics"]]
    state = s3.get_object(Bucket="terraform-state", Key="here.tfstate")["Body"].read()
    assert b"made-by-terraform" in state
    tflocal(project, environ, "plan", "-detailed-exitcode")  # what was made reads as it was said: nothing to change
    tflocal(project, environ, "destroy", "-auto-approve")
    assert "made-by-terraform" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    parameters = platform.client("ssm").describe_parameters()["Parameters"]
    assert "/made/by/terraform" not in [each["Name"] for each in parameters]
