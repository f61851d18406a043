"""Which of a project's files counts: for running it from its source, and for publishing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from localstack.host.dev.build_record import build_records
from localstack.host.dev.metadata import ProjectMetadata
from localstack.host.dev.pyproject import read_pyproject
from localstack.host.dev.setup_cfg import read_setup_cfg

SOURCE_FOLDERS = ("src", "backend")
"""Where a project may keep its packages beside its own folder; the documented React layout uses ``backend``."""

_TEXTS = ("name", "version", "summary", "author", "license", "readme", "requires_python")


@dataclass(frozen=True)
class ProjectDescription:
    """What a project runs as; fields that no file fills are empty, the name is the folder's then.

    :ivar requires: what it requires, as its author writes it now, else as the last install knew it
    :ivar needs_build: only a build finds the extensions, or what they require
    :ivar outdated: the author's file, if it declares an extension that the last install does not know of
    """

    name: str
    version: str = ""
    summary: str = ""
    author: str = ""
    entry_points: tuple[EntryPoint, ...] = ()
    requires: tuple[str, ...] = ()
    needs_build: bool = True
    outdated: Path | None = None


def source_folders(project: Path) -> list[Path]:
    """A project's folder, and those in it where packages are."""
    return [project, *(project / name for name in SOURCE_FOLDERS if (project / name).is_dir())]


def describe(folders: Sequence[Path]) -> ProjectDescription:
    """Read what the last install wrote, else ``pyproject.toml``, else ``setup.cfg``.

    :param folders: the project's folder, then those of its packages
    :raises UnreadableFileError: when a file is damaged
    """
    project = folders[0]
    written = [found for read in (read_pyproject, read_setup_cfg) if (found := read(project)) is not None]
    declared = next((one for one in written if one.entry_points), None)
    installed = next((one for one in build_records(folders) if one.entry_points), None)
    found = installed or declared
    if found is None:
        return ProjectDescription(project.name)
    current = next((one for one in written if "requires" not in one.later), found)
    is_outdated = installed and declared and not set(declared.entry_points) <= set(installed.entry_points)
    return ProjectDescription(
        found.name or project.name,
        found.version,
        found.summary,
        found.author,
        found.entry_points,
        current.requires,
        "requires" in current.later,
        declared.file if declared and is_outdated else None,
    )


def read_metadata(project: Path) -> ProjectMetadata | None:
    """What an index and an installer learn of a project; ``None`` when nothing says anything.

    ``pyproject.toml`` says it, else ``setup.cfg``, else what a build left behind. What ``setup.cfg`` leaves to
    ``setup.py`` is taken from the last build, too.

    :raises UnreadableFileError: when a file is damaged
    """
    found = read_pyproject(project)
    if found is not None:
        return found
    by_hand = read_setup_cfg(project)
    built = next(build_records(source_folders(project)), None)
    if by_hand is None or built is None:
        return by_hand or built
    missing = (field for field in _TEXTS if not by_hand.says(field))
    changes: dict[str, Any] = {field: getattr(built, field) for field in missing}
    return replace(by_hand, **changes, urls=by_hand.urls or built.urls)
