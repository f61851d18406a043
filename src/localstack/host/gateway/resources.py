"""The platform's own resources under ``/_localstack/``."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from rolo import Request, Response, Router
from werkzeug.exceptions import NotFound

from localstack.host.init_scripts import RUNNER_NAMESPACE, InitScripts, Script, Stage
from localstack.host.version import LOCALSTACK_VERSION, leanto_version
from localstack.http import Response as JsonResponse

EDITION = "community"


@dataclass(frozen=True)
class DistributionView:
    """A distribution as ``/_localstack/extensions/list`` shows it."""

    name: str
    version: str
    summary: str
    author: str


@dataclass(frozen=True)
class ExtensionView:
    """An extension as the HTTP API and the status page show it."""

    name: str
    distribution: DistributionView
    entry_point: str
    state: str
    contributions: tuple[str, ...]
    last_fault: str | None


@dataclass(frozen=True)
class PlatformControl:
    """What the resources may ask of the platform and tell it to do; the runtime fills it in."""

    session_id: str
    started_at: datetime
    service_states: Callable[[], dict[str, str]]
    extensions: Callable[[], Sequence[ExtensionView]]
    init_scripts: InitScripts
    restart: Callable[[], None]
    kill: Callable[[], None]


@dataclass
class PlatformResources:
    """Health, info, plug-ins, init stages, extensions."""

    control: PlatformControl
    _features: dict[str, Any] = field(default_factory=dict)

    def add_to(self, router: Router[Any]) -> None:
        router.add("/_localstack/health", self.get_health, methods=["GET"])
        router.add("/_localstack/health", self.set_features, methods=["PUT"])
        router.add("/_localstack/health", self.control_platform, methods=["POST"])
        router.add("/_localstack/info", self.get_info, methods=["GET"])
        router.add("/_localstack/plugins", self.get_plugins, methods=["GET"])
        router.add("/_localstack/init", self.get_init, methods=["GET"])
        router.add("/_localstack/init/<stage>", self.get_init_stage, methods=["GET"])
        router.add("/_localstack/extensions/list", self.list_extensions, methods=["GET"])

    def get_health(self, request: Request) -> Response | dict[str, Any]:
        if request.method == "HEAD":
            return Response("ok")
        services = self.control.service_states()
        document = {"services": services, "edition": EDITION, "version": LOCALSTACK_VERSION, "leanto": leanto_version()}
        return _merged(self._features, document)

    def set_features(self, request: Request) -> Response:
        """Store values for later GETs: ``{"features:initScripts": "done"}`` sets ``features.initScripts``."""
        data = _json_object(request)
        if data is None:
            return Response("invalid request", 400)
        for key, value in data.items():
            *parents, last = key.split(":")
            place = self._features
            for parent in parents:
                child = place.get(parent)
                if not isinstance(child, dict):
                    child = place[parent] = {}
                place = child
            place[last] = value
        return JsonResponse.for_json({"status": "OK"})

    def control_platform(self, request: Request) -> Response:
        """``{"action": "restart"}`` or ``{"action": "kill"}``; other JSON objects are accepted and ignored."""
        data = _json_object(request)
        if not data:
            return Response("invalid request", 400)
        if data.get("action") == "restart":
            self.control.restart()
        elif data.get("action") == "kill":
            self.control.kill()
        return Response("ok")

    def get_info(self, request: Request) -> dict[str, Any]:
        return self.info()

    def info(self) -> dict[str, Any]:
        """The document of ``/_localstack/info``."""
        now = datetime.now(UTC)
        return {
            "version": LOCALSTACK_VERSION,
            "edition": EDITION,
            "is_license_activated": False,
            "session_id": self.control.session_id,
            "machine_id": self._machine_id,
            "system": f"{platform.system().lower()} {platform.release()} {platform.machine()}",
            "is_docker": False,
            "server_time_utc": now.strftime("%Y-%m-%dT%H:%M:%S"),
            "uptime": int((now - self.control.started_at).total_seconds()),
            "leanto": leanto_version(),
        }

    def get_plugins(self, request: Request) -> dict[str, Any]:
        extensions = [
            {"name": e.name, "is_initialized": is_loaded, "is_loaded": is_loaded}
            for e in self.control.extensions()
            for is_loaded in [e.state in ("loaded", "degraded")]
        ]
        runners = [
            {"name": name, "is_initialized": is_loaded, "is_loaded": is_loaded}
            for name, is_loaded in self.control.init_scripts.runners().items()
        ]
        return {"localstack.extensions": extensions, RUNNER_NAMESPACE: runners}

    def get_init(self, request: Request) -> dict[str, Any]:
        scripts = self.control.init_scripts
        return {
            "completed": {stage.value: scripts.is_completed(stage) for stage in Stage},
            "scripts": [_script_view(script) for stage in Stage for script in scripts.scripts(stage)],
        }

    def get_init_stage(self, request: Request, stage: str) -> dict[str, Any]:
        scripts = self.control.init_scripts
        try:
            asked = Stage(stage.upper())
        except ValueError:
            raise NotFound(f"no such stage: {stage}") from None
        views = [_script_view(script) for script in scripts.scripts(asked)]
        return {"completed": scripts.is_completed(asked), "scripts": views}

    def list_extensions(self, request: Request) -> list[dict[str, Any]]:
        return [
            {
                "namespace": "localstack.extensions",
                "name": view.name,
                "distribution": vars(view.distribution),
                "entry_point": view.entry_point,
                "state": view.state,
                "contributions": list(view.contributions),
                "last_fault": view.last_fault,
            }
            for view in self.control.extensions()
        ]

    @cached_property
    def _machine_id(self) -> str:
        """Random for each volume's run: nothing here identifies the user's machine."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.control.session_id).hex[:8]


def _script_view(script: Script) -> dict[str, str]:
    return {"stage": script.stage.value, "name": script.name, "state": script.state.value}


def _json_object(request: Request) -> dict[str, Any] | None:
    data = request.get_json(force=True, silent=True)
    return data if isinstance(data, dict) else None


def _merged(stored: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """``current`` over ``stored``, dictionaries merged one level down."""
    merged = dict(stored)
    for key, value in current.items():
        earlier = merged.get(key)
        merged[key] = {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value
    return merged
