"""User names and passwords for package indexes, as ``localstack login --index`` stores them.

``<config dir>/credentials.json``, readable by its owner only:

    {"indexes": [{"url": "https://packages.example.com/simple/", "username": "me", "password": "…"}]}

Where the ``keyring`` library is installed and has the system's keyring behind it, passwords are kept there and the file
has none. Leanto does not require that library: on servers and in containers there is no keyring, and then it brings
eight distributions for nothing. ``pip install leanto[keyring]`` adds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.errors import CredentialsError
from localstack.host.secret_file import write_secret
from localstack.host.settings import config_dir_of

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_FIRST_REAL_PRIORITY = 1
"""keyring's backends below it keep nothing, or keep it in the open."""

_INDEX_NAME = "leanto-login-{}"
_SERVICE = "leanto {}"


@dataclass(frozen=True)
class IndexCredentials:
    """A package index and who may use it. ``url`` has no credentials in it."""

    url: str
    username: str
    password: str


class CredentialStore:
    """The credentials of one configuration folder, by the index's URL."""

    def __init__(self, config_dir: Path) -> None:
        self.path = config_dir / "credentials.json"

    def read(self) -> tuple[IndexCredentials, ...]:
        """In the order in which they were stored; without those whose password the keyring has lost.

        :raises CredentialsError: when the file is there but is not what this class writes; its content is not quoted
        """
        found = []
        for entry in self._entries():
            password = entry.password or _from_keyring(entry)
            if password:
                found.append(IndexCredentials(entry.url, entry.username, password))
        return tuple(found)

    def store(self, credentials: IndexCredentials) -> str:
        """Store them in the place of earlier ones for the same index.

        :return: where the password is now, in words
        :raises LeantoError: when they can't be stored
        """
        with _open_keyring() as keyring:
            if keyring is not None:
                keyring.set_password(_SERVICE.format(credentials.url), credentials.username, credentials.password)
        kept = tuple(entry for entry in self._entries() if entry.url != credentials.url)
        password = "" if keyring is not None else credentials.password
        self._write((*kept, IndexCredentials(credentials.url, credentials.username, password)))
        return "the system's keyring" if keyring is not None else str(self.path)

    def remove(self, url: str | None = None) -> tuple[str, ...]:
        """Remove the credentials for ``url``, without one all; the URLs of those that were there.

        :raises LeantoError: when they can't be removed
        """
        entries = self._entries()
        gone = tuple(entry for entry in entries if url in (None, entry.url))
        for entry in gone:
            with _open_keyring() as keyring:
                if keyring is not None and not entry.password and _from_keyring(entry):
                    keyring.delete_password(_SERVICE.format(entry.url), entry.username)
        kept = tuple(entry for entry in entries if entry not in gone)
        if gone and kept:
            self._write(kept)
        elif gone:
            self._delete()
        return tuple(entry.url for entry in gone)

    def _entries(self) -> tuple[IndexCredentials, ...]:
        """What the file has; without a password where the keyring has it."""
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))["indexes"]
            return tuple(IndexCredentials(str(e["url"]), str(e["username"]), str(e["password"])) for e in entries)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise CredentialsError(f"{self.path} can't be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            hint = "remove the file, and log in again with: localstack login --index URL"
            raise CredentialsError(f"{self.path} holds no credentials", hint) from None

    def _delete(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise CredentialsError(f"{self.path} can't be removed: {error.strerror}") from error

    def _write(self, entries: tuple[IndexCredentials, ...]) -> None:
        write_secret(self.path, json.dumps({"indexes": [asdict(entry) for entry in entries]}))


def index_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables by which uv learns of the indexes with stored credentials: after those that ``environ`` names.

    Through the environment, because command lines are shown to every user of the machine. uv sends the credentials to
    the index's own scheme, host and port alone.

    :raises CredentialsError: when the stored credentials can't be read
    """
    stored = CredentialStore(config_dir_of(environ)).read()
    if not stored:
        return {}
    indexes = [environ["UV_INDEX"]] if environ.get("UV_INDEX") else []
    variables: dict[str, str] = {}
    for number, one in enumerate(stored, 1):
        name = _INDEX_NAME.format(number)
        prefix = f"UV_INDEX_{name.upper().replace('-', '_')}"
        indexes.append(f"{name}={one.url}")
        variables |= {f"{prefix}_USERNAME": one.username, f"{prefix}_PASSWORD": one.password}
    return {"UV_INDEX": " ".join(indexes), **variables}


def _keyring() -> KeyringBackend | None:
    """The system's keyring, ``None`` where there is none."""
    try:
        from keyring import get_keyring
    except ImportError:
        return None
    backend = get_keyring()
    return backend if backend.priority >= _FIRST_REAL_PRIORITY else None


@contextmanager
def _open_keyring() -> Iterator[KeyringBackend | None]:
    """The same, for use. :raises CredentialsError: when it can't be used, for example because it is locked"""
    backend = _keyring()
    if backend is None:
        yield None
        return
    from keyring.errors import KeyringError

    try:
        yield backend
    except KeyringError as error:
        hint = "unlock it; PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring stores passwords in a file instead"
        raise CredentialsError(f"the system's keyring can't be used: {error}", hint) from error


def _from_keyring(entry: IndexCredentials) -> str | None:
    with _open_keyring() as keyring:
        return keyring.get_password(_SERVICE.format(entry.url), entry.username) if keyring is not None else None
