"""``localstack config``: the settings as the platform would read them now."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import click

from localstack.host.cli.output import Entries, OutputFormat, format_option, plain, print_entries, print_table
from localstack.host.errors import LeantoError, SettingError
from localstack.host.redaction import redacted
from localstack.host.settings import HostAndPort, Settings

_VARIABLES = {
    "profiles": "CONFIG_PROFILE",
    "volume_dir": "LOCALSTACK_VOLUME_DIR",
    "log_level": "LS_LOG",
    "shutdown_timeout_seconds": "SHUTDOWN_TIMEOUT",
    "save_strategy": "SNAPSHOT_SAVE_STRATEGY",
    "load_strategy": "SNAPSHOT_LOAD_STRATEGY",
    "flush_interval_seconds": "SNAPSHOT_FLUSH_INTERVAL",
    "clear_tmp": "CLEAR_TMP_FOLDER",
    "platform_name": "MAIN_CONTAINER_NAME",
    "response_header_enabled": "LOCALSTACK_RESPONSE_HEADER_ENABLED",
}
"""The fields of ``Settings`` whose variable is not just the field's name in capitals."""
_NOT_SHOWN = {"environ", "etc_dir", "external_service_ports", "smtp_password"}
"""``environ`` may hold secrets, as the password is; the other two are not read from a variable of their own."""


@click.group(short_help="Show and check the settings.")
def config() -> None:
    """Show and check the settings, which come from the environment and the profile files."""


@config.command("show")
@format_option
def show(output_format: OutputFormat) -> None:
    """Show every setting with the value in effect. Secrets are not among them."""
    print_entries(config_entries(Settings.load()), output_format, _print_config_table)


@config.command("validate")
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A profile file (NAME.env) to check instead of the settings in effect.",
)
def validate(path: Path | None) -> None:
    """Check the settings in effect, or those that a profile file would give."""
    try:
        settings = Settings.load({**os.environ} if path is None else {**_parse(path), "CONFIG_DIR": str(path.parent)})
        for profile in settings.missing_profiles:
            raise SettingError(f"there is no profile {profile.stem}", f"write its settings into {profile}")
    except LeantoError:
        click.secho("✖ validation error", fg="red")
        raise
    click.secho("✔ config valid", fg="green")


def config_entries(settings: Settings) -> Entries:
    """Variable and value in effect, e.g. ``{"DEBUG": False, "GATEWAY_LISTEN": ["127.0.0.1:4566"], …}``."""
    shown = [field.name for field in fields(settings) if field.name not in _NOT_SHOWN]
    entries = {_VARIABLES.get(name, name.upper()): _value(getattr(settings, name)) for name in shown}
    first, end = settings.external_service_ports
    return dict(sorted({**entries, "EXTERNAL_SERVICE_PORTS_START": first, "EXTERNAL_SERVICE_PORTS_END": end}.items()))


def _value(value: object) -> object:
    """A setting as something that JSON knows, without the credentials that a URL in it may carry."""
    match value:
        case str():
            return redacted(value)
        case Path() | HostAndPort():
            return str(value)
        case tuple() | list():
            return [_value(part) for part in value]
        case dict():
            return [f"{name}={part}" for name, part in value.items()]
        case _:
            return value


def _print_config_table(entries: Entries) -> None:
    print_table(("Key", "Value"), [(name, plain(value), None) for name, value in entries.items()])


def _parse(path: Path) -> dict[str, str]:
    """:raises LeantoError: when the file has a line that sets no variable"""
    from dotenv import dotenv_values  # only here

    if path.suffix in (".yml", ".yaml"):
        raise LeantoError(f"{path} is no profile file", "Leanto runs without a container and reads no compose file")
    try:
        values = dotenv_values(path)
    except (OSError, ValueError) as error:
        raise LeantoError(f"{path} can't be read: {error}") from error
    without_value = [name for name, value in values.items() if value is None]
    if without_value:
        raise LeantoError(f"{path}: {without_value[0]!r} has no value", "write NAME=VALUE on each line")
    return {name: value for name, value in values.items() if value is not None}
