"""Resources for who looks for a fault: ``/_localstack/diagnose``, ``/_localstack/usage``, ``/_localstack/config``."""

from __future__ import annotations

import platform
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rolo import Request, Response, Router

from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION, leanto_version
from localstack.http import Response as JsonResponse


@dataclass(frozen=True)
class DiagnosisResources:
    """What a bug report needs, and settings that can be changed while the platform runs.

    :ivar info: the document of ``/_localstack/info``
    """

    settings: Settings
    info: Callable[[], dict[str, Any]]
    service_states: Callable[[], dict[str, str]]
    loaded_extensions: Callable[[], list[str]]

    def add_to(self, router: Router[Any]) -> None:
        router.add("/_localstack/diagnose", self.diagnose, methods=["GET"])  # a published extension shows it to users
        if self.settings.debug:
            router.add("/_localstack/usage", self.get_usage, methods=["GET"])
        if self.settings.enable_config_updates:
            router.add("/_localstack/config", self.get_config, methods=["GET"])
            router.add("/_localstack/config", self.update_config, methods=["POST"])

    def diagnose(self, request: Request) -> dict[str, Any]:
        """As there is no container, its part is empty but of the known shape."""
        settings = self.settings
        return {
            "version": {
                "image-version": {"id": "", "sha256": "", "tag": "", "created": ""},
                "localstack-version": {"build-date": "", "build-git-hash": "", "build-version": LOCALSTACK_VERSION},
                "leanto-version": {"build-version": leanto_version()},
                "host": {
                    "kernel": platform.release(),
                    "version": f"{platform.system()} {platform.release()}",
                    "python": sys.version,
                },
            },
            "info": self.info(),
            "services": self.service_states(),
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
            "docker-dependent-image-hosts": {},
            "file-tree": {},
            "important-endpoints": {},
            "logs": {"docker": ""},
            "usage": self._usage(),
        }

    def get_usage(self, request: Request) -> dict[str, Any]:
        return self._usage()

    def get_config(self, request: Request) -> dict[str, Any]:
        """Values of ``localstack.config`` that JSON can hold, by name."""
        from localstack import config

        names = [name for name in config.__all__ if name.isupper()]
        return {name: value for name in names if isinstance(value := getattr(config, name), str | int | float | bool)}

    def update_config(self, request: Request) -> Response:
        """Assign to ``localstack.config``: ``{"variable": "DEBUG", "value": 1}``. Extensions see it there.

        A text that reads as a number becomes a float. What the platform itself has read at its start does not change.
        """
        from localstack import config

        data = request.get_json(force=True, silent=True)
        variable = data.get("variable") if isinstance(data, dict) else None
        if not isinstance(variable, str) or not re.fullmatch(r"[_a-zA-Z0-9]+", variable) or "value" not in data:
            return JsonResponse.for_json({}, status=400)
        value = _number(data["value"])
        setattr(config, variable, value)
        return JsonResponse.for_json({"variable": variable, "value": value})

    def _usage(self) -> dict[str, Any]:
        """What this process takes: memory in bytes, processor time in seconds."""
        import psutil

        process = psutil.Process()
        with process.oneshot():
            times = process.cpu_times()
            return {
                "memory_bytes": process.memory_info().rss,
                "cpu_seconds": times.user + times.system,
                "threads": process.num_threads(),
                "uptime_seconds": time.time() - process.create_time(),
                "services": [name for name, state in self.service_states().items() if state == "running"],
                "extensions": self.loaded_extensions(),
            }


def _number(value: Any) -> Any:
    """A text that reads as a number as a float, everything else as it is."""
    if not isinstance(value, str) or not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return value
    return float(value)
