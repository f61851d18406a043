"""``localstack extensions sync``, ``upgrade``, ``export`` and ``bundle``: the same set again, newer, or elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from localstack.host.cli.extensions.result import ResultFormat, format_option, output, result_options
from localstack.host.cli.group import short_help_option
from localstack.host.cli.working_directory import working_directory
from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.errors import InstallError
from localstack.host.output_file import replacing
from localstack.host.settings import Settings

_FILE = click.Path(path_type=Path)


@click.command(help="Install what FILE names: requirements, or a lock (pylock.toml).")
@click.argument("file", type=_FILE)
@click.option("--prune", is_flag=True, help="Uninstall what FILE does not name.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@result_options
@short_help_option
def sync(file: Path, prune: bool, dry_run: bool, verbose: bool, result_format: ResultFormat) -> None:
    with output("sync", result_format, verbose) as out:
        directory = working_directory()
        environment = ExtensionEnvironment(Settings.load())
        result = environment.sync(directory / file, directory, out.reporter, prunes=prune, is_dry_run=dry_run)
        out.finish(result, unchanged=f"All of {file} is installed")


@click.command(help="Take newer versions of the extension NAME, or of everything.")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Upgrade all extensions and what they require.")
@click.option("--dry-run", is_flag=True, help="Show what would be upgraded, and change nothing.")
@result_options
@short_help_option
def upgrade(name: str | None, everything: bool, dry_run: bool, verbose: bool, result_format: ResultFormat) -> None:
    if (name is None) != everything:
        raise click.UsageError("give the NAME of an extension, or --all")
    with output("upgrade", result_format, verbose) as out:
        result = ExtensionEnvironment(Settings.load()).upgrade(name, out.reporter, is_dry_run=dry_run)
        out.finish(result, unchanged="There is nothing newer")


@click.command(help="Write what is installed as requirements, or as a lock, for `sync`.")
@click.option("--lock", is_flag=True, help="Write a lock (pylock.toml): every version, with hashes.")
@click.option("-o", "--output-file", type=_FILE, help="Write to this file instead of printing it.")
@format_option
@short_help_option
def export(lock: bool, output_file: Path | None, result_format: ResultFormat) -> None:
    with output("export", result_format) as out:
        environment = ExtensionEnvironment(Settings.load())
        text = environment.exported_lock() if lock else environment.exported_requirements()
        if output_file is not None:
            _write(working_directory() / output_file, text)
            return
        out.result.exported = text
        if result_format is ResultFormat.TEXT:
            click.echo(text, nl=False)


def _write(target: Path, text: str) -> None:
    try:
        with replacing(target) as file:
            file.write(text.encode())
    except OSError as error:
        raise InstallError(f"{target} can't be written: {error.strerror}", "name another file") from error


@click.command(help="Write everything that is installed into one file, for `install --offline` without an index.")
@click.option("-o", "--output-file", type=_FILE, required=True, help="The file to write.")
@format_option
@short_help_option
def bundle(output_file: Path, result_format: ResultFormat) -> None:
    with output("bundle", result_format) as out:
        target = working_directory() / output_file
        ExtensionEnvironment(Settings.load()).bundle(target, out.reporter)
        out.say(f"Wrote {target}; `localstack extensions install --offline {output_file.name}` installs it")
