"""``localstack logout``: remove the stored auth token."""

from __future__ import annotations

import click

from localstack.host.cli.token_file import TokenFile
from localstack.host.settings import Settings


@click.command(short_help="Remove the stored auth token.")
def logout() -> None:
    """Remove the stored auth token, if there is one. Leanto works the same without it."""
    TokenFile(Settings.load().config_dir).clear()
    click.echo("Logged out: no auth token is stored. No account is needed either.")
