"""The running platform as the command line reaches it over HTTP, without DNS and past every proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from localstack.host.errors import PlatformError
from localstack.host.process import RecordFile
from localstack.host.settings import Settings

_HEALTH_PATH = "/_localstack/health"
_EXTENSIONS_PATH = "/_localstack/extensions/list"
_DEVELOPED_PATH = "/_localstack/extensions/developed"
_HEALTH_SECONDS = 2.0
_RESTART_SECONDS = 10.0


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


class EndpointError(Exception):
    """Nothing answered at the address, or what answered is no platform; the text says which."""


@dataclass(frozen=True)
class Endpoint:
    """``url`` is scheme, host and port, e.g. ``"http://127.0.0.1:4566"``."""

    url: str

    @classmethod
    def of(cls, settings: Settings) -> Endpoint:
        """Where the platform of this volume said it listens, else where these settings would make it listen."""
        record = RecordFile(settings).read()
        return cls(record.url if record else settings.local_url())

    @property
    def health_url(self) -> str:
        return self.url + _HEALTH_PATH

    def services(self) -> Mapping[str, str]:
        """The state of each service, e.g. ``{"s3": "running", "sqs": "available"}``.

        :raises PlatformError: when the platform can't be reached within two seconds
        """
        try:
            return _services_of(self._request("GET", _HEALTH_PATH, _HEALTH_SECONDS))
        except EndpointError as error:
            message = f"could not connect to LocalStack health endpoint at {self.health_url}"
            raise PlatformError(message, f"{error}; start the platform with: localstack start") from error

    def health_problem(self) -> str:
        """What is wrong with the answer to a health check, empty when nothing is."""
        try:
            _services_of(self._request("GET", _HEALTH_PATH, _HEALTH_SECONDS))
        except EndpointError as error:
            return str(error)
        return ""

    def request_restart(self) -> None:
        """Ask the platform to restart itself; returns when it has accepted.

        :raises PlatformError: when it can't be reached or refuses
        """
        try:
            answer = self._request("POST", _HEALTH_PATH, _RESTART_SECONDS, json.dumps({"action": "restart"}))
            if answer.status != 200:
                raise EndpointError(f"{self.health_url} answered {answer.status}")
        except EndpointError as error:
            raise PlatformError("could not restart the LocalStack container", str(error)) from error

    def extensions(self) -> list[dict[str, Any]]:
        """What the platform has found, as ``/_localstack/extensions/list`` says it; empty when it does not answer."""
        return self._documents(_EXTENSIONS_PATH)

    def developed(self) -> list[dict[str, Any]]:
        """How its enabled folders do, as ``/_localstack/extensions/developed`` says it; empty without any."""
        return self._documents(_DEVELOPED_PATH)

    def _documents(self, path: str) -> list[dict[str, Any]]:
        try:
            answer = self._request("GET", path, _HEALTH_SECONDS)
            found = json.loads(answer.body) if answer.status == 200 else []
        except (EndpointError, ValueError):
            return []
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def post(self, path: str, body: str, headers: Mapping[str, str], timeout_seconds: float) -> tuple[int, bytes]:
        """Status and body of the answer to a JSON document.

        :raises PlatformError: when nothing answers
        """
        try:
            answer = self._request("POST", path, timeout_seconds, body, headers)
        except EndpointError as error:
            raise PlatformError(str(error), "localstack status shows whether it runs") from error
        return answer.status, answer.body

    def _request(
        self,
        method: str,
        path: str,
        timeout_seconds: float,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Answer:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
        try:
            kind = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, {**kind, **(headers or {})})
            response = connection.getresponse()
            return _Answer(response.status, response.read())
        except (OSError, HTTPException) as error:
            raise EndpointError(f"{self.url} does not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()


def _services_of(answer: _Answer) -> Mapping[str, str]:
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    services = document.get("services") if isinstance(document, dict) else None
    if answer.status != 200 or not isinstance(services, dict):
        raise EndpointError(f"what answered there, with status {answer.status}, is no LocalStack")
    return {str(name): str(state) for name, state in services.items()}
