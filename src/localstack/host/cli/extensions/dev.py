"""``localstack extensions dev``: make a new extension, and run extensions from their source folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from localstack.host.cli.group import DocumentedGroup, short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.dev.registry import DevRegistry
from localstack.host.errors import DevModeError
from localstack.host.process import PlatformState, RecordFile
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.host.dev.project import Template

_START = "EXTENSION_DEV_MODE=1 localstack start"


class _DevGroup(DocumentedGroup):
    documented = frozenset({"disable", "enable", "list", "new"})
    elsewhere: ClassVar[Mapping[str, str]] = {
        "badge": "localstack.host.cli.extensions.dev_publish",
        "check": "localstack.host.cli.extensions.dev_publish",
        "run": "localstack.host.cli.extensions.dev_run",
    }


@click.group(
    cls=_DevGroup,
    help="Developer tools for developing Localstack extensions",
    context_settings={"help_option_names": ["--help"]},
)
@short_help_option
def dev() -> None:
    pass


@dev.command(help="Disables an extension on the host for developer mode.")
@click.argument("path")
@short_help_option
def disable(path: str) -> None:
    folder = _registry().disable(path)
    click.echo(f"extension {folder} disabled for developer mode")


@dev.command(help="Enables an extension on the host for developer mode.")
@click.argument("path", type=click.Path(path_type=Path))
@short_help_option
def enable(path: Path) -> None:
    folder = _registry().enable(path)
    click.echo(f"extension {folder} enabled for developer mode")
    click.echo(f"`{_START}` runs it, and every change as soon as it is saved")


@dev.command(name="list", help="List LocalStack extensions for which dev mode is enabled.")
@short_help_option
def list_enabled() -> None:
    folders = _registry().enabled()
    if not folders:
        click.echo("no extension is enabled for developer mode", err=True)
    elif sys.stdout.isatty():
        _print_table(folders)
    else:
        for folder in folders:
            click.echo(str(folder))
    for complaint in _complaints(folders):
        click.echo(complaint, err=True)


@dev.command(help="Create a new LocalStack extension from the official extension template.")
@click.option(
    "--template",
    metavar="NAME",
    default="classic",
    show_default=True,
    help="classic, basic or webapp; or a folder or git URL with a cookiecutter template",
)
@click.option(
    "--license",
    "license_name",
    type=click.Choice(["MIT", "Apache-2.0", "none"]),
    default="MIT",
    show_default=True,
    help="What classic, basic and webapp publish the project under.",
)
@click.option("--no-input", is_flag=True, help="Ask nothing, take every default.")
@short_help_option
def new(template: str, license_name: str, *, no_input: bool) -> None:
    from localstack.host.dev.project import TEMPLATES, License  # only this command needs it

    directory = working_directory()
    if known := TEMPLATES.get(template):
        project = known.create(
            known.defaults() if no_input else _ask(known, directory), directory, License(license_name)
        )
    else:
        from localstack.host.dev.own_template import create_from

        project = create_from(template, directory, asks=not no_input)
    click.echo(f"created {project}")
    click.echo(f"next: `cd {project.name} && make install`, `localstack extensions dev enable .`, `{_START}`")


def _ask(template: Template, directory: Path) -> dict[str, str]:
    """Ask the template's questions; an answer that can't be used ends the command, so that piped input can't slip."""
    from localstack.host.dev.project import refuse_existing

    answers: dict[str, str] = {}
    for field in template.fields:
        answers[field.name] = field.check(_prompt(field.name, field.default(answers)))
        if field.name == "project_slug":
            refuse_existing(directory / answers[field.name])
    return answers


def _prompt(name: str, default: str) -> str:
    try:
        answer = str(click.prompt(name, default=default))
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        hint = "give one line for each question; an empty line takes the default"
        raise DevModeError(f"the input ended before {name} was answered", hint) from abort
    finally:
        if not sys.stdin.isatty():
            click.echo()  # a terminal shows the line that was typed, a pipe nothing
    return answer


def _registry() -> DevRegistry:
    return DevRegistry(Settings.load().config_dir)


def _complaints(folders: tuple[Path, ...]) -> Iterator[str]:
    """What the running platform has to say of the folders: saves that it can't serve, and what needs a restart."""
    settings = Settings.load()
    record = RecordFile(settings).read()
    if record is None or record.state is not PlatformState.READY:
        return
    from localstack.host.cli.endpoint import Endpoint  # it loads http.client: only where there is a platform to ask

    enabled = set(map(str, folders))
    for project in Endpoint(record.url).developed():
        path, broken = project.get("path"), project.get("broken_save")
        if path not in enabled:
            continue
        if broken:
            state = "the version before the last save is served" if project.get("extensions") else "it is not loaded"
            yield f"{path}: {state}: {broken['message']}"
        for leftover in project.get("leftovers", ()):
            yield f"{path}: of a version before, {leftover}: restart needed (localstack restart)"


def _print_table(folders: tuple[Path, ...]) -> None:
    from localstack.host.cli.output import print_table

    print_table(("Path", "Exists"), [(str(folder), *_exists(folder)) for folder in folders])


def _exists(folder: Path) -> tuple[str, str]:
    return ("yes", "green") if folder.is_dir() else ("no", "red")
