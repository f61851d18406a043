"""What extensions need to add commands to ``localstack``."""

from rich.console import Console

from localstack.cli.plugin import LocalstackCli, LocalstackCliPlugin

__all__ = ["LocalstackCli", "LocalstackCliPlugin", "console"]

console = Console()
"""The terminal; ``console.print("…")`` writes to stdout and knows rich's markup."""
