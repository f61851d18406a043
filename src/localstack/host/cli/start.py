"""``localstack start``: this process becomes the platform, or with ``-d`` a process of its own does."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from localstack.host.cli.detach import start_detached
from localstack.host.errors import LeantoError, SettingError
from localstack.host.log import setup_logging
from localstack.host.process import RecordFile, already_running
from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION

if TYPE_CHECKING:
    from localstack.host.extension.guard import FaultObserver

LOG = logging.getLogger(__name__)

_BANNER = r"""
  _                       _
 | |     ___  __ _ _ __  | |_  ___
 | |    / _ \/ _` | '_ \ |  _|/ _ \
 | |___|  __/ (_| | | | || |_| (_) |
 |_____|\___|\__,_|_| |_| \__|\___/
"""
_STACKS = ("localstack", "localstack-pro")


def _refuse(_ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Callback of the options that only mean something to a container."""
    if value:
        raise LeantoError(
            f"{param.opts[-1]} needs a container, and Leanto runs without one",
            "leave it out: localstack start runs the platform in this process",
        )


def _check_stacks(_ctx: click.Context, _param: click.Parameter, stacks: tuple[str, ...]) -> None:
    """Accept ``localstack`` and ``localstack-pro``, with or without ``:version``; others are other products."""
    for stack in stacks:
        if stack.partition(":")[0] not in _STACKS:
            raise LeantoError(f"Invalid stack {stack!r}", f"leave it out, or use {' or '.join(_STACKS)}")


def _apply_environment(_ctx: click.Context, _param: click.Parameter, entries: tuple[str, ...]) -> None:
    """Set ``K=V`` for the platform and what it starts; ``K`` alone passes it on, which happens anyway."""
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise SettingError(f"--env {entry!r} names no variable", "write --env NAME=VALUE")
        if equals:
            os.environ[name] = value


def _develop(_ctx: click.Context, _param: click.Parameter, projects: tuple[Path, ...]) -> None:
    if not projects:
        return
    from localstack.host.dev.registry import project_folder

    develop([project_folder(path) for path in projects])


def develop(folders: Sequence[Path]) -> None:
    """Name the folders in a variable, by which a platform in the background and a restart learn of them, too.

    :raises SettingError: when a path can't be part of it
    """
    for folder in map(str, folders):
        if os.pathsep in folder:
            raise SettingError(f"the path {folder} has a {os.pathsep!r} in it", "give the folder another name")
    os.environ["EXTENSION_DEV_PATHS"] = os.pathsep.join(map(str, folders))


@click.command(short_help="Start the platform.")
@click.option("--docker", is_flag=True, help="Refused: Leanto runs without a container.")
@click.option("--host", is_flag=True, help="Run in this process, which is what happens anyway.")
@click.option("--no-banner", is_flag=True, help="Do not print the banner.")
@click.option("-d", "--detached", is_flag=True, help="Run in the background; see also wait, logs and stop.")
@click.option(
    "-e",
    "--env",
    multiple=True,
    metavar="NAME=VALUE",
    expose_value=False,
    callback=_apply_environment,
    help="Set a variable for the platform; can be repeated.",
)
@click.option(
    "--with",
    "projects",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    expose_value=False,
    callback=_develop,
    help="Run the extension in this folder from its source, this time; can be repeated.",
)
@click.option(
    "-s",
    "--stack",
    multiple=True,
    metavar="NAME",
    expose_value=False,
    callback=_check_stacks,
    help="Accepted for localstack and localstack-pro, without effect.",
)
@click.option("--network", hidden=True, expose_value=False, callback=_refuse)
@click.option("-p", "--publish", hidden=True, multiple=True, expose_value=False, callback=_refuse)
@click.option("-v", "--volume", hidden=True, multiple=True, expose_value=False, callback=_refuse)
@click.option("--host-dns", hidden=True, is_flag=True, expose_value=False, callback=_refuse)
def start(docker: bool, host: bool, no_banner: bool, detached: bool) -> None:
    """Start the platform: the gateway on port 4566 (see GATEWAY_LISTEN) and the installed extensions.

    It runs in this process until Ctrl-C or `localstack stop`.
    """
    _check_mode(docker=docker, host=host)
    settings = prepare_start(has_banner=not no_banner)
    if detached:
        start_detached(settings)
    else:
        run_platform(settings)


def prepare_start(*, has_banner: bool) -> Settings:
    """The settings, with the log set up by them.

    :raises PlatformError: when a platform runs already
    """
    settings = Settings.load()
    setup_logging(settings)
    running = RecordFile(settings).read()
    if running is not None and running.pid != os.getpid():  # our own is there after a restart in this process
        raise already_running(running)
    if has_banner:
        _print_banner(settings)
    for profile in settings.missing_profiles:
        LOG.warning("there is no profile %s: %s does not exist", profile.stem, profile)
    LOG.info("starting LocalStack in host mode 💻")
    return settings


def run_platform(settings: Settings, on_fault: FaultObserver | None = None) -> NoReturn:
    """Be the platform until it is stopped, and exit with its code.

    :param on_fault: learns of what extensions raise
    """
    from localstack.host.lean_imports import import_rolo  # a start in the background does without

    import_rolo()
    from localstack.host.runtime import Runtime

    sys.exit(Runtime(settings, on_fault=on_fault).run())


def _check_mode(*, docker: bool, host: bool) -> None:
    if docker and host:
        raise LeantoError("Please specify either --docker or --host")
    if docker:
        raise LeantoError("Leanto runs without a container, so there is no --docker", "use: localstack start")


def _print_banner(settings: Settings) -> None:
    click.echo(_BANNER)
    click.echo(f"- LocalStack CLI: {LOCALSTACK_VERSION}")
    click.echo(f"- Profile: {', '.join(settings.profiles)}")
    click.echo()
