"""The folder that a command was typed in."""

from __future__ import annotations

from pathlib import Path

from localstack.host.errors import LeantoError


def working_directory() -> Path:
    """Where relative paths start and new projects are made.

    :raises LeantoError: when the folder was removed while the shell was in it
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise LeantoError("the working folder is not there any more", "go to another one with cd") from None
