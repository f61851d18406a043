"""aws-cdk-local: ``cdklocal`` sets up an account and deploys an app, with an asset of its own, as cdk does at AWS."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from platforms import Platform

RESOLVE = """
const dns = require("dns");
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => lookup(name.endsWith("localhost.localstack.cloud") ? "127.0.0.1" : name, ...rest);
"""
"""What public DNS says of the host that ``cdklocal`` uses; it may be out of reach."""

STACK = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "made-by-cdk"}},
        "Where": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/made/by/cdk", "Type": "String", "Value": {"Fn::GetAtt": ["Jobs", "Arn"]}},
        },
    }
}
ROLE = "arn:${AWS::Partition}:iam::000000000000:role/cdk-hnb659fds-%s-role-000000000000-us-east-1"
BUCKET = "cdk-hnb659fds-assets-000000000000-us-east-1"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``cdklocal`` and ``cdk``, from npm."""
    if shutil.which("npm") is None:
        pytest.skip("NOT RUN: there is no npm")
    folder = tmp_path_factory.mktemp("npm")
    options = ["--no-audit", "--no-fund", "--no-save", "--fetch-retries=0", "--prefix", str(folder)]
    command = ["npm", "install", *options, "aws-cdk-local", "aws-cdk"]
    run = subprocess.run(command, capture_output=True, timeout=250, check=False)
    if run.returncode != 0:
        pytest.skip("NOT RUN: npm can't install aws-cdk")
    return folder / "node_modules" / ".bin"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """What an app of the CDK writes for ``cdk deploy``: a stack, its template as an asset, and another asset."""
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (folder / "Stack.template.json").write_text(json.dumps(STACK))
    (folder / "page.html").write_text("<h1>hello</h1>")
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in folder.iterdir()}
    assets = {key: asset(key, name) for key, name in files.items()}
    (folder / "Stack.assets.json").write_text(json.dumps({"version": "36.0.0", "files": assets, "dockerImages": {}}))
    version = {
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
    }
    template = next(key for key, name in files.items() if name == "Stack.template.json")
    stack = {
        "stackName": "Stack",
        "templateFile": "Stack.template.json",
        "stackTemplateAssetObjectUrl": f"s3://{BUCKET}/{template}",
        "assumeRoleArn": ROLE % "deploy",
        "cloudFormationExecutionRoleArn": ROLE % "cfn-exec",
    }
    artifacts = {
        "Stack.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Stack.assets.json"} | version},
        "Stack": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://000000000000/us-east-1",
            "dependencies": ["Stack.assets"],
            "properties": stack | version,
        },
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
    return folder


def asset(key: str, name: str) -> dict[str, object]:
    place = {"bucketName": BUCKET, "objectKey": key, "region": "us-east-1", "assumeRoleArn": ROLE % "file-publishing"}
    return {
        "displayName": name,
        "source": {"path": name, "packaging": "file"},
        "destinations": {"here": place},
    }


@pytest.mark.index
def test_an_account_is_set_up_and_an_app_deployed(
    platform: Platform, tools: dict[str, str], programs: Path, app: Path, tmp_path: Path
) -> None:
    (tmp_path / "resolve.js").write_text(RESOLVE)
    environ = {
        **tools,
        "PATH": os.pathsep.join([str(programs), tools["PATH"]]),
        "EDGE_PORT": str(platform.port),
        "NODE_OPTIONS": f"--require {tmp_path / 'resolve.js'}",
        "CDK_DISABLE_CLI_TELEMETRY": "1",
    }
    for command in (
        ["bootstrap", "aws://000000000000/us-east-1"],
        ["deploy", "--app", str(app), "--require-approval", "never"],
    ):
        run = subprocess.run(
            ["cdklocal", *command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
    url = platform.client("sqs").get_queue_url(QueueName="made-by-cdk")["QueueUrl"]
    arn = platform.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    assert platform.client("ssm").get_parameter(Name="/made/by/cdk")["Parameter"]["Value"] == arn
    key = hashlib.sha256((app / "page.html").read_bytes()).hexdigest()
    assert platform.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"<h1>hello</h1>"
