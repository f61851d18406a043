"""How the enabled folders of a running platform do: for the command line and for pages in a browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rolo import Request, Router

STATUS_PATH = "/_localstack/extensions/developed"


@dataclass(frozen=True)
class BrokenSave:
    """Why what was saved last is not served.

    :ivar message: one line with the author's file and line, e.g. ``"extension notes failed in import: … (notes.py:3)"``
    :ivar location: the file and line alone, e.g. ``"notes.py:3"``; ``None`` where nobody knows it
    """

    message: str
    location: str | None


@dataclass(frozen=True)
class ProjectStatus:
    """An enabled folder.

    :ivar extensions: names of its extensions that are loaded
    :ivar broken_save: ``None`` when what was saved last is served
    :ivar leftovers: what versions before have left that only a restart ends
    """

    path: Path
    extensions: tuple[str, ...]
    broken_save: BrokenSave | None
    leftovers: tuple[str, ...]


@dataclass(frozen=True)
class StatusResource:
    """``GET /_localstack/extensions/developed``."""

    projects: Callable[[], Sequence[ProjectStatus]]

    def add_to(self, router: Router[Any]) -> None:
        router.add(STATUS_PATH, self.get, methods=["GET"])

    def get(self, request: Request) -> list[dict[str, Any]]:
        return [asdict(project) | {"path": str(project.path)} for project in self.projects()]
