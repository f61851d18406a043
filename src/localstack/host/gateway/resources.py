"""The platform's own resources under ``/_localstack/``."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from rolo import Request, Response, Router
from werkzeug.exceptions import NotFound

from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION, leanto_version
from localstack.http import Response as JsonResponse

EDITION = "community"
_STAGES = ("BOOT", "START", "READY", "SHUTDOWN")


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

    settings: Settings
    session_id: str
    started_at: datetime
    service_states: Callable[[], dict[str, str]]
    extensions: Callable[[], Sequence[ExtensionView]]
    completed_stages: Callable[[], frozenset[str]]
    restart: Callable[[], None]
    kill: Callable[[], None]


@dataclass
class PlatformResources:
    """Health, info, plug-ins, init stages, extensions, diagnosis."""

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
        router.add("/_localstack/diagnose", self.diagnose, methods=["GET"])

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
        return {"localstack.extensions": extensions}

    def get_init(self, request: Request) -> dict[str, Any]:
        completed = self.control.completed_stages()
        return {"completed": {stage: stage in completed for stage in _STAGES}, "scripts": []}

    def get_init_stage(self, request: Request, stage: str) -> dict[str, Any]:
        if stage.upper() not in _STAGES:
            raise NotFound(f"no such stage: {stage}")
        return {"completed": stage.upper() in self.control.completed_stages(), "scripts": []}

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

    def diagnose(self, request: Request) -> dict[str, Any]:
        """What a bug report needs; as there is no container, its part is empty but of the known shape."""
        settings = self.control.settings
        return {
            "version": {
                "image-version": {"id": "", "sha256": "", "tag": "", "created": ""},
                "localstack-version": {"build-date": "", "build-git-hash": "", "build-version": LOCALSTACK_VERSION},
                "leanto-version": {"build-version": leanto_version()},
                "host": {"version": f"{platform.system()} {platform.release()}", "python": sys.version},
            },
            "info": self.get_info(request),
            "services": self.control.service_states(),
            "config": {
                "DEBUG": settings.debug,
                "GATEWAY_LISTEN": ",".join(map(str, settings.gateway_listen)),
                "LOCALSTACK_HOST": str(settings.localstack_host),
                "LOCALSTACK_VOLUME_DIR": str(settings.volume_dir),
                "PERSISTENCE": settings.persistence,
                "SERVICES": ",".join(settings.services or ()),
            },
            "docker-inspect": {
                "Config": {"Env": [], "Labels": {}},
                "HostConfig": {"Binds": [], "PortBindings": {}},
                "NetworkSettings": {"Networks": {}, "Ports": {}},
            },
            "docker-dependent-image-hashes": {},
            "file-tree": {},
            "important-endpoints": {},
            "logs": {"docker": ""},
            "usage": {},
        }

    @cached_property
    def _machine_id(self) -> str:
        """Random for each volume's run: nothing here identifies the user's machine."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.control.session_id).hex[:8]


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
