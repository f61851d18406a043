"""The snapshot of a volume as the tests look at it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from platforms import START_TIMEOUT_SECONDS, Home, Platform

LARGE = bytes(range(256)) * 4096 * 17
"""17 MiB: above what moto keeps of an object in memory."""


def snapshot_of(home: Home) -> Path:
    return home.volume / "state" / "emulation"


def kept_of(home: Home) -> Path:
    return home.volume / "state" / "emulation.kept-1"


def manifest_of(home: Home) -> dict[str, Any]:
    """What the snapshot says of itself; no sections when there is none yet."""
    path = snapshot_of(home) / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {"sections": []}
    return manifest


def section_of(service: str, home: Home) -> dict[str, Any]:
    """The section of a service, empty when there is none."""
    return next((each for each in manifest_of(home)["sections"] if service in each["services"]), {})


def wait_for_section(service: str, home: Home, platform: Platform) -> dict[str, Any]:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not (section := section_of(service, home)):
        assert time.monotonic() < deadline, f"{service} was not saved"
        platform.get("/_localstack/health")
    return section


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def queue_names(platform: Platform) -> list[str]:
    urls = platform.client("sqs").list_queues().get("QueueUrls", [])
    return sorted(url.rpartition("/")[2] for url in urls)
