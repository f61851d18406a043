"""Making enabled folders importable: what ``EXTENSION_DEV_MODE=1`` does before extensions are loaded."""

from __future__ import annotations

import logging
import re
import site
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, PathDistribution
from importlib.util import find_spec
from pathlib import Path

from localstack.host.dev.description import ProjectDescription, describe, source_folders
from localstack.host.dev.discovery import DiscoveryError, write_entry_points
from localstack.host.dev.metadata import GROUP, DescriptionError
from localstack.host.errors import LeantoError
from localstack.host.extension.discovery import canonical_name
from localstack.host.extension.process_changes import note_nothing_of_calls_under_way

LOG = logging.getLogger(__name__)

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


@dataclass(frozen=True)
class Activation:
    """The enabled folders that are importable now, and why the others are not."""

    projects: tuple[EnabledProject, ...]
    refused: Mapping[Path, str]


def activate(paths: Iterable[Path], dependencies_of: Dependencies | None = None) -> Activation:
    """Put every folder on ``sys.path``, after what is there already, and find its extensions.

    What is wrong with one folder is logged as a warning that says what to do; that folder is left out, and the others
    go on. Call it once, before extensions are loaded.

    :param dependencies_of: asked for projects without a ``.venv`` of their own
    """
    projects: list[EnabledProject] = []
    refused = {}
    for path in paths:
        try:
            projects.append(activated(path, dependencies_of, projects))
        except DescriptionError as error:
            LOG.warning("the enabled folder %s", error)
            refused[path] = str(error)
    return Activation(tuple(projects), refused)


def activated(
    path: Path, dependencies_of: Dependencies | None, others: Iterable[EnabledProject] = ()
) -> EnabledProject:
    """Put one folder on ``sys.path``, and find its extensions.

    :param others: those that are there already
    :raises DescriptionError: when there are none, or it can't be read; the text begins with the folder
    """
    try:
        is_there = path.is_dir()
        project = _activate_folder(path, dependencies_of) if is_there else None
    except (OSError, ValueError) as error:  # damaged files, a setup.py that fails, or a .pth file that is no text
        raise DescriptionError(f"{path} can't be read: {error}") from error
    if not is_there:
        raise DescriptionError(f"{path} is gone; take it out with `localstack extensions dev disable {path}`")
    if project is None:
        table = f'[project.entry-points."{GROUP}"]'
        raise DescriptionError(
            f"{path} declares no extension; run `make install` in it, or add {table} to its pyproject.toml"
        )
    namesake = next((one for one in others if canonical_name(one.name) == canonical_name(project.name)), None)
    if namesake is not None:  # modules of the one would be taken for those of the other
        sys.path[:] = [entry for entry in sys.path if Path(entry) not in project.paths]
        command = f"localstack extensions dev disable {namesake.path}"
        raise DescriptionError(f"{path} is called {project.name}, as {namesake.path} is; `{command}` lets it run")
    return project


def banner(paths: Sequence[Path]) -> str:
    """What the log shows in developer mode, one ``mounting`` line per folder; tools look for its second line."""
    mounts = [f"- mounting extension {path}" for path in paths]
    title = "👷 LocalStack extension developer mode enabled 🏗"
    return "\n".join([_RULE, title, *mounts, "Resuming normal execution, ...", _RULE])


def renewed(project: EnabledProject, dependencies_of: Dependencies | None) -> EnabledProject:
    """The project as its files describe it now; what it requires beyond what it did is installed and importable.

    :raises DescriptionError: when they can't be read, describe no extension, or require what can't be installed
    """
    folders = source_folders(project.path)
    try:
        description = describe(folders)
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
    packages = [] if dependencies is None or dependencies in paths else [dependencies]
    return _project(project.path, (*paths, *_append([*folders, *packages])), description, dependencies)


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


def _activate_folder(path: Path, dependencies_of: Dependencies | None) -> EnabledProject | None:
    folders = source_folders(path)
    packages, dependencies = list(site_packages(path)), None
    description = describe(folders)
    if description.needs_build:
        try:
            write_entry_points(path, [*folders, *packages])
        except DiscoveryError as error:
            if not description.entry_points:
                raise
            LOG.warning("what %s requires can't be found out: %s", path, error)
        description = describe(folders)
    if not description.entry_points:
        return None
    if not packages and dependencies_of is not None:
        try:
            dependencies = dependencies_of(path, description.requires)
        except LeantoError as error:
            what_to_do = f"; {error.hint}" if error.hint else ""
            LOG.warning("what %s requires is not installed: %s%s", path, error.message, what_to_do)
            description = replace(description, requires=())  # the next save tries it again
    if dependencies is not None:
        packages = [dependencies]
    added = _append([*folders, *packages])
    for own, first in _hidden_modules(description.entry_points, folders):
        LOG.warning("%s is hidden by %s, which is found first: give one of the two another name", own, first)
    return _project(path, added, description, dependencies)


def _hidden_modules(entry_points: Iterable[EntryPoint], folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Top-level modules of a project that an import does not find, and what it finds in their place."""
    for name in dict.fromkeys(re.split("[.:]", point.value, maxsplit=1)[0].strip() for point in entry_points):
        places = (path for folder in folders for path in (folder / name / "__init__.py", folder / f"{name}.py"))
        own = next(filter(Path.is_file, places), None)
        with suppress(ImportError, ValueError):  # a module that says nothing of where it is from
            found = find_spec(name) if own is not None else None
            if own is not None and found is not None and found.origin and not _is_in(own, found.origin):
                yield own, found.origin if found.has_location else f"Python's own module {name}"


def _is_in(file: Path, origin: str) -> bool:
    """Whether a module's origin is that file; there is none of what is built in, or in an archive."""
    with suppress(OSError):
        return file.samefile(origin)
    return False


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
    """Where the project's ``.venv`` has its packages.

    Left out are those for another Python than the running one, and those with upstream's code among them: modules that
    this host has not would come from there, and call what it has in another form.
    """
    mine = f"python{sys.version_info.major}.{sys.version_info.minor}"
    found = sorted((path / ".venv" / "lib").glob("python*/site-packages"))
    for folder in found:
        if folder.parent.name != mine:
            continue
        if upstream := _upstream_in(folder):
            LOG.warning(
                "the packages in %s are left out: upstream's code is among them (%s), and this host takes its place; "
                "take it away with `%s -m pip uninstall %s`",
                path / ".venv",
                ", ".join(upstream),
                path / ".venv" / "bin" / "python",
                " ".join(upstream),
            )
        else:
            yield folder
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


def _upstream_in(packages: Path) -> list[str]:
    """Upstream's own distributions in an environment, e.g. ``["localstack", "localstack-core"]``."""
    found = list(packages.glob("localstack*.dist-info"))
    if not found:
        return []
    from localstack.host.environment.provided import is_provided, is_stand_in  # slow to import

    names = {path.name.partition("-")[0].replace("_", "-") for path in found if not is_stand_in(PathDistribution(path))}
    return sorted(filter(is_provided, names))


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
    note_nothing_of_calls_under_way()
    return tuple(Path(entry) for entry in added)
