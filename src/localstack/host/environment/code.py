"""The code of a distribution as text, from a wheel, an archive, a folder or an environment. Nothing of it runs."""

from __future__ import annotations

import configparser
import email
import os
import tarfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

from packaging.utils import canonicalize_name

from localstack.host.environment.wheel import UNZIP_ERRORS
from localstack.host.errors import ResolutionError

_COMPILED = (".so", ".pyd", ".pyc")
_LOADED_GROUPS = ("localstack.extensions", "localstack.init.runner")
"""Entry points of these groups are imported by the host."""

_MOST_BYTES = 5_000_000
"""Larger files are data."""

_NO_SOURCE_FOLDERS = {"build", "dist", "node_modules", "__pycache__", "site-packages"}
_ROOTS = ("src", "backend", "")
"""Folders of a project in which its packages may lie."""


@dataclass(frozen=True)
class Code:
    """The modules of one distribution.

    :ivar name: as its author writes it
    :ivar version: empty when only its build knows it
    :ivar files: content of each ``.py`` file by its path from the import root, e.g. ``"my_package/extension.py"``
    :ivar compiled: paths of the modules that are not text
    :ivar entry_points: modules that the host imports to load it, e.g. ``("my_package.extension",)``
    :ivar requires: requirements as the metadata has them, ``name>=1; marker``
    """

    name: str
    version: str
    files: Mapping[str, bytes]
    compiled: frozenset[str]
    entry_points: tuple[str, ...]
    requires: tuple[str, ...]

    @property
    def canonical_name(self) -> str:
        return canonicalize_name(self.name)

    @cached_property
    def modules(self) -> Mapping[str, str | None]:
        """File of each module; ``None`` for one that is compiled, or is a folder without an ``__init__.py``."""
        found: dict[str, str | None] = {}
        for path in (*self.files, *self.compiled):
            parts = list(PurePosixPath(path).parts)
            parts[-1] = parts[-1].partition(".")[0]
            if parts[-1] == "__init__":
                parts.pop()
            for end in range(1, len(parts)):
                found.setdefault(".".join(parts[:end]), None)
            if parts:
                found[".".join(parts)] = path if path in self.files else found.get(".".join(parts))
        return found


def code_of_wheel(path: Path) -> Code:
    """:raises ResolutionError: when it is no wheel"""
    try:
        with ZipFile(path) as archive:
            entries = ((entry.filename, entry.file_size, entry) for entry in archive.infolist())
            contents = {name: archive.read(entry) for name, size, entry in entries if _is_read(name, size)}
            names = archive.namelist()
    except UNZIP_ERRORS as error:
        raise _unreadable(path, error) from error
    return _code_of_installed_files(contents, names)


def code_of_source_archive(path: Path) -> Code:
    """The same of a source archive as it is, which a build may change. :raises ResolutionError: when it is none"""
    try:
        contents = dict(_members(path))
    except (*UNZIP_ERRORS, tarfile.TarError) as error:
        raise _unreadable(path, error) from error
    tops = {name.partition("/")[0] for name in contents}
    top = f"{tops.pop()}/" if len(tops) == 1 else ""
    return _code_of_project({name.removeprefix(top): content for name, content in contents.items()}, path.name)


def code_of_folder(folder: Path) -> Code:
    """The same of a project's folder as it is, which a build may change."""
    contents: dict[str, bytes] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NO_SOURCE_FOLDERS and not name.startswith(".")]
        for path in (Path(place, name) for name in files):
            relative = path.relative_to(folder).as_posix()
            if path.is_file() and _is_read(relative, path.stat().st_size):
                contents[relative] = path.read_bytes()
    return _code_of_project(contents, folder.name)


def code_of_installed(found: Distribution) -> Code:
    """The same of an installed distribution."""
    paths = {file.as_posix(): Path(str(file.locate())) for file in found.files or ()}
    present = {name: path for name, path in paths.items() if path.is_file() and ".." not in name}
    contents = {name: path.read_bytes() for name, path in present.items() if _is_read(name, path.stat().st_size)}
    return _code_of_installed_files(contents, present)


