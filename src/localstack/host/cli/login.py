"""``localstack login``: for package indexes with a password; else it asks what instructions for an account expect."""

from __future__ import annotations

import sys

import click

from localstack.host.errors import LoginError
from localstack.host.settings import Settings

_TOKEN_USER = "__token__"
"""The user name that indexes expect beside a token."""


@click.command(short_help="Log in to a private package index; no account is needed.")
@click.option("-u", "--username", help="User name; asked for without it.")
@click.option("-p", "--password", help="Password; asked for without it, and hidden while you type.")
@click.option("--index", metavar="URL", help="Store them for this package index, after it has accepted them.")
def login(username: str | None, password: str | None, index: str | None) -> None:
    """Store a user name and password for a private package index.

    Without --index it asks as instructions for LocalStack expect. No account is needed and nothing is stored.
    """
    if index is not None:
        _log_in_to(index, username, password)
        return
    _asked_for(username, password)
    click.echo("No account is needed: extensions install and run without one. Nothing of this was stored.")


def _log_in_to(index: str, username: str | None, password: str | None) -> None:
    from localstack.host.environment.credentials import CredentialStore, IndexCredentials
    from localstack.host.environment.index_login import checked_index_url, verify

    settings = Settings.load()
    url = checked_index_url(index)
    token = settings.environ.get("LOCALSTACK_AUTH_TOKEN")
    if token and username is None and password is None:
        username, password = _TOKEN_USER, token
    credentials = IndexCredentials(url, *_asked_for(username, password))
    verify(credentials, settings.environ)
    place = CredentialStore(settings.config_dir).store(credentials)
    click.echo(f"Logged in to {url} as {credentials.username}; the password is in {place}.")
    click.echo("Extensions are looked for there first, then in the other indexes: localstack extensions install NAME")


def _asked_for(username: str | None, password: str | None) -> tuple[str, str]:
    """Both, after asking for what is missing."""
    if username is None or password is None:
        click.echo("Please provide your login credentials below")
    if username is None:
        username = _answer_to("Username")
    if password is None:
        # hiding means reading from the terminal; what comes through a pipe is echoed by nobody and read from the pipe
        password = _answer_to("Password", is_hidden=sys.stdin.isatty())
    return username, password


def _answer_to(question: str, *, is_hidden: bool = False) -> str:
    try:
        return str(click.prompt(question, hide_input=is_hidden))
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        click.echo()
        hint = "give both with -u and -p, or a token in LOCALSTACK_AUTH_TOKEN"
        raise LoginError(f"the input ended before the {question.lower()}", hint) from abort
