"""Whether a project is ready to be published: metadata, entry points, what it imports, types, the README's badge."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from localstack.host.dev.badge import PICTURE_FILE, Badge, badges_in
from localstack.host.dev.description import read_metadata, source_folders
from localstack.host.dev.entry_points import entry_points_of
from localstack.host.dev.findings import Area, ProjectFinding, Severity
from localstack.host.dev.metadata import ProjectMetadata, UnreadableFileError, line_with
from localstack.host.dev.repository import repository_of
from localstack.host.dev.type_check import type_findings
from localstack.host.environment.compatibility import Colour
from localstack.host.environment.compatibility import Finding as MissingName
from localstack.host.environment.contract import is_for_hosts
from localstack.host.environment.inspection import check_source
from localstack.host.environment.source import FolderSource
from localstack.host.errors import InstallError
from localstack.host.redaction import redacted

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_BADGE_COMMAND = "`localstack extensions dev badge` prints it"


@dataclass(frozen=True)
class ProjectReport:
    """What was found; ``title`` is name and version, or the folder's name."""

    title: str
    findings: tuple[ProjectFinding, ...]

    def count(self, severity: Severity) -> int:
        return sum(finding.severity is severity for finding in self.findings)


def check_project(project: Path, environ: Mapping[str, str]) -> ProjectReport:
    """Read a project as indexes, installers and this host will; only mypy is run, nothing of the project.

    :param environ: what the installer is asked with about packages that the project requires
    """
    try:
        metadata = read_metadata(project)
    except UnreadableFileError as error:
        file = error.file.relative_to(project).as_posix()
        hint = "mend it first: nothing else was looked at"
        return ProjectReport(project.name, (_metadata_error(f"can't be read: {error.reason}", hint, file, error.line),))
    folders = source_folders(project)
    points, about_points = entry_points_of(folders)
    findings = [*_metadata_findings(metadata, project), *about_points]
    if points:
        findings += _contract_findings(project, folders, environ)
        about_types = type_findings(project, (point.module for point in points), folders)
        findings += [finding for finding in about_types if not _is_told(finding, findings)]
    if metadata is not None:
        findings += _badge_findings(metadata, project)
    title = f"{metadata.name or project.name} {metadata.version}".strip() if metadata else project.name
    return ProjectReport(title, tuple(findings))


def _is_told(about_types: ProjectFinding, findings: Iterable[ProjectFinding]) -> bool:
    """Whether what mypy says was found without it: of that line, or a file that is no Python."""
    is_syntax = about_types.message.endswith("[syntax]")
    return any(one.file == about_types.file and (is_syntax or one.line == about_types.line) for one in findings)


def _metadata_findings(metadata: ProjectMetadata | None, project: Path) -> Iterator[ProjectFinding]:
    if metadata is None:
        file = next((name for name in ("setup.py", "pyproject.toml") if (project / name).is_file()), None)
        hint = "add a table [project] to pyproject.toml, or run `make install` so that a build says it"
        yield _metadata_error("nothing says what the project is called", hint, file, 1 if file else None)
        return
    file = metadata.file.relative_to(project).as_posix()
    yield from _identity_findings(metadata, file)
    for field, keys, what, hint in _WANTED:
        if not metadata.says(field):
            message = f"the project has no {what}"
            yield ProjectFinding(Severity.WARNING, Area.METADATA, message, f"add {hint}", file, metadata.line_of(keys))
    if metadata.readme and not (project / metadata.readme).is_file():
        yield _metadata_error(
            f"the readme {metadata.readme} is not there",
            "write it, or name another",
            file,
            metadata.line_of(("readme", "long_description")),
        )
    if "\n" in metadata.summary:
        yield _metadata_error(
            "the summary has several lines", "keep one", file, metadata.line_of(("description", "summary"))
        )
    yield from _python_findings(metadata, file)
    yield from _requirement_findings(metadata, file)


_WANTED = (
    ("summary", ("description",), "summary", "description, one line: it is the extension's title in lists"),
    ("author", ("authors", "author"), "author", "the name of who publishes it"),
    ("license", ("license",), "license", 'one, e.g. "Apache-2.0": without it nobody may use the extension'),
    ("readme", ("readme", "long_description"), "readme", "README.md: it is the page of the project on PyPI"),
    (
        "requires_python",
        ("requires-python", "python_requires"),
        "requires-python",
        f'">={sys.version_info.major}.{sys.version_info.minor}", or the oldest Python it runs with',
    ),
)
"""Field, its keys, what it is called, and what to add."""


