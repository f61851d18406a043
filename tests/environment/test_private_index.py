"""``localstack login --index``: a private package index with a password, here a real pypiserver."""

from __future__ import annotations

import json
import os
import pty
import shutil
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project
from platforms import Home, free_port

PASSWORD = "pa ss:wörd@/#?"
TOKEN = "ls-0123456789abcdef"


@dataclass
class PrivateIndex:
    """A pypiserver that shows nothing without a password."""

    url: str
    file: Path
    passwords: dict[str, str]

    def set_password(self, user: str, password: str) -> None:
        """Write the file anew, in the form of ``htpasswd -s``."""
        self.passwords[user] = password
        digests = {name: b64encode(sha1(text.encode()).digest()).decode() for name, text in self.passwords.items()}
        self.file.write_text("".join(f"{name}:{{SHA}}{digest}\n" for name, digest in digests.items()))


@contextmanager
def serve(folder: Path, passwords: Path) -> Iterator[PrivateIndex]:
    port = free_port()
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port)]
    command += ["-P", str(passwords), "-a", "update,download,list", "-v", str(folder)]
    index = PrivateIndex(f"http://127.0.0.1:{port}/simple/", passwords, {"__token__": TOKEN})
    index.set_password("me", PASSWORD)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        assert any("Hit Ctrl-C to quit" in line for line in server.stderr)
        reader = threading.Thread(target=server.stderr.read)
        reader.start()
        yield index
    finally:
        server.terminate()
        server.wait(30)
        reader.join()
        server.stderr.close()


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[PrivateIndex]:
    folder = tmp_path_factory.mktemp("private")
    (folder / "packages").mkdir()
    for name in ("leanto-test-private", "leanto-test-secret"):
        shutil.copy(Project(name, plugin=name).wheel(wheels), folder / "packages")
    with serve(folder / "packages", folder / "htpasswd") as index:
        yield index


