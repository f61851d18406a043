"""The pytest plug-in under which moto's tests run: it sends them to a server and writes down what became of each.

It is loaded into the suite's own virtual environment, which has moto and not us. The environment variables tell it:

    TEST_SERVER_MODE_ENDPOINT   e.g. ``http://localhost:4566``; read by moto as well
    MOTO_SUITE_RESET_PATH       where a POST empties the server, e.g. ``/moto-api/reset``
    MOTO_SUITE_RESULTS          the file that gets ``{"tests/test_sts/test_sts.py::test_x": "passed", …}``
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.httpsession import URLLib3Session
from moto.core.models import MockAWS

ACCOUNT = "123456789012"
"""The account that moto's tests expect; a platform takes an access key of twelve digits for the account's number."""

_WRITTEN_IN_TESTS = "http://localhost:5000"
_RESET = "/moto-api/reset"


class Outcomes:
    """What became of each test that sent the server a request; the others test moto's own functions."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._requests_sent = 0
        self._of_test: dict[str, str] = {}

    def count_request(self) -> None:
        self._requests_sent += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        before = self._requests_sent
        result = yield
        if self._requests_sent == before and self._of_test.get(item.nodeid) != "skipped":
            self._of_test.pop(item.nodeid, None)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._of_test[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(json.dumps(self._of_test, indent=1))


def pytest_configure(config: pytest.Config) -> None:
    outcomes = Outcomes(Path(os.environ["MOTO_SUITE_RESULTS"]))
    config.pluginmanager.register(outcomes)
    _call_as_account()
    _find_names_below_localhost()
    endpoint, reset = os.environ["TEST_SERVER_MODE_ENDPOINT"], os.environ["MOTO_SUITE_RESET_PATH"]
    _send_to(endpoint, endpoint + reset, outcomes.count_request)


def _call_as_account() -> None:
    """Let ``mock_aws`` set credentials of the account."""
    make = MockAWS.__init__

    def __init__(self: MockAWS, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self._fake_creds["AWS_ACCESS_KEY_ID"] = ACCOUNT

    MockAWS.__init__ = __init__


def _find_names_below_localhost() -> None:
    """Let ``123456789012.localhost`` be this machine, as it is where systemd looks names up; S3 Control needs it."""
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        return look_up("localhost" if str(host).endswith(".localhost") else host, *args, **kwargs)

    socket.getaddrinfo = look_up_here


def _send_to(endpoint: str, reset_url: str, sent: Callable[[], None]) -> None:
    """Redirect what is written to one address in moto's tests, map the reset, and tell of other requests."""
    send, send_of_botocore = requests.Session.send, URLLib3Session.send

    def send_redirected(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        url = (request.url or "").replace(_WRITTEN_IN_TESTS, endpoint)
        is_reset = url == endpoint + _RESET
        request.url = reset_url if is_reset else url
        if not is_reset:
            sent()
        return send(self, request, **kwargs)

    def send_redirected_by_botocore(self: URLLib3Session, request: Any) -> Any:
        request.url = request.url.replace(_WRITTEN_IN_TESTS, endpoint)
        sent()
        return send_of_botocore(self, request)

    requests.Session.send = send_redirected  # type: ignore[method-assign]
    URLLib3Session.send = send_redirected_by_botocore