def _code_of_installed_files(contents: Mapping[str, bytes], names: Iterable[str]) -> Code:
    info = {path.rpartition("/")[2]: text for path, text in contents.items() if ".dist-info/" in path}
    metadata = email.message_from_bytes(info.get("METADATA", b""))
    return Code(
        name=str(metadata.get("Name", "?")),
        version=str(metadata.get("Version", "")),
        files={path: text for path, text in contents.items() if path.endswith(".py")},
        compiled=_compiled(names),
        entry_points=_entry_points(_ini(info.get("entry_points.txt", b""))),
        requires=tuple(map(str, metadata.get_all("Requires-Dist", ()))),
    )


def _code_of_project(contents: Mapping[str, bytes], fallback: str) -> Code:
    """Name, requirements and entry points are what its files say without being run."""
    project = _project_table(contents.get("pyproject.toml", b""))
    setup = _ini(contents.get("setup.cfg", b""))
    built = {path.rpartition("/")[2]: text for path, text in contents.items() if ".egg-info/" in path}
    metadata = email.message_from_bytes(contents.get("PKG-INFO") or built.get("PKG-INFO") or b"")
    points = _toml_points(project) or _setup_points(setup) or _entry_points(_ini(built.get("entry_points.txt", b"")))
    setup_requires = setup.get("options", "install_requires", fallback="").splitlines()
    requires = project.get("dependencies") or metadata.get_all("Requires-Dist", ()) or filter(None, setup_requires)
    files = {path: text for path, text in contents.items() if path.endswith(".py")}
    root = next((root for root in _ROOTS if any(_is_at(point, root, files) for point in points)), "")
    prefix = f"{root}/" if root else ""
    return Code(
        name=str(project.get("name") or metadata.get("Name") or setup.get("metadata", "name", fallback=fallback)),
        version=str(project.get("version") or metadata.get("Version") or ""),
        files={path.removeprefix(prefix): text for path, text in files.items() if path.startswith(prefix)},
        compiled=frozenset(),
        entry_points=points,
        requires=tuple(map(str, requires)),
    )


def _is_read(path: str, size: int) -> bool:
    is_metadata = ".dist-info/" in path or ".egg-info/" in path
    name = path.rpartition("/")[2]
    is_wanted = name.endswith((".py", "pyproject.toml", "setup.cfg", "PKG-INFO"))
    return (is_wanted or (is_metadata and name in ("METADATA", "entry_points.txt"))) and size <= _MOST_BYTES


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix == ".zip":
        with ZipFile(path) as archive:
            for entry in archive.infolist():
                if _is_read(entry.filename, entry.file_size):
                    yield entry.filename, archive.read(entry)
        return
    with tarfile.open(path) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() and _is_read(member.name, member.size) else None
            if file is not None:
                yield member.name.removeprefix("./"), file.read()


def _compiled(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.endswith(_COMPILED) and "__pycache__/" not in name)


def _project_table(text: bytes) -> Mapping[str, Any]:
    try:
        table = tomllib.loads(text.decode(errors="replace")).get("project", {})
    except tomllib.TOMLDecodeError:
        return {}
    return table if isinstance(table, dict) else {}


def _ini(text: bytes) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text.decode(errors="replace"))
    except configparser.Error:
        return configparser.ConfigParser()
    return parser


def _entry_points(parser: configparser.ConfigParser) -> tuple[str, ...]:
    values = (value for group in _LOADED_GROUPS if parser.has_section(group) for _, value in parser.items(group))
    return _modules_of(values)


def _toml_points(project: Mapping[str, Any]) -> tuple[str, ...]:
    groups = project.get("entry-points", {})
    return _modules_of(value for group in _LOADED_GROUPS for value in groups.get(group, {}).values())


def _setup_points(setup: configparser.ConfigParser) -> tuple[str, ...]:
    groups = (setup.get("options.entry_points", group, fallback="") for group in _LOADED_GROUPS)
    return _modules_of(line.partition("=")[2] for group in groups for line in group.splitlines() if "=" in line)


def _modules_of(references: Iterable[str]) -> tuple[str, ...]:
    """``my_package.extension`` of ``my_package.extension:MyExtension [extra]``."""
    return tuple(dict.fromkeys(reference.partition(":")[0].strip() for reference in references))


def _is_at(module: str, root: str, files: Mapping[str, bytes]) -> bool:
    path = PurePosixPath(root, *module.split("."))
    return f"{path}.py" in files or f"{path}/__init__.py" in files


def _unreadable(path: Path, error: Exception) -> ResolutionError:
    return ResolutionError(f"{path} can't be read: {error}", "build or fetch it again")