def run(installer: Installer, *arguments: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run ``localstack ARGUMENTS``; no output may have a secret in it."""
    done = subprocess.run(
        [sys.executable, "-m", "localstack.host.cli.main", *arguments],
        env={**installer.environ, **environ},
        cwd=installer.home.path,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert PASSWORD not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def log_in(installer: Installer, index: PrivateIndex, **environ: str) -> subprocess.CompletedProcess[str]:
    return run(installer, "login", "--index", index.url, "-u", "me", "-p", PASSWORD, **environ)


def credentials_file(home: Home) -> Path:
    return home.config / "credentials.json"


def files_with(secret: str, folder: Path) -> list[Path]:
    encodings = (secret.encode(), json.dumps(secret)[1:-1].encode())
    paths = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in paths if any(text in path.read_bytes() for text in encodings)]


def test_after_a_login_extensions_of_the_index_can_be_installed(installer: Installer, private: PrivateIndex) -> None:
    refused = run(installer, "extensions", "install", "leanto-test-private")
    assert refused.returncode == 1
    done = log_in(installer, private)
    assert (done.returncode, done.stderr) == (0, "")
    file = credentials_file(installer.home)
    assert done.stdout.startswith(f"Logged in to {private.url} as me; the password is in {file}.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for name in ("leanto-test-private", "leanto-test-greeter"):  # the second is in the usual index
        installed = run(installer, "extensions", "-v", "install", name)
        assert installed.returncode == 0, installed.stderr
    assert installer.plugin_names() == ["greeter", "leanto-test-private"]
    assert files_with(PASSWORD, installer.home.path) == [file]


def test_check_sync_and_a_configured_index_use_them_too(
    installer: Installer, private: PrivateIndex, tmp_path: Path
) -> None:
    log_in(installer, private)
    assert run(installer, "extensions", "check", "leanto-test-secret").returncode == 0
    (tmp_path / "wanted.txt").write_text("leanto-test-secret\n")
    synced = run(installer, "extensions", "sync", str(tmp_path / "wanted.txt"), UV_DEFAULT_INDEX=private.url)
    assert synced.returncode == 0, synced.stderr
    assert installer.plugin_names() == ["leanto-test-secret"]


@pytest.mark.parametrize(("text", "missing"), [("", "username"), ("me\n", "password")])
def test_who_can_not_be_asked_is_told_what_to_give(
    installer: Installer, private: PrivateIndex, text: str, missing: str
) -> None:
    refused = run(installer, "login", "--index", private.url, text=text)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"❌ Error: the input ended before the {missing}",
        "   Hint: give both with -u and -p, or a token in LOCALSTACK_AUTH_TOKEN",
    ]


def test_after_a_logout_the_index_is_closed_again(installer: Installer, private: PrivateIndex, tmp_path: Path) -> None:
    log_in(installer, private)
    assert run(installer, "logout", "--index", "http://127.0.0.1/other/").returncode == 1
    done = run(installer, "logout", "--index", private.url)
    assert (done.returncode, done.stdout) == (0, f"Removed the credentials for {private.url}.\n")
    assert list(installer.home.config.iterdir()) == []
    environ = {"UV_DEFAULT_INDEX": private.url, "UV_CACHE_DIR": str(tmp_path / "cache")}
    refused = run(installer, "extensions", "install", "leanto-test-private", **environ)
    assert refused.returncode == 1
    message, hint = refused.stderr.splitlines()
    assert message.endswith(f"leanto-test-private was not found, and {private.url} refuses access (401 Unauthorized)")
    assert hint == f"   Hint: if the index needs a password: localstack login --index {private.url}"


def test_a_plain_logout_removes_all(installer: Installer, private: PrivateIndex) -> None:
    log_in(installer, private)
    run(installer, "auth", "set-token", TOKEN)
    done = run(installer, "logout")
    assert done.stdout.startswith(f"Removed the credentials for {private.url}.\nLogged out: ")
    assert list(installer.home.config.iterdir()) == []


def test_a_wrong_password_is_an_error_and_leaves_what_was_stored(installer: Installer, private: PrivateIndex) -> None:
    wrong = run(installer, "login", "--index", private.url, "-u", "me", "-p", "wrong")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith(
        f"❌ Error: {private.url} refuses this user name and password (403); nothing was stored\n"
    )
    assert not installer.home.config.exists()
    log_in(installer, private)
    before = credentials_file(installer.home).read_bytes()
    assert run(installer, "login", "--index", private.url, "-u", "me", "-p", "wrong").returncode == 1
    assert credentials_file(installer.home).read_bytes() == before


def test_a_password_that_was_changed_since_is_said(installer: Installer, private: PrivateIndex, tmp_path: Path) -> None:
    private.set_password("mover", "first")
    assert run(installer, "login", "--index", private.url, "-u", "mover", "-p", "first").returncode == 0
    private.set_password("mover", "second")
    refused = run(installer, "extensions", "install", "leanto-test-private", UV_CACHE_DIR=str(tmp_path / "cache"))
    assert refused.returncode == 1
    assert f"{private.url} refuses access (403 Forbidden)\n" in refused.stderr
    assert run(installer, "login", "--index", private.url, "-u", "mover", "-p", "second").returncode == 0
    assert run(installer, "extensions", "install", "leanto-test-private").returncode == 0


def test_the_token_of_the_environment_is_taken(installer: Installer, private: PrivateIndex) -> None:
    done = run(installer, "login", "--index", private.url, LOCALSTACK_AUTH_TOKEN=TOKEN)
    assert done.stdout.startswith(f"Logged in to {private.url} as __token__;")
    assert run(installer, "extensions", "install", "leanto-test-private").returncode == 0


def test_what_is_not_given_is_asked_for(installer: Installer, private: PrivateIndex) -> None:
    piped = run(installer, "auth", "login", "--index", private.url, text=f"me\n{PASSWORD}\n")
    assert piped.returncode == 0, piped.stderr
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "localstack.host.cli.main", "login", "--index", private.url, "-u", "me"]
    process = subprocess.Popen(
        command, env=installer.environ, stdin=follower, stdout=follower, stderr=follower, process_group=0
    )
    os.close(follower)  # reading ends with the command
    output = _read_until(leader, b"Password: ")
    os.write(leader, f"{PASSWORD}\n".encode())
    output += _read_until(leader, b"install NAME")
    os.close(leader)
    assert process.wait(30) == 0
    assert PASSWORD.encode() not in output


def test_credentials_go_to_their_own_index_alone(
    installer: Installer, index: LocalIndex, private: PrivateIndex
) -> None:
    """The other index is on the same address, at another port."""
    log_in(installer, private)
    assert run(installer, "extensions", "install", "leanto-test-greeter").returncode == 0
    assert index.requested
    assert index.credentials == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "'nonsense' is no URL of an index"),
        ("ftp://127.0.0.1/simple/", "is no URL of an index"),
        ("http://packages.example.com/simple/", "would send the password unencrypted"),
        (
            "https://me:secret@packages.example.com/simple/",
            "https://***@packages.example.com/simple/ has credentials in it",
        ),
        ("http://127.0.0.1:1/simple/", "can't be reached: "),
        ("http://127.0.0.1:1/simple/?x=1", "has more than a path in it"),
        ("http://[::1/simple/", "is no URL of an index"),
    ],
)
def test_a_url_that_can_not_be_used_is_refused_before_anything_is_stored(
    installer: Installer, url: str, message: str
) -> None:
    refused = run(installer, "login", "--index", url, "-u", "me", "-p", PASSWORD)
    assert refused.returncode == 1
    assert message in refused.stderr
    assert "secret" not in refused.stderr
    assert not installer.home.config.exists()


def test_an_index_without_passwords_can_not_confirm_one(installer: Installer, index: LocalIndex) -> None:
    refused = run(installer, "login", "--index", index.url, "-u", "me", "-p", PASSWORD)
    assert refused.returncode == 1
    assert f"{index.url} asks for no password, so that this one can't be verified; nothing was stored" in refused.stderr
    nowhere = run(installer, "login", "--index", f"{index.url}nowhere/", "-u", "me", "-p", PASSWORD)
    assert "is no package index: it answers 404" in nowhere.stderr
    assert not installer.home.config.exists()


def test_a_file_that_is_none_is_named_and_not_quoted(installer: Installer) -> None:
    credentials_file(installer.home).parent.mkdir()
    for text in ("", "[]", '{"indexes": [1]}', f'{{"password": "{PASSWORD}"}}'):
        credentials_file(installer.home).write_text(text)
        refused = run(installer, "extensions", "install", "leanto-test-greeter")
        assert refused.returncode == 1
        assert f"❌ Error: {credentials_file(installer.home)} holds no credentials\n" in refused.stderr


KEYRING = """\
import json, os, pathlib
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

PATH = pathlib.Path(os.environ["TEST_KEYRING"])

class Backend(KeyringBackend):
    priority = 5

    def _all(self):
        if os.environ.get("TEST_KEYRING_LOCKED"):
            raise KeyringLocked("the collection is locked")
        return json.loads(PATH.read_text()) if PATH.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        PATH.write_text(json.dumps({**self._all(), f"{service} {username}": password}))

    def delete_password(self, service, username):
        PATH.write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service} {username}"}))
