"""What an index and an installer learn of a project: its metadata, with the lines that say it. Nothing of it is run."""

from __future__ import annotations

import configparser
import email
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Any

_LINE = re.compile(r"line:?\s+(\d+)")


class UnreadableFileError(ValueError):
    """A file that describes the project is damaged.

    :ivar line: where, ``None`` when that is not known
    """

    def __init__(self, file: Path, error: Exception) -> None:
        message = " ".join(str(error).replace("\n", " ").replace("'<string>', ", "").split())
        super().__init__(message)
        self.file = file
        found = _LINE.search(message)
        self.line = int(found[1]) if found else None


@dataclass(frozen=True)
class ProjectMetadata:
    """Metadata by the standard's names; what is not said is empty.

    :ivar file: where the author writes it
    :ivar text: that file's
    :ivar readme: its path from the project's folder, e.g. ``"README.md"``
    :ivar urls: labels in lower case and addresses, e.g. ``(("homepage", "https://example.com"),)``
    :ivar later: fields that only a build fills (``dynamic``, ``attr:``), or that are no file but the text itself
    """

    file: Path
    text: str
    name: str = ""
    version: str = ""
    summary: str = ""
    author: str = ""
    license: str = ""
    readme: str = ""
    requires_python: str = ""
    urls: tuple[tuple[str, str], ...] = ()
    later: frozenset[str] = frozenset()

    def says(self, field: str) -> bool:
        """Whether a field is filled, or will be by a build."""
        return bool(getattr(self, field)) or field in self.later

    def line_of(self, keys: Iterable[str]) -> int:
        """The line of the first of ``keys`` that is there, else that of the section they belong to, else 1."""
        lines = self.text.splitlines()
        for pattern in (*(rf"\s*{re.escape(key)}\s*[=:]" for key in keys), r"\[(project|metadata)\]"):
            for number, line in enumerate(lines, 1):
                if re.match(pattern, line):
                    return number
        return 1


def read_metadata(project: Path) -> ProjectMetadata | None:
    """Read ``pyproject.toml``, else ``setup.cfg``, else what a build left behind; ``None`` when nothing says anything.

    What ``setup.cfg`` leaves to ``setup.py`` is taken from the last build, too.

    :raises UnreadableFileError: when a file is damaged
    """
    found = _pyproject(project / "pyproject.toml")
    if found is not None:
        return found
    by_hand, built = _setup_cfg(project / "setup.cfg"), _built(project)
    if by_hand is None or built is None:
        return by_hand or built
    missing = (field for field in _TEXTS if not by_hand.says(field))
    changes: dict[str, Any] = {field: getattr(built, field) for field in missing}
    return replace(by_hand, **changes, urls=by_hand.urls or built.urls)


_TEXTS = ("name", "version", "summary", "author", "license", "readme", "requires_python")
_STANDARD_NAMES = {"description": "summary", "requires-python": "requires_python", "authors": "author"}
"""Keys of ``[project]`` whose fields have other names here."""


def _pyproject(file: Path) -> ProjectMetadata | None:
    text = _text_of(file)
    if text is None:
        return None
    try:
        project = tomllib.loads(text).get("project")
        if project is None:
            return None
        if not isinstance(project, dict):
            raise ValueError("project is no table")
    except ValueError as error:
        raise UnreadableFileError(file, error) from error
    dynamic = project.get("dynamic")
    later = [*dynamic] if isinstance(dynamic, list) else []
    if "text" in _table(project.get("readme")):
        later.append("readme")
    return ProjectMetadata(
        file,
        text,
        name=_string(project.get("name")),
        version=_string(project.get("version")),
        summary=_string(project.get("description")),
        author=_first_person([project.get("authors"), project.get("maintainers")]),
        license=_license(project),
        readme=_file_of(project.get("readme")),
        requires_python=_string(project.get("requires-python")),
        urls=tuple((str(label).lower(), str(url)) for label, url in _table(project.get("urls")).items()),
        later=frozenset(_STANDARD_NAMES.get(str(key), str(key)) for key in later),
    )


def _setup_cfg(file: Path) -> ProjectMetadata | None:
    text = _text_of(file)
    if text is None:
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise UnreadableFileError(file, error) from error
    if not parser.has_section("metadata"):
        return None
    values = {key.replace("-", "_"): value.strip() for key, value in parser["metadata"].items()}
    long, version = values.get("long_description", ""), values.get("version", "")
    later = {"version"} if version.startswith(("attr:", "file:")) else set()
    if long and not long.startswith("file:"):
        later.add("readme")
    pairs = (line.partition("=") for line in values.get("project_urls", "").splitlines())
    urls = [("homepage", values.get("url", "")), *((label.strip().lower(), url.strip()) for label, _, url in pairs)]
    return ProjectMetadata(
        file,
        text,
        name=values.get("name", ""),
        version="" if "version" in later else version,
        summary=values.get("description", values.get("summary", "")),
        author=values.get("author") or values.get("author_email", ""),
        license=values.get("license", "") or _license_classifier(values.get("classifiers", "").splitlines()),
        readme="" if "readme" in later else long.removeprefix("file:").split(",")[0].strip(),
        requires_python=parser.get("options", "python_requires", fallback="").strip(),
        urls=tuple((label, url) for label, url in urls if url),
        later=frozenset(later),
    )


def _built(project: Path) -> ProjectMetadata | None:
    """What the last build wrote: ``PKG-INFO`` of an egg-info, in the folder or in ``src``."""
    files = sorted([*project.glob("*.egg-info/PKG-INFO"), *project.glob("src/*.egg-info/PKG-INFO")])
    if not files:
        return None
    message = email.message_from_string(_text_of(files[-1]) or "")
    setup = project / "setup.py"
    pairs = (str(entry).partition(",") for entry in message.get_all("Project-URL", ()))
    return ProjectMetadata(
        setup if setup.is_file() else files[-1],
        _text_of(setup) or "",
        name=_header(message, "Name"),
        version=_header(message, "Version"),
        summary=_header(message, "Summary"),
        author=_header(message, "Author") or _header(message, "Author-Email"),
        license=_header(message, "License-Expression")
        or _header(message, "License")
        or _license_classifier(map(str, message.get_all("Classifier", ()))),
        readme=next((file.name for file in sorted(project.glob("README*"))), "") if message.get_payload() else "",
        requires_python=_header(message, "Requires-Python"),
        urls=(
            ("homepage", _header(message, "Home-Page")),
            *((label.strip().lower(), url.strip()) for label, _, url in pairs),
        ),
    )


def _text_of(file: Path) -> str | None:
    if not file.is_file():
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(file, error) from error


def _license(project: Mapping[str, Any]) -> str:
    """An expression, or the text or file that says it."""
    said = _file_or_text(project.get("license"))
    classifiers = project.get("classifiers")
    return said or _license_classifier(map(str, classifiers) if isinstance(classifiers, list) else ())


def _license_classifier(classifiers: Iterable[str]) -> str:
    return next((one.strip() for one in classifiers if one.strip().startswith("License ::")), "")


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


def _string(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _table(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _header(message: Message, name: str) -> str:
    value = str(message.get(name, "")).strip()
    return "" if value == "UNKNOWN" else value