def _identity_findings(metadata: ProjectMetadata, file: str) -> Iterator[ProjectFinding]:
    name_line, version_line = metadata.line_of(("name",)), metadata.line_of(("version",))
    if not metadata.name:
        yield _metadata_error("the project has no name", "add one", file, name_line)
    elif not _NAME.fullmatch(metadata.name):
        hint = "use letters, digits, '-', '_' and '.', with a letter or digit at both ends"
        yield _metadata_error(f"{metadata.name!r} is no name of a distribution", hint, file, name_line)
    if not metadata.says("version"):
        yield _metadata_error("the project has no version", 'add one, e.g. "0.1.0"', file, version_line)
    elif metadata.version:
        try:
            Version(metadata.version)
        except InvalidVersion:
            yield _metadata_error(
                f"{metadata.version!r} is no version", 'write for example "0.1.0"', file, version_line
            )


def _python_findings(metadata: ProjectMetadata, file: str) -> Iterator[ProjectFinding]:
    if not metadata.requires_python:
        return
    line = metadata.line_of(("requires-python", "python_requires"))
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        specifier = SpecifierSet(metadata.requires_python)
    except InvalidSpecifier:
        hint = 'write for example ">=3.11"'
        yield _metadata_error(f"{metadata.requires_python!r} is no range of versions of Python", hint, file, line)
        return
    if not specifier.contains(here, prereleases=True):
        message = f"requires-python {metadata.requires_python} excludes Python {here}, which runs this host"
        yield _metadata_error(message, "widen it", file, line)


def _requirement_findings(metadata: ProjectMetadata, file: str) -> Iterator[ProjectFinding]:
    for text in metadata.requires:
        try:
            Requirement(text)
        except InvalidRequirement:
            line = line_with(metadata.text, text) or metadata.line_of(("dependencies", "install_requires"))
            yield _metadata_error(f"{redacted(text)!r} is no requirement", 'write for example "click>=8.1"', file, line)


def _contract_findings(project: Path, folders: Sequence[Path], environ: Mapping[str, str]) -> Iterator[ProjectFinding]:
    try:
        compatibility = check_source(FolderSource(project, ()), str(project), environ)
    except InstallError as error:
        yield ProjectFinding(Severity.ERROR, Area.CONTRACT, error.message, error.hint or "")
        return
    for finding in compatibility.findings:
        severity = Severity.ERROR if finding.colour is Colour.RED else Severity.WARNING
        message, hint = _told(finding)
        file = _in_project(finding.file, project, folders)
        yield ProjectFinding(severity, Area.CONTRACT, message, hint, file, finding.line)


def _told(finding: MissingName) -> tuple[str, str]:
    why = f" ({finding.reason})" if finding.reason else ""
    if is_for_hosts(finding.name):
        return f"this host does not have {finding.name}{why}", "docs/contract.md has what it offers"
    if "," in finding.name:  # a package, which nothing brings
        return finding.name + why, "add its distribution to the project's dependencies"
    if " " in finding.name:  # the text can't be read
        return finding.name + why, "correct it"
    return f"there is no {finding.name}{why}", "write it, or correct the import"


def _in_project(file: str, project: Path, folders: Iterable[Path]) -> str:
    """Path from the project's folder of a file that is named from an import root."""
    found = next((folder / file for folder in reversed([*folders]) if (folder / file).is_file()), None)
    return found.relative_to(project).as_posix() if found else file


def _badge_findings(metadata: ProjectMetadata, project: Path) -> Iterator[ProjectFinding]:
    readme = project / metadata.readme
    if not readme.is_file():
        return
    file = readme.relative_to(project).as_posix() if readme.is_relative_to(project) else str(readme)
    text = readme.read_text(encoding="utf-8", errors="replace")
    found = list(badges_in(text))
    if not found:
        message = "the README has no badge to install the extension with"
        yield ProjectFinding(Severity.WARNING, Area.BADGE, message, _BADGE_COMMAND, file, 1)
        return
    if PICTURE_FILE.name in text and not (project / PICTURE_FILE.name).is_file():
        message = f"the badge's picture {PICTURE_FILE.name} is not in the project"
        hint = f"`localstack extensions dev badge --format svg > {PICTURE_FILE.name}` writes it"
        yield ProjectFinding(Severity.WARNING, Area.BADGE, message, hint, file, found[0].line)
    repository = repository_of(metadata.urls, project)
    expected = Badge(metadata.name, repository) if repository else None
    for one in found:
        if one.badge is None:
            message = f"the badge installs nothing: {one.source!r}"
            yield ProjectFinding(Severity.ERROR, Area.BADGE, message, _BADGE_COMMAND, file, one.line)
        elif expected is None:
            message = "whether the badge is right can't be told: no repository is named"
            yield ProjectFinding(
                Severity.WARNING, Area.BADGE, message, "add the project's URL to its metadata", file, one.line
            )
        elif not one.badge.is_same(expected):
            message = f"the badge installs {one.badge.source}, and the project is {expected.source}"
            yield ProjectFinding(Severity.ERROR, Area.BADGE, message, _BADGE_COMMAND, file, one.line)


def _metadata_error(message: str, hint: str, file: str | None, line: int | None) -> ProjectFinding:
    return ProjectFinding(Severity.ERROR, Area.METADATA, message, hint, file, line)
