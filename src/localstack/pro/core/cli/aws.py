"""The command ``localstack aws``, to which extensions add commands."""

import click

__all__ = ["aws"]


@click.group(name="aws", help="Commands for AWS that extensions bring.")
def aws() -> None:
    pass
