"""Resources about the emulation: ``/_localstack/state``, ``/_localstack/resources``, ``/_localstack/pods``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rolo import Request, Response, Router

from localstack.host.errors import LeantoError, NoSnapshotError, UnknownServiceError
from localstack.http import Response as JsonResponse

NDJSON = "application/x-ndjson"
MERGE_STRATEGIES = ("account-region-merge", "overwrite", "service-merge")
"""What a client may ask for when it loads a pod; the first one is the default."""
_NOT_FOUND = (NoSnapshotError, UnknownServiceError)


class Saved(Protocol):
    """What a snapshot holds."""

    @property
    def services(self) -> Sequence[str]:
        """Names of the services that it holds."""

    @property
    def lost(self) -> Mapping[str, str]:
        """Why the state of a service is not in it, by the service's name."""


class NamedSnapshot(Protocol):
    """A pod, as the list of them shows it."""

    @property
    def name(self) -> str: ...

    @property
    def saved_at(self) -> float:
        """Seconds since the epoch."""


class State(Protocol):
    """The state of the emulated services. Every method may raise a ``LeantoError``, and has then changed nothing."""

    def reset(self, service: str | None = None) -> None:
        """Forget what one service holds, or all."""

    def save(self, service: str | None = None) -> Saved:
        """Write the state of one service, or of all, into the snapshot of the volume."""

    def load(self, service: str | None = None) -> Saved:
        """Replace the state of one service, or of all, by that of the volume's snapshot."""

    def resources(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """What exists, by CloudFormation type."""

    def save_pod(self, name: str) -> Saved: ...

    def load_pod(self, name: str, merge: str) -> Saved:
        """Bring the state of a pod in, with one of ``MERGE_STRATEGIES``."""

    def delete_pod(self, name: str) -> None: ...

    def list_pods(self) -> Sequence[NamedSnapshot]: ...


@dataclass(frozen=True)
class StateResources:
    """Reset, save, load, list; GET changes nothing."""

    state: State

    def add_to(self, router: Router[Any]) -> None:
        state = "/_localstack/state"
        for name, action in (("reset", self.reset), ("save", self.save), ("load", self.load)):
            router.add(f"{state}/{name}", action, methods=["POST"])
            router.add(f"{state}/{name}/<service>", action, methods=["POST"])
            router.add(f"{state}/<service>/{name}", action, methods=["POST"])
        router.add("/_localstack/resources", self.list_resources, methods=["GET"])
        router.add("/_localstack/pods", self.list_pods, methods=["GET"])
        router.add("/_localstack/pods/<name>", self.save_pod, methods=["POST"])
        router.add("/_localstack/pods/<name>", self.load_pod, methods=["PUT"])
        router.add("/_localstack/pods/<name>", self.delete_pod, methods=["DELETE"])

    def reset(self, request: Request, service: str | None = None) -> Response:
        return self._answer(lambda: self.state.reset(service))

    def save(self, request: Request, service: str | None = None) -> Response:
        return self._answer(lambda: self.state.save(service), service)

    def load(self, request: Request, service: str | None = None) -> Response:
        return self._answer(lambda: self.state.load(service), service)

    def list_resources(self, request: Request) -> Response:
        """One line of JSON for each type: ``{"AWS::SQS::Queue": [{"region_name", "account_id", "id"}]}``."""
        lines = [json.dumps({kind: list(found)}) for kind, found in self.state.resources().items()]
        return Response("".join(f"{line}\n" for line in lines), mimetype=NDJSON)

    def list_pods(self, request: Request) -> dict[str, Any]:
        pods = [{"pod_name": p.name, "max_version": 1, "last_change": p.saved_at} for p in self.state.list_pods()]
        return {"cloudpods": pods}

    def save_pod(self, request: Request, name: str) -> Response:
        return self._completion(lambda: self.state.save_pod(name))

    def load_pod(self, request: Request, name: str) -> Response:
        merge = request.args.get("merge") or MERGE_STRATEGIES[0]
        if merge not in MERGE_STRATEGIES:
            return _failure(f"there is no merge strategy {merge!r}, only {', '.join(MERGE_STRATEGIES)}", 400)
        return self._completion(lambda: self.state.load_pod(name, merge))

    def delete_pod(self, request: Request, name: str) -> Response:
        return self._answer(lambda: self.state.delete_pod(name))

    def _answer(self, action: Callable[[], Saved | None], service: str | None = None) -> Response:
        """``{"status": "ok"}`` with what was saved or loaded, or an error with its own status code."""
        try:
            saved = action()
        except LeantoError as error:
            return _failure(_text(error), 404 if isinstance(error, _NOT_FOUND) else 409)
        of_service = {} if service is None else {"service": service}
        return JsonResponse.for_json(of_service | {"status": "ok"} | _content(saved))

    def _completion(self, action: Callable[[], Saved]) -> Response:
        """One event as a line of JSON: clients of pods read the outcome there, whatever the status code."""
        try:
            event = {"event": "completion", "status": "ok", "operation": "completed"} | _content(action())
        except LeantoError as error:
            event = {"event": "completion", "status": "error", "message": _text(error)}
        return Response(json.dumps(event) + "\n", mimetype=NDJSON)


def _content(saved: Saved | None) -> dict[str, Any]:
    return {} if saved is None else {"services": list(saved.services), "lost": dict(saved.lost)}


def _failure(message: str, status: int) -> Response:
    return JsonResponse.for_json({"status": "error", "message": message}, status=status)


def _text(error: LeantoError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message
