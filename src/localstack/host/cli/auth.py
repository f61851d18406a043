"""``localstack auth``: accepted so that scripts written for an account go on; the token opens nothing here."""

from __future__ import annotations

import click

from localstack.host.cli.login import login
from localstack.host.cli.token_file import TokenFile
from localstack.host.errors import LeantoError, SettingError
from localstack.host.settings import Settings

_SHOWN_CHARACTERS = 3
_MASK = "*" * 12


@click.group(short_help="Store an auth token, which nothing here needs.")
def auth() -> None:
    """Store an auth token for scripts that expect one. Leanto needs neither a token nor an account."""


auth.add_command(login)


@auth.command("set-token")
@click.argument("token")
def set_token(token: str) -> None:
    """Store TOKEN in ~/.localstack/auth.json, readable by you only."""
    token = token.strip()
    if not token.isprintable() or not token or " " in token:
        raise SettingError("that is no auth token: it is empty or has blanks in it")
    TokenFile(Settings.load().config_dir).write(token)
    click.echo("Auth token stored. Leanto needs none: everything works without it.")


@auth.command("show-token")
@click.option("--plain", is_flag=True, help="Print the token itself, for use in a script.")
def show_token(plain: bool) -> None:
    """Show whether a token is stored, masked so that it can be seen by others."""
    token = TokenFile(Settings.load().config_dir).read()
    if token is None:
        raise LeantoError(
            "no auth token is stored", "Leanto needs none; store one with: localstack auth set-token TOKEN"
        )
    click.echo(token if plain else masked(token))


@auth.command("clear-token")
def clear_token() -> None:
    """Remove the stored token."""
    was_there = TokenFile(Settings.load().config_dir).clear()
    click.echo("Auth token removed." if was_there else "No auth token was stored.")


def masked(token: str) -> str:
    """The first characters of a long token and a mask that does not tell its length.

    >>> masked("ls-0123456789abcdef")
    'ls-************'
    """
    is_long = len(token) >= 4 * _SHOWN_CHARACTERS
    return (token[:_SHOWN_CHARACTERS] if is_long else "") + _MASK
