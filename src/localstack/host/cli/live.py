"""The running platform learns of changed extensions: it is asked before a change, and told after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localstack.host.errors import PlatformError
from localstack.host.manage.token import TOKEN_HEADER, read_token
from localstack.host.process import PlatformState, RecordFile
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.cli.endpoint import Endpoint  # it loads http.client: only where there is a platform to ask

_ANSWER_SECONDS = 300.0
"""How long the hooks of new extensions may take."""
_GOOD_STATES = ("loaded", "disabled")
_RESTART = "Restart LocalStack for the change to take effect: localstack restart"


def taken_over(settings: Settings) -> list[str]:
    """Have the running platform, if there is one, go on with the extensions that are installed now; what came of it."""
    record = RecordFile(settings).read()
    if record is not None and record.state is PlatformState.STARTING:
        return ["Note: LocalStack is just starting, and takes this over when it is ready; see localstack logs"]
    platform = RunningPlatform.of(settings)
    return platform.take_over() if platform is not None else []


@dataclass(frozen=True)
class RunningPlatform:
    """A platform that serves the volume whose extensions are changed."""

    endpoint: Endpoint
    token: str

    @classmethod
    def of(cls, settings: Settings) -> RunningPlatform | None:
        """``None`` when there is none, or it is just starting or stopping."""
        record = RecordFile(settings).read()
        if record is None or record.state is not PlatformState.READY:
            return None
        from localstack.host.cli.endpoint import Endpoint

        return cls(Endpoint(record.url), read_token(settings))

    def complaints(self) -> list[str]:
        """Which of its extensions are not loaded, or have failed in something since."""
        return [
            f"Running platform: {one.get('name')} ({state}): {fault or 'see localstack logs'}"
            for one in self.endpoint.extensions()
            for state, fault in [(one.get("state"), one.get("last_fault"))]
            if fault or state not in _GOOD_STATES
        ]

    def warnings(self, generation: str) -> list[str]:
        """What a person should know before ``generations/<generation>`` is put in force."""
        try:
            found = self._post("preview", {"generation": generation})["obstacles"]
        except PlatformError as error:
            return [f"Note: the running platform can't be asked: {error.message}"]
        return [f"Restart needed: {reason}" for reason in found]

    def take_over(self) -> list[str]:
        """Have the platform go on with the extensions that are installed now; what came of it, for people."""
        try:
            found = self._post("apply", {})
        except PlatformError as error:
            return [f"Note: the running platform was not changed: {error.message}", _RESTART]
        lines = [f"Running platform: loaded {name}" for name in found["loaded"]]
        lines += [f"Running platform: unloaded {name}" for name in found["unloaded"]]
        lines += [f"Running platform: {name} can't be loaded; see localstack logs" for name in found["failed"]]
        lines += [f"Running platform: {what}, until LocalStack is restarted" for what in found["left"]]
        if found["obstacles"]:
            lines += [f"Running platform: unchanged, because of {reason}" for reason in found["obstacles"]]
            lines.append(_RESTART)
        return lines

    def _post(self, action: str, document: Mapping[str, str]) -> dict[str, Any]:
        """:raises PlatformError: when it can't be reached, refuses, or does not know what is asked"""
        path = f"/_localstack/extensions/{action}"
        status, body = self.endpoint.post(path, json.dumps(document), {TOKEN_HEADER: self.token}, _ANSWER_SECONDS)
        if status != 200:
            raise PlatformError(f"{self.endpoint.url}{path} answered {status}", "see localstack logs")
        answer = json.loads(body)
        if not isinstance(answer, dict):
            raise PlatformError(f"{self.endpoint.url} is no LocalStack", "see localstack status")
        return answer
