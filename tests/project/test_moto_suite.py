"""The tool that runs moto's test-suite, on a suite of a few tests: moto's own is too long for here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from platforms import Platform

ROOT = Path(__file__).resolve().parents[2]
SUITE = """
import boto3, pytest, requests
from moto import mock_aws

@mock_aws
def test_is_called_as_account():
    assert boto3.client("sts", "us-east-1").get_caller_identity()["Account"] == "123456789012"

@mock_aws
def test_leaves_a_queue():
    boto3.client("sqs", "us-east-1").create_queue(QueueName="q")

@mock_aws
def test_finds_no_queue():
    assert "QueueUrls" not in boto3.client("sqs", "us-east-1", endpoint_url="http://localhost:5000").list_queues()

def test_fails():
    assert requests.get("http://localhost:5000/_localstack/health").status_code == 404

@mock_aws
def test_is_skipped():
    pytest.skip("it says so")

@mock_aws
def test_calls_no_server():
    pass
"""


def test_what_becomes_of_tests_that_call_the_server_is_written_down(
    start: Callable[..., Platform], tmp_path: Path
) -> None:
    platform = start()
    (tmp_path / "test_suite.py").write_text(SUITE)
    results = tmp_path / "results.json"
    environ = os.environ | {
        "MOTO_SUITE_RESET_PATH": "/_localstack/state/reset",
        "MOTO_SUITE_RESULTS": str(results),
        "PYTHONPATH": str(ROOT / "tools" / "moto_suite"),
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": platform.url,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "plugin", "-p", "no:cacheprovider", "test_suite.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert json.loads(results.read_text()) == {
        "test_suite.py::test_is_called_as_account": "passed",
        "test_suite.py::test_leaves_a_queue": "passed",
        "test_suite.py::test_finds_no_queue": "passed",
        "test_suite.py::test_fails": "failed",
        "test_suite.py::test_is_skipped": "skipped",
    }, run.stdout


def test_a_service_without_tests_is_refused() -> None:
    command = [sys.executable, "-m", "tools.moto_suite", "sts", "fridge"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "no tests are known for fridge; choose from s3, sqs" in run.stderr
