"""The proxies of aws-proxy and aws-replicator as processes of their own, between this platform and another one.

The other platform stands for AWS. The proxies sign for it and send everything there, by boto3 and its settings.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from uv import find_uv_bin

from corpus.extensions.aws_proxy import other_cloud
from corpus.visit import Visit
from localstack.utils.net import is_port_open
from platforms import Home, Platform, free_port

pytestmark = pytest.mark.index

CONFIGURATION = {
    "services": {
        "s3": {"resources": [".*:in-the-cloud"], "operations": ["Get.*", "List.*"]},
        "sqs": {"resources": [".*"], "read_only": True},
    }
}
BY_ITSELF = """
import json, sys
from localstack.host import loopback_names
loopback_names.install()  # what public DNS says
from aws_proxy.client.auth_proxy import start_aws_auth_proxy
start_aws_auth_proxy(json.loads(sys.argv[1]), port=int(sys.argv[2])).join()
"""
"""aws-proxy has no command for it: its container runs the same function."""


def test_the_command_of_aws_replicator(package_index: None, home: Home, start: Callable[..., Platform]) -> None:
    platform = start_with("localstack-extension-aws-replicator", home, start)
    configuration = home.path / "proxy.yml"
    configuration.write_text(json.dumps(CONFIGURATION))  # any JSON is YAML
    check(["-m", "localstack.host.cli.main", "aws", "proxy", "-c", str(configuration), "-p"], Visit(platform, home))
    replicated = home.run("aws", "replicate", "-s", "sqs")  # given up by its author, and incomplete
    assert "cannot import name 'ExtendedResourceStateReplicator'" in replicated.stderr
    assert "this is a bug of an extension (aws_replicator/" in replicated.stderr


def test_the_server_of_aws_proxy(package_index: None, home: Home, start: Callable[..., Platform]) -> None:
    platform = start_with("localstack-extension-aws-proxy", home, start)
    brought = home.path / "brought"  # what its container installs beside it
    install = [find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(brought)]
    subprocess.run([*install, "quart", "hypercorn", "h11"], env=home.environ(), timeout=250, check=True)
    (installed,) = home.volume.glob("lib/extensions/generations/*/lib/*/site-packages/aws_proxy")
    command = ["-c", BY_ITSELF, json.dumps(CONFIGURATION)]
    check(command, Visit(platform, home), PYTHONPATH=f"{installed.parent}:{brought}")


def start_with(distribution: str, home: Home, start: Callable[..., Platform]) -> Platform:
    installed = home.run("extensions", "install", distribution)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return start()


def check(command: list[str], visit: Visit, **environ: str) -> None:
    """One bucket is read in the cloud and everything else of S3 is here; queues are listed there and made here.

    :param command: of a proxy, without its last argument, the port
    """
    s3, sqs = visit.client("s3"), visit.client("sqs")
    with other_cloud(visit) as cloud, running(command, visit, settings_for(cloud, visit) | environ):
        cloud.client("s3").put_object(Bucket="in-the-cloud", Key="a b/c.txt", Body=b"from afar")
        assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["in-the-cloud"]
        assert s3.get_object(Bucket="in-the-cloud", Key="a b/c.txt")["Body"].read() == b"from afar"
        assert [each["Key"] for each in s3.list_objects_v2(Bucket="in-the-cloud")["Contents"]] == ["a b/c.txt"]
        s3.create_bucket(Bucket="here")
        s3.put_object(Bucket="here", Key="c.txt", Body=b"from here")
        assert s3.get_object(Bucket="here", Key="c.txt")["Body"].read() == b"from here"
        sqs.create_queue(QueueName="made-here")
        assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def settings_for(cloud: Platform, visit: Visit) -> dict[str, str]:
    """What makes boto3 take a platform for AWS, bucket names in host names included."""
    profile = visit.home.path / "aws.ini"
    profile.write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(profile),
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_S3": f"http://s3.localhost.localstack.cloud:{cloud.port}",
        "GATEWAY_LISTEN": f"127.0.0.1:{visit.platform.port}",
        "LOCALSTACK_AUTH_TOKEN": "none",
    }


@contextmanager
def running(command: list[str], visit: Visit, environ: Mapping[str, str]) -> Iterator[None]:
    """A process of this Python that is interrupted in the end, as a person would."""
    log = Path(visit.home.path, "proxy.log")
    port = free_port()
    command = [sys.executable, *command, str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=visit.home.environ(**environ), stdout=output, stderr=output)
    try:
        # it listens after it is registered; a request in between would have the platform forget it
        visit.until(lambda: is_port_open(port) or process.poll() is not None, "the proxy listens")
        assert process.poll() is None, "the proxy has ended"
        yield
    except Exception as error:
        error.add_note(log.read_text())
        raise
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
