"""Another name of ``localstack.cli``, for extensions whose commands import it from the command line's own package."""

from localstack.cli import LocalstackCli, LocalstackCliPlugin, console

__all__ = ["LocalstackCli", "LocalstackCliPlugin", "console"]
