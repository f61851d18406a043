"""Reading ``pyproject.toml``: the standard's table, and the one that Poetry had before."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localstack.host.dev.metadata import (
    GROUP,
    ProjectMetadata,
    UnreadableFileError,
    entry_points,
    license_classifier,
    line_of,
    text_of,
)

_FIELDS = {
    "description": "summary",
    "requires-python": "requires_python",
    "authors": "author",
    "entry-points": "entry_points",
    "dependencies": "requires",
}
"""Keys of ``[project]`` whose fields have other names here."""
_ADDRESS = re.compile(r"\s*<[^>]*>\s*$")
_BOUND = re.compile(r"(?P<operator>\^|~)(?!=)\s*(?P<version>\d+(?:\.\d+)*)")


def read_pyproject(project: Path) -> ProjectMetadata | None:
    """What ``pyproject.toml`` says; ``None`` without one, or when it is silent about the project.

    :raises UnreadableFileError: when it is damaged, or a value is of the wrong type
    """
    file = project / "pyproject.toml"
    text = text_of(file)
    if text is None:
        return None
    try:
        document = _Table(tomllib.loads(text), "")
        if "project" in document.values:
            return _standard(document.table("project"), file, text)
        tool = document.table("tool")
        return _poetry(tool.table("poetry"), file, text) if "poetry" in tool.values else None
    except _WrongTypeError as error:
        raise UnreadableFileError(file, error, line_of(text, [error.key])) from error
    except ValueError as error:
        raise UnreadableFileError(file, error) from error


class _WrongTypeError(ValueError):
    """A value is of another type than the standard says."""

    def __init__(self, place: str, key: str, expected: str) -> None:
        super().__init__(f"{place}{key} is no {expected}")
        self.key = key


@dataclass(frozen=True)
class _Table:
    """A table and its place in the document, e.g. ``"project."``."""

    values: Mapping[str, Any]
    place: str

    def table(self, key: str) -> _Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise _WrongTypeError(self.place, key, "table")
        return _Table(value, f"{self.place}{key}.")

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            raise _WrongTypeError(self.place, key, "text")
        return value.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise _WrongTypeError(self.place, key, "list of texts")
        return tuple(value)

    def pairs(self) -> Iterator[tuple[str, str]]:
        return ((key, self.text(key)) for key in self.values)


def _standard(project: _Table, file: Path, text: str) -> ProjectMetadata:
    dynamic = [_FIELDS.get(key, key) for key in project.texts("dynamic")]
    readme = project.values.get("readme")
    if isinstance(readme, dict) and "text" in readme:
        dynamic.append("readme")
    return ProjectMetadata(
        file,
        text,
        name=project.text("name"),
        version=project.text("version"),
        summary=project.text("description"),
        author=_first_person(project.values.get(key) for key in ("authors", "maintainers")),
        license=_file_or_text(project.values.get("license")) or license_classifier(project.texts("classifiers")),
        readme=_file_of(readme),
        requires_python=project.text("requires-python"),
        urls=tuple((label.lower(), url) for label, url in project.table("urls").pairs()),
        entry_points=entry_points(project.table("entry-points").table(GROUP).pairs()),
        requires=project.texts("dependencies"),
        later=frozenset(dynamic),
    )


def _poetry(poetry: _Table, file: Path, text: str) -> ProjectMetadata:
    authors = poetry.texts("authors")
    readme = poetry.values.get("readme")
    addresses = ((key, poetry.text(key)) for key in ("homepage", "repository", "documentation"))
    labelled = ((label.lower(), url) for label, url in poetry.table("urls").pairs())
    dependencies = poetry.table("dependencies").values
    return ProjectMetadata(
        file,
        text,
        name=poetry.text("name"),
        version=poetry.text("version"),
        summary=poetry.text("description"),
        author=_ADDRESS.sub("", authors[0]) if authors else "",
        license=poetry.text("license") or license_classifier(poetry.texts("classifiers")),
        readme=str(readme[0]) if isinstance(readme, list) and readme else _file_of(readme),
        requires_python=_specifier(dependencies.get("python")) or "",
        urls=tuple((label, url) for label, url in (*addresses, *labelled) if url),
        entry_points=entry_points(poetry.table("plugins").table(GROUP).pairs()),
        requires=tuple(_requirements(dependencies)),
    )


def _requirements(dependencies: Mapping[str, Any]) -> Iterator[str]:
    """Poetry's requirements as the standard writes them; those that it can't say so are left out."""
    for name, value in dependencies.items():
        specifier = _specifier(value)
        is_optional = isinstance(value, dict) and value.get("optional")
        if name != "python" and specifier is not None and not is_optional:
            extras = value.get("extras", ()) if isinstance(value, dict) else ()
            yield f"{name}[{','.join(map(str, extras))}]{specifier}" if extras else f"{name}{specifier}"


def _specifier(value: object) -> str | None:
    """Poetry's range of versions as the standard writes it, e.g. ``">=1.2,<2"`` for ``"^1.2"``."""
    if isinstance(value, dict):
        value = value.get("version")
    if not isinstance(value, str) or "|" in value:
        return None
    bounds = [one.strip() for one in value.split(",") if one.strip() not in ("", "*")]
    return ",".join(map(_bound, bounds))


def _bound(text: str) -> str:
    match = _BOUND.fullmatch(text)
    if match is None:
        return f"=={text}" if text[0].isdigit() else text
    parts = [int(part) for part in match["version"].split(".")]
    if match["operator"] == "^":
        kept = next((at for at, part in enumerate(parts) if part), len(parts) - 1)
    else:
        kept = min(1, len(parts) - 1)
    return f">={match['version']},<{'.'.join(map(str, [*parts[:kept], parts[kept] + 1]))}"


def _file_or_text(value: object) -> str:
    match value:
        case str(text) | {"file": str(text)} | {"text": str(text)}:
            return text
        case _:
            return ""


def _file_of(readme: object) -> str:
    match readme:
        case str(name) | {"file": str(name)}:
            return name
        case _:
            return ""


def _first_person(groups: Iterable[object]) -> str:
    for group in groups:
        match group:
            case [{"name": str(name)}, *_] | [{"email": str(name)}, *_]:
                return name
    return ""
