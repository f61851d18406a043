"""The stored auth token: kept for scripts and tools that set one; nothing here asks for it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from localstack.host.errors import LeantoError

_KEY = "LOCALSTACK_AUTH_TOKEN"
_OWNER_ONLY = 0o600


class TokenFile:
    """``<config dir>/auth.json``, e.g. ``{"LOCALSTACK_AUTH_TOKEN": "ls-…"}``, readable by its owner only."""

    def __init__(self, config_dir: Path) -> None:
        self.path = config_dir / "auth.json"

    def write(self, token: str) -> None:
        """Store ``token`` in a new file that has its mode before a byte is in it, and put that in the old one's place.

        :raises LeantoError: when the folder can't be written
        """
        aside = self.path.with_name(f"auth.json.{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.unlink(missing_ok=True)
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w") as file:
                json.dump({_KEY: token}, file)
            aside.replace(self.path)
        except OSError as error:
            raise LeantoError(f"{self.path} can't be written: {error.strerror}") from error
        finally:
            with suppress(OSError):  # the folder is none, or is not for this user: then there is nothing
                aside.unlink()

    def read(self) -> str | None:
        """The token, ``None`` when none is stored.

        :raises LeantoError: when the file is there but is not what this class writes; its content is not quoted
        """
        try:
            token = json.loads(self.path.read_text(encoding="utf-8"))[_KEY]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LeantoError(f"{self.path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            raise LeantoError(f"{self.path} holds no token", "write it anew with: localstack auth set-token") from None
        return str(token)

    def clear(self) -> bool:
        """Remove the file; whether there was one.

        :raises LeantoError: when it can't be removed
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise LeantoError(f"{self.path} can't be removed: {error.strerror}") from error
        return True
