"""A real WireMock, from npm: its package there has the program for Java."""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from databases import NotAvailable
from doors import wait_until
from localstack.utils.net import is_port_open

VERSION = "3.13.2"


@contextmanager
def wiremock(port: int) -> Iterator[None]:
    """WireMock on a port of loopback.

    :raises NotAvailable: when there is no Java, or npm can't fetch it
    """
    if shutil.which("java") is None:
        raise NotAvailable("there is no java to run WireMock with")
    options = ["--port", str(port), "--bind-address", "127.0.0.1", "--global-response-templating"]
    program = _program()
    command = ["java", "-jar", str(program), *options]
    with subprocess.Popen(
        command,
        cwd=program.parent,  # where it makes folders
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_until(lambda: process.poll() is not None or is_port_open(port), "WireMock does not start", seconds=60)
            assert process.poll() is None, process.communicate()[0]
            yield
        finally:
            process.kill()


@functools.cache
def _program() -> Path:
    """The jar, fetched once a run."""
    if shutil.which("npm") is None:
        raise NotAvailable("there is no npm to fetch WireMock with")
    folder = tempfile.mkdtemp(prefix="leanto-wiremock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = ["npm", "pack", "--silent", "--fetch-retries=0", f"--pack-destination={folder}", f"wiremock@{VERSION}"]
    fetched = subprocess.run(command, cwd=folder, capture_output=True, timeout=250, check=False)
    if fetched.returncode != 0:
        raise NotAvailable("npm can't fetch WireMock")
    with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(Path(folder).glob("package/build/*.jar"))
