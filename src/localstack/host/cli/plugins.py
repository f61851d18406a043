"""Commands that installed extensions add: entry points of the group ``localstack.plugins.cli``.

They are found in the metadata of the generation in force; only when there are some is anything of it imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from typing import TYPE_CHECKING

import click

from localstack.host.environment.generation import Generation, Generations
from localstack.host.errors import LeantoError, named
from localstack.host.settings import Settings

if TYPE_CHECKING:
    from localstack.cli import LocalstackCli

_GROUP = "localstack.plugins.cli"


def attach_plugins(group: click.Group) -> None:
    """Let the plug-ins add their commands to ``group``; one that can't is one warning on stderr."""
    try:
        generation = Generations(Settings.load().extensions_dir).hold_current()
    except LeantoError as error:
        _warn(f"commands of extensions are not looked for: {error.message}")
        return
    if generation is None or not generation.is_for_this_python():
        return
    found = list(_entry_points(generation))
    if not found:
        return
    from plux import PluginDisabled

    from localstack.cli import LocalstackCli
    from localstack.host import loopback_names
    from localstack.host.environment.environment import make_importable
    from localstack.host.missing_names import explain_missing_names

    make_importable(generation)
    explain_missing_names()
    loopback_names.install()  # commands reach the platform by upstream's name for this machine
    cli = LocalstackCli(group)
    for distribution, entry_point in found:
        try:
            _attach(entry_point, cli)
        except PluginDisabled:
            continue
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one plug-in must not end the command line for all
            _warn(f"commands of the extension {distribution} ({entry_point.name}) can't be used: {named(error)}")


def _attach(entry_point: EntryPoint, cli: LocalstackCli) -> None:
    from plux import PluginSpecResolver

    plugin = PluginSpecResolver().resolve(entry_point.load()).factory()
    if plugin.should_load():
        plugin.load(cli)


def _entry_points(generation: Generation) -> Iterator[tuple[str, EntryPoint]]:
    """Distribution and entry point, by distribution."""
    for file in sorted(generation.site_packages.glob("*.dist-info/entry_points.txt")):
        if _GROUP in file.read_text(encoding="utf-8", errors="replace"):
            distribution = Distribution.at(file.parent)
            for entry_point in distribution.entry_points.select(group=_GROUP):
                yield distribution.name, entry_point


def _warn(message: str) -> None:
    click.secho(f"Warning: {message}", fg="yellow", err=True)
