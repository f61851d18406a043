"""Start the platform with the bundled example extension and say what to try: what ``make run`` runs.

    python tools/run_example.py [--volume FOLDER]

Everything that the run leaves behind is in the folder. The process becomes ``localstack start``, so Ctrl-C and signals
reach the platform itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from localstack.host.dev.registry import DevRegistry
from localstack.host.errors import LeantoError
from localstack.host.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "hello"
LOCALSTACK = Path(sys.executable).with_name("localstack")

TRY = """\
Leanto starts with the extension in examples/hello. After "Ready.", in a second terminal:

curl {url}/hello/world
curl -H 'Host: hello.localhost.localstack.cloud:{port}' {url}/

export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
aws --endpoint-url {url} s3 mb s3://demo     # or: awslocal s3 mb s3://demo

{python} - <<'END'
import boto3
sqs = boto3.client("sqs", endpoint_url="{url}", region_name="us-east-1",
                   aws_access_key_id="test", aws_secret_access_key="test")
answer = sqs.create_queue(QueueName="jobs")
print(answer["QueueUrl"], answer["ResponseMetadata"]["HTTPHeaders"]["x-hello"])
END

Ctrl-C here stops it.
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Start the platform with the bundled example extension.")
    parser.add_argument("--volume", type=Path, default=ROOT / ".volume", metavar="FOLDER", help="where it keeps files")
    volume = parser.parse_args(arguments).volume.absolute()
    environ = os.environ | {
        "LOCALSTACK_VOLUME_DIR": str(volume),
        "CONFIG_DIR": str(volume / "config"),
        "EXTENSION_DEV_MODE": "1",
    }
    try:
        settings = Settings.load(environ)
        DevRegistry(settings.config_dir).enable(EXAMPLE)
    except LeantoError as error:
        sys.exit(f"{error.message}\n{error.hint or ''}")
    sys.stdout.write(what_to_try(settings))
    sys.stdout.flush()
    os.execve(LOCALSTACK, [str(LOCALSTACK), "start"], environ)


def what_to_try(settings: Settings) -> str:
    """Commands to paste into a shell, for the address that the gateway will listen on."""
    python = os.path.relpath(sys.executable)
    return TRY.format(url=settings.local_url(), port=settings.gateway_port, python=python)


if __name__ == "__main__":
    main(sys.argv[1:])
