"""``localstack extensions dev check`` and ``badge``: what comes before an extension is published."""

from __future__ import annotations

import re
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from localstack.host.cli.extensions.result import ResultFormat, format_option, output
from localstack.host.cli.group import short_help_option
from localstack.host.cli.output import choice_of_format
from localstack.host.dev.registry import project_folder
from localstack.host.errors import DevModeError
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.dev.check import ProjectReport
    from localstack.host.dev.repository import Repository


class BadgeFormat(StrEnum):
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"


@click.command(help="Tell whether the extension in PATH is ready to be published. Nothing of it is run.")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@format_option
@short_help_option
def check(path: Path, result_format: ResultFormat) -> None:
    from localstack.host.dev.check import check_project
    from localstack.host.dev.findings import Severity

    with output("dev check", result_format) as out:
        project = project_folder(path)
        report = check_project(project, Settings.load().environ)
        out.result.problems = [asdict(finding) for finding in report.findings]
        for finding in report.findings:
            out.say(f"  {finding.severity:<7}  {finding}")
        if report.count(Severity.ERROR):
            raise DevModeError(f"{report.title} can't be published so: {_counts(report)}", "mend the errors above")
        out.say(f"{report.title} can be published: {_counts(report)}")


@click.command(help="Print the badge for the README of the extension in PATH: a link that installs it.")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@choice_of_format("badge_format", BadgeFormat, BadgeFormat.MARKDOWN, "What to print; svg is the picture itself.")
@click.option("--repository", metavar="URL", help="Where the source is; else the metadata or git's origin says it.")
@click.option("--subdirectory", metavar="DIR", help="The extension's folder in the repository.")
@click.option("--page", metavar="URL", help="The installer page that the badge leads to.")
@short_help_option
def badge(
    path: Path, badge_format: BadgeFormat, repository: str | None, subdirectory: str | None, page: str | None
) -> None:
    from localstack.host.dev.badge import INSTALLER_PAGE, PICTURE_FILE, Badge

    if badge_format is BadgeFormat.SVG:
        click.echo(PICTURE_FILE.read_text(encoding="utf-8"), nl=False)
        return
    project = project_folder(path)
    name, source = _published(project, repository, subdirectory)
    made = Badge(name, source, _checked_page(page) if page else INSTALLER_PAGE)
    click.echo(made.markdown() if badge_format is BadgeFormat.MARKDOWN else made.html())
    if not (project / PICTURE_FILE.name).is_file():
        command = f"localstack extensions dev badge --format svg > {PICTURE_FILE.name}"
        click.echo(f"Note: the picture belongs beside the README: {command}", err=True)


def _published(project: Path, repository: str | None, subdirectory: str | None) -> tuple[str, Repository]:
    """The distribution's name, and where it can be fetched from."""
    from localstack.host.dev.description import read_metadata
    from localstack.host.dev.metadata import UnreadableFileError
    from localstack.host.dev.repository import Repository, given_repository, given_subdirectory, repository_of

    try:
        metadata = read_metadata(project)
    except UnreadableFileError as error:
        raise DevModeError(f"{error.file} can't be read: {error.reason}", "mend it and try again") from error
    if metadata is None or not metadata.name:
        raise DevModeError(f"nothing in {project} says what the project is called", "`localstack extensions dev check`")
    found = given_repository(repository) if repository else repository_of(metadata.urls, project)
    if found is None:
        raise DevModeError(
            f"neither the metadata of {metadata.name} nor git's origin names a repository",
            "push it to one, or name it with --repository URL",
        )
    return metadata.name, found if subdirectory is None else Repository(found.url, given_subdirectory(subdirectory))


def _checked_page(page: str) -> str:
    if not re.fullmatch(r"https?://[^\s\"'<>()?#]+/extensions/remote", page):
        raise DevModeError(f"--page {page!r} is no installer page", "its address ends with /extensions/remote")
    return page


def _counts(report: ProjectReport) -> str:
    from localstack.host.dev.findings import Severity

    counts = [(report.count(severity), severity) for severity in (Severity.ERROR, Severity.WARNING)]
    return ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts)
