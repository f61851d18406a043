"""Run by a test in a process of its own: 32 threads make the first AWS calls of the process at the same moment."""

from __future__ import annotations

import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

from rolo import Request, Response

from localstack.aws.api import RequestContext
from localstack.host.emulation.emulation import Emulation
from localstack.host.settings import Settings

REQUESTS = {
    "sqs": ("AmazonSQS.ListQueues", b"{}"),
    "ssm": ("AmazonSSM.DescribeParameters", b"{}"),
    "dynamodb": ("DynamoDB_20120810.ListTables", b"{}"),
    "sts": (None, b"Action=GetCallerIdentity&Version=2011-06-15"),
}


def main() -> None:
    folder = tempfile.gettempdir()
    emulation = Emulation(Settings.load({"HOME": folder, "CONFIG_DIR": folder}))
    barrier = threading.Barrier(32)

    def call(number: int) -> int:
        service = list(REQUESTS)[number % len(REQUESTS)]
        context, response = RequestContext(_request(service)), Response()
        barrier.wait()
        emulation.recognise(context)
        emulation.call(context, response)
        return int(response.status_code)

    assert "moto" not in sys.modules
    with ThreadPoolExecutor(32) as pool:
        print(sum(status == 200 for status in pool.map(call, range(32))), "answered")  # noqa: T201


def _request(service: str) -> Request:
    target, body = REQUESTS[service]
    scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    headers = {"Host": "localhost", "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    if target:
        headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return Request("POST", "/", headers=headers, body=body, raw_path="/")


if __name__ == "__main__":
    main()
