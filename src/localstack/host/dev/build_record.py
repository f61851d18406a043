"""Reading what a build or an editable install of a project left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib.metadata import PathDistribution
from pathlib import Path

from localstack.host.dev.metadata import (
    GROUP,
    ProjectMetadata,
    UnreadableFileError,
    license_classifier,
    text_of,
)


def build_records(folders: Sequence[Path]) -> Iterator[ProjectMetadata]:
    """What was left, the latest first: a project that was renamed has several.

    :param folders: the project's folder, then those of its packages
    :raises UnreadableFileError: when a file is damaged
    """
    found = [egg_info for folder in folders for egg_info in folder.glob("*.egg-info") if egg_info.is_dir()]
    found += _editable_installs(folders[0])
    return (_read(folder, folders[0]) for folder in sorted(found, key=_modified, reverse=True))


def _modified(folder: Path) -> int:
    file = folder / "entry_points.txt"
    return (file if file.is_file() else folder).stat().st_mtime_ns


def _editable_installs(project: Path) -> Iterator[Path]:
    """What ``pip install --editable`` put into the project's ``.venv``.

    pip leaves no ``*.egg-info`` in the project when it builds without isolation, as the template's Makefile does.
    """
    for origin in project.glob(".venv/lib/python*/site-packages/*.dist-info/direct_url.json"):
        try:
            is_own = json.loads(origin.read_text(encoding="utf-8"))["url"] == project.as_uri()
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise UnreadableFileError(origin, error) from error
        if is_own:
            yield origin.parent


def _read(folder: Path, project: Path) -> ProjectMetadata:
    setup = project / "setup.py"
    distribution = PathDistribution(folder)
    try:
        metadata, requires = distribution.metadata, tuple(distribution.requires or ())
        points = tuple(distribution.entry_points.select(group=GROUP))
    except TypeError as error:  # how importlib fails at such a line
        raise UnreadableFileError(folder / "entry_points.txt", ValueError("a line has no '='")) from error
    except ValueError as error:
        raise UnreadableFileError(folder, error) from error

    def field(*names: str) -> str:
        values = (str(value).strip() for name in names for value in metadata.get_all(name) or ())
        return next((value for value in values if value not in ("", "UNKNOWN")), "")

    pairs = (str(entry).partition(",") for entry in metadata.get_all("Project-URL") or ())
    labelled = ((label.strip().lower(), url.strip()) for label, _, url in pairs)
    has_description = bool(metadata.get_all("Description") or metadata.get_payload())  # type: ignore[attr-defined]
    readme = next((file.name for file in sorted(project.glob("README*"))), "")
    return ProjectMetadata(
        setup if setup.is_file() else folder / ("PKG-INFO" if folder.suffix == ".egg-info" else "METADATA"),
        text_of(setup) or "",
        name=field("Name"),
        version=field("Version"),
        summary=field("Summary"),
        author=field("Author", "Author-email"),
        license=field("License-Expression", "License")
        or license_classifier(map(str, metadata.get_all("Classifier") or ())),
        readme=readme if has_description else "",
        requires_python=field("Requires-Python"),
        urls=tuple((label, url) for label, url in (("homepage", field("Home-Page")), *labelled) if url),
        entry_points=points,
        requires=requires,
    )
