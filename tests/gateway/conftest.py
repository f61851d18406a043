"""Servers that extensions have in the tests of the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from doors import DEADLINE_SECONDS


@pytest.fixture
def greeter() -> Iterator[int]:
    """A gRPC service ``demo.Greeter`` that says every message twice."""

    class Greeter(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc is not typed
        def service(self, details: Any) -> Any:
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: (m * 2 for m in requests))

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Greeter()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait(DEADLINE_SECONDS)
