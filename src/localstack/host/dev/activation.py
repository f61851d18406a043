"""Making enabled folders importable: what ``EXTENSION_DEV_MODE=1`` does before extensions are loaded."""

from __future__ import annotations

import logging
import site
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

from localstack.host.dev.description import DescriptionError, ProjectDescription, describe
from localstack.host.dev.discovery import write_entry_points
from localstack.host.errors import LeantoError

LOG = logging.getLogger(__name__)

SOURCE_FOLDERS = ("src", "backend")
"""Where a project may keep its packages beside its own folder; the documented React layout uses ``backend``."""

_RULE = "=" * 50

Dependencies = Callable[[Path, Sequence[str]], Path | None]
"""Installs what the project in a folder requires, and returns where it is; ``None`` where the host has it all.

It raises a ``LeantoError`` when it can't.
"""


@dataclass(frozen=True)
class EnabledProject:
    """A folder that runs from its source.

    :ivar path: the enabled folder
    :ivar paths: what was appended to ``sys.path`` for it: the folder, its ``src``, its ``.venv``'s packages
    :ivar entry_points: its extensions, all of group ``localstack.extensions``
    :ivar requires: what it requires, as in ``Requires-Dist``
    :ivar dependencies: where that was installed for it; ``None`` with a ``.venv`` of its own, or where the host has it
    """

    path: Path
    paths: tuple[Path, ...]
    name: str
    version: str
    summary: str
    author: str
    entry_points: tuple[EntryPoint, ...]
    requires: tuple[str, ...]
    dependencies: Path | None


def activate(paths: Sequence[Path], dependencies_of: Dependencies | None = None) -> tuple[EnabledProject, ...]:
    """Put every folder on ``sys.path``, after what is there already, and find its extensions.

    What is wrong with one folder is logged as a warning that says what to do; that folder is left out, and the others
    go on. Call it once, before extensions are loaded.

    :param dependencies_of: asked for projects without a ``.venv`` of their own
    """
    return tuple(project for path in paths if (project := _activate(path, dependencies_of)) is not None)


def banner(paths: Sequence[Path]) -> str:
    """What the log shows in developer mode, one ``mounting`` line per folder; tools look for its second line."""
    mounts = [f"- mounting extension {path}" for path in paths]
    title = "👷 LocalStack extension developer mode enabled 🏗"
    return "\n".join([_RULE, title, *mounts, "Resuming normal execution, ...", _RULE])


def source_folders(path: Path) -> list[Path]:
    """A project's folder, and those in it where packages are."""
    return [path, *(path / name for name in SOURCE_FOLDERS if (path / name).is_dir())]


def renewed(project: EnabledProject, dependencies_of: Dependencies | None) -> EnabledProject:
    """The project as its files describe it now; what it requires beyond what it did is installed and importable.

    :raises DescriptionError: when they can't be read, describe no extension, or require what can't be installed
    """
    try:
        description = describe(source_folders(project.path))
    except OSError as error:
        raise DescriptionError(str(error)) from error
    if not description.entry_points:
        raise DescriptionError(f"{project.path} declares no extension any more")
    dependencies = project.dependencies
    if (
        description.requires != project.requires
        and dependencies_of is not None
        and not any(site_packages(project.path))
    ):
        try:
            dependencies = dependencies_of(project.path, description.requires)
        except LeantoError as error:
            raise DescriptionError(f"what {project.path} requires is not installed: {error.message}") from error
    paths = tuple(path for path in project.paths if path != project.dependencies or path == dependencies)
    sys.path[:] = [entry for entry in sys.path if Path(entry) in paths or Path(entry) not in project.paths]
    added = [] if dependencies is None or dependencies in paths else [dependencies]
    return _project(project.path, (*paths, *_append(added)), description, dependencies)


def replaced_packages(before: EnabledProject, after: EnabledProject) -> Iterator[str]:
    """Packages that a project required in another version before; what was imported of them stays so."""
    old, new = before.dependencies, after.dependencies
    if old is None or old == new:
        return
    staying = {path.name for path in new.glob("*.dist-info")} if new else set()
    for path in sorted(old.glob("*.dist-info")):
        modules = {file.parts[0].removesuffix(".py") for file in PathDistribution(path).files or ()}
        if path.name not in staying and not modules.isdisjoint(sys.modules):
            yield f"{path.name.removesuffix('.dist-info')} may still be in use"


def _activate(path: Path, dependencies_of: Dependencies | None) -> EnabledProject | None:
    try:
        if path.is_dir():
            return _activate_folder(path, dependencies_of)
        command = f"localstack extensions dev disable {path}"
        LOG.warning("the enabled extension %s is gone; take it out with `%s`", path, command)
    except (
        OSError,
        ValueError,
    ) as error:  # ValueError: damaged files, a setup.py that fails, or a .pth file that is no text
        LOG.warning("the enabled extension %s can't be read: %s", path, error)
    return None


def _activate_folder(path: Path, dependencies_of: Dependencies | None) -> EnabledProject | None:
    folders = source_folders(path)
    description = describe(folders)
    if not description.entry_points:
        write_entry_points(path, [*folders, *site_packages(path)])
        description = describe(folders)
    if not description.entry_points:
        LOG.warning("the enabled folder %s declares no extension; run `make install` in it", path)
        return None
    packages, dependencies = list(site_packages(path)), None
    if not packages and dependencies_of is not None:
        try:
            dependencies = dependencies_of(path, description.requires)
        except LeantoError as error:
            LOG.warning("what %s requires is not installed: %s; %s", path, error.message, error.hint)
    if dependencies is not None:
        packages = [dependencies]
    return _project(path, _append([*folders, *packages]), description, dependencies)


def _project(
    path: Path, added: tuple[Path, ...], description: ProjectDescription, dependencies: Path | None
) -> EnabledProject:
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
        description.requires,
        dependencies,
    )


def site_packages(path: Path) -> Iterator[Path]:
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
