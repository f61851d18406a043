"""``localstack license``: answers the tools that look for a licence; Leanto is open source and has none to activate."""

from __future__ import annotations

import click

_NONE_NEEDED = "Leanto is open source under the Apache License 2.0: no license has to be activated."


@click.group(short_help="Show that no license is needed.")
def license() -> None:  # the command's name; Python's own `license` is for the interactive prompt
    """Answer tools that look for a license. Leanto needs none."""


@license.command("info")
def info() -> None:
    """Show the license information that tools look for."""
    click.echo(f"license validity: valid\n{_NONE_NEEDED}")


@license.command("activate")
def activate() -> None:
    """Accepted, and does nothing."""
    click.echo(_NONE_NEEDED)
