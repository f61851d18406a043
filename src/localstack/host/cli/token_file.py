"""The stored auth token: kept for scripts and tools that set one; nothing here asks for it."""

from __future__ import annotations

import json
from pathlib import Path

from localstack.host.errors import LeantoError
from localstack.host.secret_file import write_secret

_KEY = "LOCALSTACK_AUTH_TOKEN"


class TokenFile:
    """``<config dir>/auth.json``, e.g. ``{"LOCALSTACK_AUTH_TOKEN": "ls-…"}``, readable by its owner only."""

    def __init__(self, config_dir: Path) -> None:
        self.path = config_dir / "auth.json"

    def write(self, token: str) -> None:
        """Store ``token`` in the place of an earlier one.

        :raises LeantoError: when the folder can't be written
        """
        write_secret(self.path, json.dumps({_KEY: token}))

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
