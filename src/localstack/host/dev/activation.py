"""Making enabled folders importable: what ``EXTENSION_DEV_MODE=1`` does before extensions are loaded."""

from __future__ import annotations

import logging
import site
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from localstack.host.dev.description import ProjectDescription, describe

LOG = logging.getLogger(__name__)

SOURCE_FOLDERS = ("src", "backend")
"""Where a project may keep its packages beside its own folder; the documented React layout uses ``backend``."""

_RULE = "=" * 50


@dataclass(frozen=True)
class EnabledProject:
    """A folder that runs from its source.

    :ivar path: the enabled folder
    :ivar paths: what was appended to ``sys.path`` for it: the folder, its ``src``, its ``.venv``'s packages
    :ivar entry_points: its extensions, all of group ``localstack.extensions``
    """

    path: Path
    paths: tuple[Path, ...]
    name: str
    version: str
    summary: str
    author: str
    entry_points: tuple[EntryPoint, ...]


def activate(paths: Sequence[Path]) -> tuple[EnabledProject, ...]:
    """Put every folder on ``sys.path``, after what is there already, and find its extensions.

    What is wrong with one folder is logged as a warning that says what to do; that folder is left out, and the others
    go on. Call it once, before extensions are loaded.
    """
    return tuple(project for path in paths if (project := _activate(path)) is not None)


def banner(paths: Sequence[Path]) -> str:
    """What the log shows in developer mode, one ``mounting`` line per folder; tools look for its second line."""
    mounts = [f"- mounting extension {path}" for path in paths]
    title = "👷 LocalStack extension developer mode enabled 🏗"
    return "\n".join([_RULE, title, *mounts, "Resuming normal execution, ...", _RULE])


def source_folders(path: Path) -> list[Path]:
    """A project's folder, and those in it where packages are."""
    return [path, *(path / name for name in SOURCE_FOLDERS if (path / name).is_dir())]


def renewed(project: EnabledProject) -> EnabledProject | None:
    """The project as its files describe it now; ``None``, after a warning, when they don't."""
    try:
        description = describe(source_folders(project.path))
    except (OSError, ValueError) as error:
        LOG.warning("the enabled extension %s can't be read: %s", project.path, error)
        return None
    if not description.entry_points:
        LOG.warning("the enabled folder %s declares no extension any more; it goes on as it was", project.path)
        return None
    return _project(project.path, project.paths, description)


def _activate(path: Path) -> EnabledProject | None:
    try:
        if path.is_dir():
            return _activate_folder(path)
        command = f"localstack extensions dev disable {path}"
        LOG.warning("the enabled extension %s is gone; take it out with `%s`", path, command)
    except (OSError, ValueError) as error:  # ValueError: a DescriptionError, or a .pth file that is no text
        LOG.warning("the enabled extension %s can't be read: %s", path, error)
    return None


def _activate_folder(path: Path) -> EnabledProject | None:
    folders = source_folders(path)
    description = describe(folders)
    if not description.entry_points:
        LOG.warning("the enabled folder %s declares no extension; run `make install` in it", path)
        return None
    return _project(path, _append([*folders, *_site_packages(path)]), description)


def _project(path: Path, added: tuple[Path, ...], description: ProjectDescription) -> EnabledProject:
    if description.outdated is not None:
        LOG.warning(
            "%s declares other extensions than the last install of %s; run `make install` there to use them",
            description.outdated.name,
            path,
        )
    return EnabledProject(
        path,
        added,
        description.name,
        description.version,
        description.summary,
        description.author,
        description.entry_points,
    )


def _site_packages(path: Path) -> Iterator[Path]:
    """Where the project's ``.venv`` has its packages, unless they are for another Python than the running one."""
    mine = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = sorted((path / ".venv" / "lib").glob("python*/site-packages"))
    yield from (folder for folder in found if folder.parent.name == mine)
    others = [folder.parent.name for folder in found if folder.parent.name != mine]
    if others and len(others) == len(found):
        LOG.warning(
            "the packages in %s are for %s and LocalStack runs %s, so they are left out; "
            "run `make clean install` in %s to make the environment anew",
            path / ".venv",
            ", ".join(others),
            mine,
            path,
        )


def _append(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Append folders to ``sys.path`` with what their ``.pth`` files name, and return everything that was added.

    ``.pth`` files may put entries anywhere; those that were there before stay first, so that the host's modules win.
    """
    before = list(sys.path)
    for folder in folders:
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        if folder.name == "site-packages":
            site.addsitedir(str(folder))
    added = [entry for entry in dict.fromkeys([*map(str, folders), *sys.path]) if entry not in before]
    sys.path[:] = [*before, *added]
    return tuple(Path(entry) for entry in added)
