"""The volume's token: who can read it may change the platform."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from localstack.host.errors import VolumeError
from localstack.host.settings import Settings

TOKEN_HEADER = "X-Leanto-Token"


def token_file(settings: Settings) -> Path:
    """The volume's token, readable for its owner only."""
    return settings.run_dir / "management-token"


def read_token(settings: Settings) -> str:
    """The token of this volume; "" when there is none, or it may not be read."""
    try:
        return token_file(settings).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def make_token(settings: Settings) -> str:
    """The token of this volume, a new one if there is none.

    :raises VolumeError: when it can't be written
    """
    token = read_token(settings)
    if token:
        return token
    token = secrets.token_urlsafe(32)
    path = token_file(settings)
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
        fresh.replace(path)
    except OSError as error:
        raise VolumeError(f"{path} can't be written: {error.strerror}", "make its folder writable for you") from None
    return token
