"""``localstack logout``: remove the stored auth token and credentials for package indexes."""

from __future__ import annotations

import click

from localstack.host.cli.token_file import TokenFile
from localstack.host.environment.credentials import CredentialStore
from localstack.host.errors import LoginError
from localstack.host.settings import Settings


@click.command(short_help="Remove the stored auth token and credentials.")
@click.option("--index", metavar="URL", help="Remove the credentials for this package index alone.")
def logout(index: str | None) -> None:
    """Remove the stored auth token and the credentials for package indexes, if there are any."""
    settings = Settings.load()
    removed = CredentialStore(settings.config_dir).remove(index)
    for url in removed:
        click.echo(f"Removed the credentials for {url}.")
    if index is None:
        TokenFile(settings.config_dir).clear()
        click.echo("Logged out: no auth token is stored. No account is needed either.")
    elif not removed:
        raise LoginError(f"no credentials are stored for {index}", "write the URL as it was given to localstack login")
