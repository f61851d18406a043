"""The extension manager as programs drive it: an action and a name in, JSON lines out.

    {"event": "status", "message": "Checking installed extensions"}

``event`` is ``status`` for steps, ``pip`` for what the installer writes, ``log`` for notes, ``extension`` for one that
was installed or removed (it is in ``extra``), and ``error`` for a failure, with ``code`` and ``hint`` in ``extra``.
``list`` has no events: each line is an extension.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.environment.installed import EXTENSIONS_GROUP, InstalledExtension
from localstack.host.environment.progress import Reporter
from localstack.host.errors import LeantoError
from localstack.host.settings import Settings
from localstack.host.version import leanto_version

_NOTES = ("Note: ", "  ")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what ``arguments`` say, without any those of the process. Ends by ``SystemExit`` with 1 after a failure."""
    try:
        _manager.main(arguments, prog_name="extensions", standalone_mode=True)
    except LeantoError as error:
        _emit("error", error.message, {"code": error.code, "hint": error.hint})
        sys.exit(error.exit_code)


@click.group(help="Manage extensions; what happens is printed as JSON lines.")
def _manager() -> None:
    pass


@_manager.command(help="Say where the extensions are.")
def debug() -> None:
    settings = Settings.load()
    _emit("log", f"Leanto {leanto_version()} with {sys.executable}")
    _emit("log", f"extensions environment in {settings.extensions_dir}")


@_manager.command(help="Make the environment for extensions.")
def init() -> None:
    settings = Settings.load()
    is_new = ExtensionEnvironment(settings).initialise(_reporter())
    _emit("status", f"Extensions environment {'created' if is_new else 'is ready'} in {settings.extensions_dir}")


@_manager.command(name="list", help="List the installed extensions.")
def list_installed() -> None:
    for extension in ExtensionEnvironment(Settings.load()).installed():
        click.echo(json.dumps(_as_json(extension)))


@_manager.command(help="Install an extension.")
@click.argument("name")
def install(name: str) -> None:
    settings = Settings.load()
    change = ExtensionEnvironment(settings).install(name, Path.cwd(), _reporter())
    for extension in change.extensions:
        _emit("extension", f"{extension.distribution.name} {extension.distribution.version}", _as_json(extension))
    _tell_running_platform(settings)


@_manager.command(help="Uninstall an extension.")
@click.argument("name")
def uninstall(name: str) -> None:
    settings = Settings.load()
    change = ExtensionEnvironment(settings).uninstall(name, _reporter())
    for extension in change.extensions:
        _emit("extension", f"{extension.distribution.name} {extension.distribution.version}", _as_json(extension))
    _tell_running_platform(settings)


def _tell_running_platform(settings: Settings) -> None:
    from localstack.host.cli.live import RunningPlatform

    platform = RunningPlatform.of(settings)
    for line in platform.take_over() if platform is not None else ():
        _emit("log", line)


def _reporter() -> Reporter:
    return Reporter(
        line=lambda line: _emit("log" if line.startswith(_NOTES) else "status", line),
        detail=lambda line: _emit("pip", line),
    )


def _emit(event: str, message: str, extra: object = None) -> None:
    document = {"event": event, "message": message}
    click.echo(json.dumps(document if extra is None else {**document, "extra": extra}))


def _as_json(extension: InstalledExtension) -> dict[str, object]:
    module, _, code = extension.factory.partition(":")
    return {
        "namespace": EXTENSIONS_GROUP,
        "name": extension.name,
        "factory": {"module": module, "code": code, "file": str(extension.file) if extension.file else None},
        "distribution": asdict(extension.distribution),
    }
