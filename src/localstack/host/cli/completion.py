"""``localstack completion``: let the shell complete commands and options."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_LOCALSTACK_COMPLETE"
_NAMES = ("localstack", "leanto")


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete this command.

    \b
    For example in ~/.bashrc:
      eval "$(localstack completion bash)"
    """
    complete = get_completion_class(shell)
    if complete is None:  # click knows all three: only to satisfy the types
        raise click.UsageError(f"no completion for {shell}")
    click.echo(complete(ctx.find_root().command, {}, _name_of_this_command(), _VARIABLE).source())


def _name_of_this_command() -> str:
    """The script completes the name that it was asked from: ``leanto completion bash`` completes ``leanto``."""
    name = Path(sys.argv[0]).stem
    return name if name in _NAMES else _NAMES[0]
