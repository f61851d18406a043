"""``localstack extensions dev run``: the platform with one folder, and a debugger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from localstack.host.cli.group import short_help_option
from localstack.host.cli.start import develop, prepare_start, run_platform
from localstack.host.dev.registry import project_folder

if TYPE_CHECKING:
    from localstack.host.extension.guard import FaultObserver


@click.command(help="Start the platform with the extension in PATH, run from its source, and debug it.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--debugpy",
    "port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Let an editor's debugger attach on this port of this machine.",
)
@click.option("--wait-for-client", is_flag=True, help="With --debugpy: start when a debugger has attached.")
@click.option(
    "--pdb", "has_prompt", is_flag=True, help="Ask in the terminal, with pdb, where the extension has raised."
)
@short_help_option
def run(path: Path, port: int | None, wait_for_client: bool, has_prompt: bool) -> None:
    if port is not None and has_prompt:
        raise click.UsageError("give --debugpy or --pdb, not both")
    if wait_for_client and port is None:
        raise click.UsageError("--wait-for-client needs --debugpy PORT")
    project = project_folder(path)
    develop([project])
    on_fault: FaultObserver | None = None
    if has_prompt:
        from localstack.host.dev.debugger import PostMortem

        on_fault = PostMortem.of_terminal(project)
    settings = prepare_start(has_banner=False)
    if port is not None:
        from localstack.host.dev.activation import site_packages
        from localstack.host.dev.debugger import listen_for_debugger

        listen_for_debugger(port, list(site_packages(project)), waits=wait_for_client)
    run_platform(settings, on_fault)
