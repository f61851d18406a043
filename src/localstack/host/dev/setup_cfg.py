"""Reading ``setup.cfg``."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from localstack.host.dev.metadata import (
    GROUP,
    ProjectMetadata,
    UnreadableFileError,
    entry_points,
    license_classifier,
    line_with,
    text_of,
)


def read_setup_cfg(project: Path) -> ProjectMetadata | None:
    """What ``setup.cfg`` says; ``None`` without one, or when it is silent about the project.

    :raises UnreadableFileError: when it is damaged
    """
    file = project / "setup.cfg"
    text = text_of(file)
    if text is None:
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise UnreadableFileError(file, error) from error
    metadata = _options(parser, "metadata")
    points = _options(parser, "options.entry_points").get(GROUP, "")
    if not metadata and not points:
        return None
    if odd := next((line for line in _lines(points) if "=" not in line), None):
        raise UnreadableFileError(file, ValueError(f"{odd!r} under {GROUP} has no '='"), line_with(text, odd))
    options = _options(parser, "options")
    long, version = metadata.get("long_description", ""), metadata.get("version", "")
    requires = options.get("install_requires", "")
    later = {"version"} if _is_elsewhere(version) else set()
    if long and not long.startswith("file:"):
        later.add("readme")
    if _is_elsewhere(requires) or (not requires and (project / "setup.py").is_file()):
        later.add("requires")
    summary = metadata.get("description", metadata.get("summary", ""))
    labelled = ((label.lower(), url) for label, url in _pairs(metadata.get("project_urls", "")))
    return ProjectMetadata(
        file,
        text,
        name=metadata.get("name", ""),
        version="" if "version" in later else version,
        summary="" if _is_elsewhere(summary) else summary,
        author=metadata.get("author") or metadata.get("author_email", ""),
        license=metadata.get("license", "") or license_classifier(metadata.get("classifiers", "").splitlines()),
        readme="" if "readme" in later else long.removeprefix("file:").split(",")[0].strip(),
        requires_python=options.get("python_requires", ""),
        urls=tuple((label, url) for label, url in (("homepage", metadata.get("url", "")), *labelled) if url),
        entry_points=entry_points(_pairs(points)),
        requires=() if "requires" in later else tuple(_lines(requires)),
        later=frozenset(later),
    )


def _options(parser: configparser.RawConfigParser, section: str) -> dict[str, str]:
    """Options by their names, with ``_`` as setuptools has it."""
    items = parser[section].items() if parser.has_section(section) else ()
    return {key.replace("-", "_"): value.strip() for key, value in items}


def _lines(text: str) -> Iterator[str]:
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    parts = (line.partition("=") for line in _lines(text))
    return ((name.strip(), value.strip()) for name, _, value in parts)


def _is_elsewhere(value: str) -> bool:
    """Whether it only points to the place that has it (``attr: package.__version__``)."""
    return value.startswith(("attr:", "file:"))
