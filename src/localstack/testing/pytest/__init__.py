"""pytest fixtures for extensions; in force wherever Leanto is installed, without a line in ``conftest.py``.

    def test_it_greets(load_extension, extension_client):
        load_extension(Greeter)
        assert extension_client.get("/greet").text == "hello"

After each test what was loaded is taken out again, and the test fails when something is left of it: a thread, a child
process, an open port. The AWS services forget what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    from requests import Response

    from localstack.aws.connect import ServiceLevelClientFactory
    from localstack.extensions.api import Extension
    from localstack.host.testing.platform import InProcessPlatform

    _E = TypeVar("_E", bound=Extension)

__all__ = [
    "ExtensionClient",
    "FailAt",
    "LoadExtension",
    "aws_client",
    "extension_client",
    "fail_at",
    "load_extension",
    "localstack",
    "localstack_settings",
]


class LoadExtension(Protocol):
    """What the fixture ``load_extension`` is."""

    def __call__(self, extension: type[_E], /) -> _E:
        """Load an extension into the running platform, call its hooks, and return its instance.

        :raises ExtensionLoadError: when it can't be loaded or a hook fails, with the author's own line
        """


class FailAt(Protocol):
    """What the fixture ``fail_at`` is."""

    def __call__(self, hook: str, /) -> None:
        """Let a hook of the extensions that this test loads from now on raise instead of doing its work.

        :param hook: e.g. ``"on_platform_ready"``
        :raises ValueError: when there is no such hook
        """


class ExtensionClient:
    """Requests to the platform: paths begin at its root.

    :ivar url: where the platform is reached, e.g. ``"http://127.0.0.1:41234"``
    """

    def __init__(self, url: str) -> None:
        import requests

        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between a test and this process

    def request(self, method: str, path: str, *, host: str | None = None, **options: Any) -> Response:
        """Send one request and return the answer; redirects are not followed.

        :param host: the Host header, for routes that have a host of their own; the platform's port is added
        :param options: of ``requests.Session.request``: ``json``, ``headers``, ``timeout`` …
        """
        headers = dict(options.pop("headers", None) or {})
        if host is not None:
            headers["Host"] = host if ":" in host else f"{host}:{self.url.rpartition(':')[2]}"
        options = {"allow_redirects": False, "timeout": 30} | options
        return self._session.request(method, f"{self.url}/{path.removeprefix('/')}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Response:
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.request("DELETE", path, **options)

    def close(self) -> None:
        self._session.close()


@pytest.fixture(scope="session")
def localstack_settings() -> Mapping[str, str]:
    """Settings of the platform as environment variables; override it in ``conftest.py``, e.g. ``{"DEBUG": "1"}``."""
    return {}


@pytest.fixture(scope="session")
def _localstack(
    localstack_settings: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InProcessPlatform]:
    from localstack.host.testing.platform import InProcessPlatform

    folder: Path = tmp_path_factory.mktemp("localstack")
    platform = InProcessPlatform(folder, localstack_settings)
    platform.start()
    yield platform
    platform.stop()


@pytest.fixture
def localstack(_localstack: InProcessPlatform) -> Iterator[InProcessPlatform]:
    """The platform in this process, as it was before any test."""
    yield _localstack
    from localstack.host.testing.platform import ExtensionLeakError

    try:
        _localstack.clear()
    except ExtensionLeakError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def load_extension(localstack: InProcessPlatform) -> LoadExtension:
    """Loads an extension for the rest of the test."""
    return localstack.load


@pytest.fixture
def fail_at(localstack: InProcessPlatform) -> FailAt:
    """Makes a hook of the extensions that the test loads fail."""
    return localstack.fail_at


@pytest.fixture
def aws_client(localstack: InProcessPlatform) -> ServiceLevelClientFactory:
    """AWS clients of the platform, over HTTP as anybody has them: ``aws_client.s3.list_buckets()``."""
    from localstack.aws.connect import connect_externally_to
    from localstack.testing.config import TEST_AWS_ACCESS_KEY_ID, TEST_AWS_REGION_NAME, TEST_AWS_SECRET_ACCESS_KEY

    return connect_externally_to(
        region_name=TEST_AWS_REGION_NAME,
        aws_access_key_id=TEST_AWS_ACCESS_KEY_ID,
        aws_secret_access_key=TEST_AWS_SECRET_ACCESS_KEY,
        endpoint_url=localstack.url,
    )


@pytest.fixture
def extension_client(localstack: InProcessPlatform) -> Iterator[ExtensionClient]:
    """Requests to the platform and its extensions."""
    client = ExtensionClient(localstack.url)
    yield client
    client.close()
