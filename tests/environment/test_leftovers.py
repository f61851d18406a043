"""What an extension has left running ends when it is uninstalled from a running platform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil

from doors import wait_until
from extension_installer import Installer
from extension_packages import Project
from platforms import Platform

EXTENSION = """
import multiprocessing, subprocess, sys, threading, time
from localstack.extensions.api import Extension
from localstack.utils.run import ShellCommandThread, run
from localstack.utils.threads import FuncThread

WAIT = [sys.executable, "-c", "import time; time.sleep(600)"]

class TheExtension(Extension):
    name = "careless"

    def on_platform_start(self):
        self.process = subprocess.Popen(WAIT)
        self.worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
        self.worker.start()
        self.command = ShellCommandThread(WAIT, name="careless-command")
        self.command.start()
        self.loop = FuncThread(self.wait, name="careless-loop")
        self.loop.start()

    def wait(self, _, _thread):
        while _thread.running:
            _thread._stop_event.wait(60)

    def update_gateway_routes(self, router):
        router.add("/careless", self.begin)

    def begin(self, request):
        FuncThread(lambda _: run(WAIT), name="careless-run", quiet=True).start()
        return "begun"
"""

WATCH = """
import threading
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "watch"

    def update_gateway_routes(self, router):
        router.add("/threads", lambda request: [thread.name for thread in threading.enumerate()])
"""


def test_threads_and_processes_end_with_their_extension(
    installer: Installer, start: Callable[..., Platform], tmp_path: Path
) -> None:
    project = Project("leanto-test-careless", plugin="careless")
    path = project.write(tmp_path / "careless")
    (path / project.module / "extension.py").write_text(EXTENSION)
    installer.install(path)
    installer.home.write_extension("watch", WATCH)
    platform = start(**{name: value for name, value in installer.environ.items() if name.startswith("UV_")})
    process = psutil.Process(platform.process.pid)
    assert platform.get("/careless").text == "begun"
    wait_until(lambda: len(process.children()) == 4, "the extension does not start its processes")
    others = [name for name in platform.get("/threads").json() if not name.startswith("careless")]

    gone = installer.run("uninstall", "careless")
    assert gone.returncode == 0, gone.stderr
    assert "Running platform: unloaded leanto-test-careless" in gone.stdout

    wait_until(lambda: not process.children(), "a process is left")
    platform.wait_for(r"ending child process \d+, which extension careless left running")
    platform.wait_for("stopping thread careless-loop, which extension careless left running")
    wait_until(lambda: not _careless(platform), "a thread is left")
    assert set(others) <= set(platform.get("/threads").json())
    assert platform.signal() == 0


def _careless(platform: Platform) -> list[str]:
    return [name for name in platform.get("/threads").json() if name.startswith("careless")]
