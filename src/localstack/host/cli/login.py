"""``localstack login``: asks what it always asked, so that instructions written for an account can be followed."""

from __future__ import annotations

import sys

import click


@click.command(short_help="Accepted; no account is needed.")
@click.option("-u", "--username", help="User name; asked for without it.")
@click.option("-p", "--password", help="Password; asked for without it, and hidden while you type.")
def login(username: str | None, password: str | None) -> None:
    """Ask for credentials, as instructions for LocalStack expect. No account is needed and nothing is stored."""
    if username is None or password is None:
        click.echo("Please provide your login credentials below")
    if username is None:
        click.prompt("Username", type=str)
    if password is None:
        # hiding means reading from the terminal; what comes through a pipe is echoed by nobody and read from the pipe
        click.prompt("Password", type=str, hide_input=sys.stdin.isatty())
    click.echo("No account is needed: extensions install and run without one. Nothing of this was stored.")
