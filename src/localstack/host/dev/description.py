"""What a project's folder says of itself: distribution and extensions, read from its files without running them."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, PackageMetadata, PathDistribution
from pathlib import Path
from typing import Any

GROUP = "localstack.extensions"


class DescriptionError(ValueError):
    """A file of the project can't be read; the text names it and says what is wrong."""


@dataclass(frozen=True)
class ProjectDescription:
    """Distribution and extensions of a project; fields that no file fills are empty, the name is the folder's then.

    :ivar requires: what it requires, as its author writes it now, else as the last install knew it
    :ivar outdated: the author's file, if it declares an extension that the last install does not know of
    """

    name: str
    version: str = ""
    summary: str = ""
    author: str = ""
    entry_points: tuple[EntryPoint, ...] = ()
    requires: tuple[str, ...] = ()
    outdated: Path | None = None


def describe(folders: Sequence[Path]) -> ProjectDescription:
    """Read what the last install wrote, else ``pyproject.toml``, else ``setup.cfg``.

    :param folders: the project's folder, then those of its packages
    :raises DescriptionError: when a file is damaged
    """
    project = folders[0]
    by_hand = next((found for read in (_pyproject, _setup_cfg) if (found := read(project)) is not None), None)
    installed = next(_installed(folders), None)
    if installed is None:
        return by_hand.description if by_hand else ProjectDescription(project.name)
    if by_hand and by_hand.description.requires:
        installed = replace(installed, requires=by_hand.description.requires)
    if by_hand and not set(by_hand.description.entry_points) <= set(installed.entry_points):
        return replace(installed, outdated=by_hand.file)
    return installed


@dataclass(frozen=True)
class _ByHand:
    """What a file that the author writes says."""

    file: Path
    description: ProjectDescription


def _installed(folders: Sequence[Path]) -> Iterator[ProjectDescription]:
    """What installs left behind, the latest first: a project that was renamed has several."""
    project = folders[0]
    egg_infos = [file for folder in folders for file in folder.glob("*.egg-info/entry_points.txt")]
    for file in sorted([*egg_infos, *_editable_installs(project)], key=_modified, reverse=True):
        with _reading(file):
            distribution = PathDistribution(file.parent)
            entry_points = _installed_entry_points(distribution)
            metadata = distribution.metadata
        if entry_points:
            yield ProjectDescription(
                _field(metadata, "Name") or project.name,
                _field(metadata, "Version"),
                _field(metadata, "Summary"),
                _field(metadata, "Author") or _field(metadata, "Author-email"),
                entry_points,
                tuple(distribution.requires or ()),
            )


def _installed_entry_points(distribution: PathDistribution) -> tuple[EntryPoint, ...]:
    try:
        return tuple(distribution.entry_points.select(group=GROUP))
    except TypeError:  # how importlib fails at such a line
        raise ValueError("a line has no '='") from None


def _editable_installs(project: Path) -> Iterator[Path]:
    """The entry points that ``pip install --editable`` put into the project's ``.venv``.

    pip leaves no ``*.egg-info`` in the project when it builds without isolation, as the template's Makefile does.
    """
    for origin in project.glob(".venv/lib/python*/site-packages/*.dist-info/direct_url.json"):
        with _reading(origin):
            is_own = json.loads(origin.read_text(encoding="utf-8"))["url"] == project.as_uri()
        file = origin.with_name("entry_points.txt")
        if is_own and file.is_file():
            yield file


def _modified(file: Path) -> int:
    return file.stat().st_mtime_ns


def _pyproject(project: Path) -> _ByHand | None:
    file = project / "pyproject.toml"
    if not file.is_file():
        return None
    with _reading(file):
        table = _table(tomllib.loads(file.read_text(encoding="utf-8")), "project")
        entry_points = _table(_table(table, "entry-points"), GROUP)
        description = ProjectDescription(
            _text(table, "name") or project.name,
            _text(table, "version"),
            _text(table, "description"),
            _first_author(table),
            _entry_points((name, _text(entry_points, name)) for name in entry_points),
            _texts(table, "dependencies"),
        )
    return _ByHand(file, description) if description.entry_points else None


def _first_author(project: Mapping[str, Any]) -> str:
    match project.get("authors"):
        case [{"name": str(name)}, *_]:
            return name
        case _:
            return ""


def _setup_cfg(project: Path) -> _ByHand | None:
    file = project / "setup.cfg"
    if not file.is_file():
        return None
    parser = configparser.RawConfigParser()
    with _reading(file):
        parser.read_string(file.read_text(encoding="utf-8"))
        lines = parser.get("options.entry_points", GROUP, fallback="").splitlines()
        pairs = [line.partition("=") for line in lines if line.strip()]
        requires = parser.get("options", "install_requires", fallback="")
        metadata = parser["metadata"] if parser.has_section("metadata") else {}
        description = ProjectDescription(
            metadata.get("name", project.name),
            _literal(metadata.get("version", "")),
            _literal(metadata.get("description", "")),
            metadata.get("author", ""),
            _entry_points((name.strip(), value.strip()) for name, _, value in pairs),
            tuple(filter(None, (line.partition(" #")[0].strip() for line in requires.splitlines()))),
        )
    return _ByHand(file, description) if description.entry_points else None


def _entry_points(pairs: Iterable[tuple[str, str]]) -> tuple[EntryPoint, ...]:
    return tuple(EntryPoint(name, value, GROUP) for name, value in pairs)


def _field(metadata: PackageMetadata, name: str) -> str:
    return str((metadata.get_all(name) or [""])[0])


def _literal(value: str) -> str:
    """The text itself, nothing where it only points to the place that has it (``attr: package.__version__``)."""
    return "" if value.startswith(("attr:", "file:")) else value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ValueError(f"{key} is no table")
    return value


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")
    return value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key} is no list of texts")
    return tuple(value)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Name the file in what goes wrong with its content."""
    try:
        yield
    except (OSError, ValueError, TypeError, LookupError, configparser.Error) as error:
        raise DescriptionError(f"{file}: {error}") from error
