"""What a version leaves behind that a save has replaced: what can be ended is ended, the rest is named."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from developed_project import EXTENSION, Project, serves
from doors import wait_until
from platforms import Home, Platform

LEAVING = """
import json, threading, time
import localstack.constants
from localstack.aws.connect import ServiceLevelClientFactory
from localstack.services.edge import ROUTER
from localstack.utils.patch import Patch, patch
from localstack.utils.threads import start_thread

def forever(*args):
    time.sleep(1000)

threading.Thread(target=forever, name="left-behind", daemon=True).start()
start_thread(forever, name="left-by-the-contract")
localstack.constants.patched = forever

@patch(json.dumps)
def dumps(original, *args, **kwargs):
    return original(*args, **kwargs)

@patch(ServiceLevelClientFactory.get_client)
def get_client(original, *args, **kwargs):
    return original(*args, **kwargs)

@patch(ROUTER.dispatch)
def dispatch(original, *args, **kwargs):
    return original(*args, **kwargs)

reverted = Patch.function(json.loads, lambda original, *args: original(*args))
reverted.apply()
reverted.undo()
is_over = threading.Event()
threading.Thread(target=lambda: is_over.wait() and time.sleep(0.05), name="slow-to-end").start()
end = is_over.set
VERSION = 2
"""


def test_what_a_version_leaves_behind_is_named(home: Home, start: Callable[..., Platform]) -> None:
    source = EXTENSION.replace("from .version", "from . import version\nfrom .version")
    project = Project(home, source + "        getattr(version, 'end', str)()\n")
    platform = start()
    serves(platform)
    project.save("version.py", LEAVING)
    serves(platform, version=2)
    project.save("version.py", "VERSION = 3\n")
    serves(platform, version=3)
    left = [
        "the thread left-behind still runs",
        "the thread left-by-the-contract still runs",
        "localstack.constants.patched is still patched",
        "json.dumps is still patched",
        "localstack.services.edge.ROUTER.dispatch is still patched",
        "localstack.aws.connect.ServiceLevelClientFactory.get_client is still patched",
    ]
    for what in left:
        platform.wait_for(f"of the version before of developed, {what}: restart needed")
    project.save("version.py", "VERSION = 4\n")
    serves(platform, version=4)
    platform.wait_for("reloaded extension developed", count=3)
    assert platform.log.count("restart needed") == len(left)
    listed = home.run("extensions", "dev", "list").stderr
    assert all(f"of a version before, {what}: restart needed (localstack restart)" in listed for what in left)


RUNNING = """
import multiprocessing, subprocess, sys, time
from localstack.extensions.api import Extension
from localstack.utils.threads import start_thread
from .version import VERSION

def tick(_params, _thread):
    while _thread.running:
        time.sleep(0.01)

class TheExtension(Extension):
    name = "developed"
    server = None

    def on_platform_start(self):
        self.thread = start_thread(tick, name=f"ticks-{VERSION}")
        self.child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.worker = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(1000,))
        self.worker.start()
        self.server = self.server or subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        print("started", VERSION, self.child.pid, self.worker.pid, flush=True)
        assert VERSION != 3

    def hand_over(self):
        return {"servers": [self.server], "router": self.router}

    def take_over(self, state):
        (self.server,) = state["servers"]

    def update_gateway_routes(self, router):
        self.router = router
        router.add("/developed", self.show)

    def show(self, request):
        return {"version": VERSION, "server": self.server.poll(), "thread": self.thread.running}
"""


def test_threads_and_processes_end_with_the_version_that_started_them(
    home: Home, start: Callable[..., Platform]
) -> None:
    project = Project(home, RUNNING)
    platform = start()

    def processes_of(version: int) -> list[int]:
        return [int(word) for word in platform.wait_for(f"started {version} ").split()[2:]]

    def end(version: int) -> None:
        pids = processes_of(version)
        wait_until(lambda: not any(map(psutil.pid_exists, pids)), f"processes of version {version} still run")

    project.save("version.py", "VERSION = 2\n")
    platform.wait_for("reloaded extension developed")
    end(1)
    platform.wait_for("stopping thread ticks-1, which extension developed left running")
    project.save("version.py", "VERSION = 3\n")
    platform.wait_for("extension developed goes on as it was before the last save")
    end(3)
    assert all(map(psutil.pid_exists, processes_of(2)))
    assert platform.ask("/developed") == {"version": 2, "server": None, "thread": True}
    assert "restart needed" not in platform.log


def test_what_a_broken_save_leaves_behind_is_named(home: Home, start: Callable[..., Platform]) -> None:
    project = Project(home)
    platform = start()
    project.save("version.py", LEAVING + "raise RuntimeError\n")
    platform.wait_for(
        "of the version before of developed, localstack.constants.patched is still patched: restart needed"
    )
    serves(platform)