"""


def test_a_keyring_keeps_the_password_where_there_is_one(
    installer: Installer, private: PrivateIndex, tmp_path: Path
) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "system_keyring.py").write_text(KEYRING)
    keyring = {
        "PYTHONPATH": str(tmp_path / "modules"),
        "PYTHON_KEYRING_BACKEND": "system_keyring.Backend",
        "TEST_KEYRING": str(tmp_path / "keyring.json"),
    }
    done = log_in(installer, private, **keyring)
    assert "the password is in the system's keyring." in done.stdout
    assert files_with(PASSWORD, installer.home.path) == []
    assert files_with(PASSWORD, tmp_path / "keyring.json") == [] != files_with(PASSWORD, tmp_path)
    assert run(installer, "extensions", "install", "leanto-test-private", **keyring).returncode == 0
    locked = run(installer, "extensions", "install", "leanto-test-secret", **keyring, TEST_KEYRING_LOCKED="1")
    assert "❌ Error: the system's keyring can't be used: the collection is locked\n" in locked.stderr
    assert run(installer, "logout", **keyring).returncode == 0
    assert json.loads((tmp_path / "keyring.json").read_text()) == {}


def _read_until(terminal: int, end: bytes) -> bytes:
    output = b""
    while end not in output:
        output += os.read(terminal, 1024)
    return output
