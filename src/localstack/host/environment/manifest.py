"""What a generation says about itself: when it was made, and by what."""

from __future__ import annotations

import json
import platform
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from localstack.host.environment.request import now
from localstack.host.errors import InstallError


@dataclass(frozen=True)
class Manifest:
    """Written once, when the generation is complete but for its requests.

    :ivar made_at: e.g. ``2026-11-21T09:30:00+00:00``
    :ivar action: what made it, e.g. ``"install localstack-extension-httpbin"``
    :ivar python: version of Python that it was made with, e.g. ``"3.11.7"``
    """

    made_at: str
    action: str
    python: str


@dataclass(frozen=True)
class HistoryEntry(Manifest):
    """A generation in a list of them; ``extensions`` are e.g. ``("localstack-extension-httpbin 0.2.0",)``."""

    number: int
    is_current: bool
    extensions: tuple[str, ...]


def write_manifest(path: Path, action: str) -> None:
    fields = asdict(Manifest(now(), action, platform.python_version()))
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items()]
    path.write_text("".join(lines), encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """:raises InstallError: when it is not what ``write_manifest`` writes"""
    try:
        return Manifest(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InstallError(f"{path} can't be read: {error}", "roll back to another generation") from error
