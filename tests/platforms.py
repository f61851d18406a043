"""Real platforms as processes, and a user's world with extension projects written on the spot."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ended_with_parent import ended_with_this

START_TIMEOUT_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@functools.cache
def _session_cache() -> Path:
    """One uv cache for the whole run: a distribution is downloaded and built once."""
    folder = tempfile.mkdtemp(prefix="leanto-tests-uv-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@dataclass
class Platform:
    """A platform running as a process of its own, with everything that it prints.

    :ivar patience_seconds: how long it may take to print or to serve what a test waits for
    """

    process: subprocess.Popen[str]
    port: int
    home: Path
    environ: Mapping[str, str]
    patience_seconds: float = START_TIMEOUT_SECONDS
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _open_streams: int = 2

    def __post_init__(self) -> None:
        for stream, lines in ((self.process.stdout, self.stdout), (self.process.stderr, self.stderr)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    @property
    def _ended(self) -> bool:
        return self._open_streams == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return "\n".join(self.stderr)

    @property
    def output(self) -> str:
        return "\n".join(self.stdout)

    def request(self, method: str, path: str, host: str | None = None, **kwargs: Any) -> requests.Response:
        """Send one request; ``host`` sets the Host header, with the port appended."""
        headers = dict(kwargs.pop("headers", {}))
        if host is not None:
            headers["Host"] = f"{host}:{self.port}"
        return requests.request(method, self.url + path, headers=headers, timeout=30, **kwargs)

    def get(self, path: str, host: str | None = None, **kwargs: Any) -> requests.Response:
        return self.request("GET", path, host, **kwargs)

    def ask(self, path: str) -> Any:
        """What a path answers as JSON."""
        answer = self.get(path)
        assert answer.status_code == 200, (answer.text, self.log)
        return answer.json()

    def get_until(self, status: int, path: str, host: str | None = None) -> requests.Response:
        """Ask until the answer has ``status``: for servers that come up some time after the platform."""
        deadline = time.monotonic() + self.patience_seconds
        while (answer := self.get(path, host)).status_code != status:
            assert time.monotonic() < deadline, f"{path} still answers {answer.status_code}: {answer.text[:500]}"
        return answer

    def wait_for(self, pattern: str, lines: list[str] | None = None, count: int = 1) -> str:
        """Wait until ``count`` printed lines match; the last of them. By default lines of stdout and stderr."""
        deadline = time.monotonic() + self.patience_seconds
        with self._changed:
            while True:
                seen = lines if lines is not None else [*self.stdout, *self.stderr]
                found = [line for line in seen if re.search(pattern, line)]
                if len(found) >= count:
                    return found[-1]
                if self._ended or time.monotonic() > deadline:
                    raise AssertionError(f"no line matches {pattern!r}:\n{self.output}\n{self.log}")
                self._changed.wait(max(0.0, deadline - time.monotonic()))

    def signal(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def end(self) -> None:
        """Stop the process, by force after some time, and close its streams."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def client(self, service: str, **kwargs: Any) -> Any:
        """A boto3 client on this platform."""
        import boto3

        defaults = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client(service, **({"endpoint_url": self.url} | defaults | kwargs))

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._open_streams -= 1
            self._changed.notify_all()


@dataclass
class Home:
    """A user's world in a temporary folder: home, configuration, volume; ``python`` runs the platform in it."""

    path: Path
    python: str = sys.executable

    @property
    def volume(self) -> Path:
        return self.path / "volume"

    @property
    def config(self) -> Path:
        return self.path / "config"

    def environ(self, **extra: str) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LOCALSTACK_"))}
        own = {
            "HOME": str(self.path),
            "XDG_CACHE_HOME": str(self.path / "cache"),
            "LOCALSTACK_VOLUME_DIR": str(self.volume),
            "CONFIG_DIR": str(self.config),
            "SERVICE_WARM_UP": "0",  # in the moment after a start, the test is what should run
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or str(_session_cache()),
        }
        return inherited | own | extra

    def run(
        self, *arguments: str, cwd: Path | None = None, text: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``localstack ARGUMENTS`` to its end, with ``text`` on stdin."""
        return subprocess.run(
            [self.python, "-m", "localstack.host.cli.main", *arguments],
            env=self.environ(**environ),
            cwd=cwd or self.path,
            input=text,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def write_extension(
        self, name: str, source: str, entry_points: str | None = None, distribution: str | None = None
    ) -> Path:
        """Write a project with one module ``<name>_ext`` and enable it for developer mode."""
        project = self.path / "projects" / (distribution or name)
        module = name.replace("-", "_") + "_ext"
        project.mkdir(parents=True, exist_ok=True)
        (project / f"{module}.py").write_text(textwrap.dedent(source))
        points = entry_points or f'{name} = "{module}:TheExtension"'
        (project / "pyproject.toml").write_text(
            f'[project]\nname = "{distribution or name}"\nversion = "0.1.0"\n\n'
            f'[project.entry-points."localstack.extensions"]\n{points}\n'
        )
        self.config.mkdir(exist_ok=True)
        registry = self.config / "extensions-dev.json"
        enabled = json.loads(registry.read_text())["extensions"] if registry.exists() else []
        if {"path": str(project)} not in enabled:
            registry.write_text(json.dumps({"version": 1, "extensions": [*enabled, {"path": str(project)}]}))
        return project


@contextmanager
def platforms_of(home: Home) -> Iterator[Callable[..., Platform]]:
    """A function that starts platforms in a user's world, after ``Ready.`` by default; all of them are ended."""
    started: list[Platform] = []

    def start(
        *,
        ready: bool = True,
        arguments: tuple[str, ...] = (),
        patience_seconds: float = START_TIMEOUT_SECONDS,
        **environ: str,
    ) -> Platform:
        port = int(environ.get("GATEWAY_LISTEN", ":").rpartition(":")[2] or free_port())
        environ = {"GATEWAY_LISTEN": f"127.0.0.1:{port}", "EXTENSION_DEV_MODE": "1"} | environ
        full = home.environ(**environ)
        process = subprocess.Popen(
            [*ended_with_this(), home.python, "-m", "localstack.host.cli.main", "start", "--no-banner", *arguments],
            env=full,
            cwd=home.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        platform = Platform(process, port, home.path, full, patience_seconds)
        started.append(platform)
        if ready:
            platform.wait_for(r"^Ready\.$", platform.stdout)
        return platform

    try:
        yield start
    finally:
        for platform in started:
            platform.end()
