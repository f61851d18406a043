"""An extension is put to the test: installed by name, called, uninstalled from the running platform, and looked for."""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from filelock import FileLock

from corpus import inspector
from corpus.interpreters import Interpreter
from corpus.published import NotRun, Published
from corpus.visit import Visit
from platforms import Home, Platform, platforms_of

LOG_LINES = 30
HOOK_FAULT = re.compile(r"ERROR .* extension \S+ failed in (import|constructor|should_load|load|on_|update_)")
"""What the log has of an extension whose hook raises; no traceback goes with it."""


class Result(Enum):
    """What came out."""

    RUNS = "runs"
    REPORTED = "reported"
    """It can't run as a whole, and the platform said why; what can run of it did."""
    FAILED = "FAILED"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Outcome:
    """The trial of one extension.

    :ivar version: of the distribution, ``None`` when it was not installed
    :ivar detail: why it failed or was not run, or what was reported
    :ivar restart: why uninstalling it took a restart; ``""`` when it went while the platform was running
    :ivar called: the calls that were made
    """

    published: Published
    interpreter: Interpreter
    result: Result
    version: str | None = None
    detail: str = ""
    restart: str = ""
    called: tuple[str, ...] = ()


@dataclass
class Trial:
    """One extension, alone in a fresh volume below ``folder``."""

    published: Published
    interpreter: Interpreter
    folder: Path
    version: str | None = None
    restart: str = ""
    visit: Visit | None = None

    def run(self) -> Outcome:
        """Never raises for what the extension or the platform does."""
        try:
            detail = self._run()
            result = Result.REPORTED if detail else Result.RUNS
        except NotRun as reason:
            result, detail = Result.NOT_RUN, str(reason)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the outcome
            result, detail = Result.FAILED, f"{describe(error)}\n{end_of_log(self.visit)}".strip()
        called = tuple(self.visit.called) if self.visit else ()
        return Outcome(self.published, self.interpreter, result, self.version, detail, self.restart, called)

    def _run(self) -> str:
        with requirements_of([self.published]):
            return self._run_here()

    def _run_here(self) -> str:
        home = fresh_home(self.folder, self.interpreter)
        if self.published.refusal is not None:
            self.version, reason = refused(home, self.published, self.published.refusal)
            return reason
        self.version = install(home, self.published)
        with self.published.backend(home), platforms_of(home) as start:
            settings = settings_of([self.published], home)
            platform = start(patience_seconds=self.published.patience_seconds, **settings)
            self.visit = Visit(platform, home)
            self.published.check(self.visit)
            platform.client("sts").get_caller_identity()
            self.restart = uninstall(self.published, home, platform)
            self.published.check_gone(self.visit)
            left = inspector.leftovers(platform, self.interpreter.bare, self.published.leaves)
            assert not left, f"left behind: {left}"
            assert platform.signal() == 0, "the platform did not end well"
        return complaint_of(self.published, platform)


@contextmanager
def requirements_of(extensions: Sequence[Published]) -> Iterator[None]:
    """Programs are there and ports are free; while the block runs, no other trial on this machine takes those ports.

    :raises NotRun: when something is missing
    """
    programs = {program for published in extensions for program in published.programs}
    if missing := sorted(program for program in programs if shutil.which(program) is None):
        raise NotRun(f"not on PATH: {', '.join(missing)}")
    ports = sorted({port for published in extensions for port in published.ports})
    with ExitStack() as held:
        for port in ports:  # in one order, so that two never wait for each other
            held.enter_context(FileLock(Path(tempfile.gettempdir(), f"leanto-corpus-{port}.lock")))
            require_free(port)
        yield


def require_free(port: int) -> None:
    """:raises NotRun: when the port is in use"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise NotRun(f"port {port}, which it has hard-coded, is in use") from None


def fresh_home(folder: Path, interpreter: Interpreter) -> Home:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    home = Home(folder, interpreter.python)
    inspector.prepare(home)
    return home


def install(home: Home, published: Published) -> str:
    """Install by name; the version that was installed."""
    done = home.run("extensions", "install", published.distribution)
    assert done.returncode == 0, f"install: {done.stdout}{done.stderr}"
    return _version_in(done.stdout, published)


def refused(home: Home, published: Published, pattern: str) -> tuple[str, str]:
    """Install what can't be loaded here: its version, and the reason that is given. Nothing is changed."""
    done = home.run("extensions", "install", published.distribution)
    assert done.returncode != 0, "it is installed now: what is missing is there?"
    found = re.search(pattern, done.stderr)
    assert found, f"the reason lacks {pattern!r}: {done.stderr}"
    assert "no extensions installed" in home.run("extensions", "list").stdout
    return _version_in(done.stdout, published), found[0]


def _version_in(plan: str, published: Published) -> str:
    found = re.search(rf"\+ {re.escape(published.distribution)} (\S+)", plan)
    return found[1] if found else ""


def settings_of(extensions: Sequence[Published], home: Home) -> Mapping[str, str]:
    """The settings of a platform with these extensions; files that they need are put in place."""
    settings: dict[str, str] = {}
    for published in extensions:
        settings |= published.prepare(home)
        if 4566 in published.ports:
            settings["GATEWAY_LISTEN"] = "127.0.0.1:4566"
    return settings


def uninstall(published: Published, home: Home, platform: Platform) -> str:
    """Uninstall from the running platform; when that takes a restart, do it and return the reason."""
    done = home.run("extensions", "uninstall", published.distribution)
    assert done.returncode == 0, f"uninstall: {done.stdout}{done.stderr}"
    if f"unloaded {published.distribution}" in done.stdout:
        return ""
    reason = re.search(r"^Restart needed: (.*)$", done.stdout, re.MULTILINE)
    assert reason, f"uninstall: {done.stdout}"
    restarted = home.run("restart")
    assert restarted.returncode == 0, f"restart: {restarted.stdout}{restarted.stderr}"
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    return reason[1]


def complaint_of(published: Published, platform: Platform) -> str:
    """What the log says of an extension that can't run as a whole; ``""`` of one that can, whose log has no fault."""
    if published.complaint is None:
        assert "Traceback" not in platform.log, platform.log
        assert not HOOK_FAULT.search(platform.log), platform.log
        return ""
    found = re.search(published.complaint, platform.log)
    assert found, f"the log lacks {published.complaint!r}:\n{platform.log}"
    return found[0]


def describe(error: Exception) -> str:
    """The failure with the line of the check it comes from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/tests/" in f.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""
    return f"{place}\n{type(error).__name__}: {error}".strip()


def end_of_log(visit: Visit | None) -> str:
    """The last lines of the platform's log, without the inspections."""
    lines = visit.platform.stderr if visit else []
    return "\n".join([line for line in lines if "/_inspector" not in line][-LOG_LINES:])
