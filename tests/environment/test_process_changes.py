"""What an extension has changed for the whole process is as it was when it goes from a running platform."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, build
from platforms import Platform

EXTENSION = """
import importlib.machinery, io, logging, logging.config, os, socket, ssl, sys, threading, warnings
from localstack.extensions.api import Extension
from localstack.utils.patch import patch
from .version import VERSION

@patch(os.path.normcase)
def normcase(original, path):
    return original(path) + VERSION

os.environ["LOUD"] = VERSION
os.environ.pop("PRESENT", None)

class Finder(importlib.machinery.PathFinder):
    pass

class Entries:
    def find_spec(self, name, target=None):
        return None

class Output(io.StringIO):
    pass

class LoudLogger(logging.Logger):
    pass

class Filter(logging.Filter):
    pass

class OwnHandler(logging.NullHandler):
    pass

class Record(logging.LogRecord):
    pass

def hook(*args):
    pass

class TheExtension(Extension):
    name = "loud"

    def on_extension_load(self):
        logging.config.dictConfig({"version": 1, "handlers": {"own": {"class": "logging.StreamHandler"}},
            "loggers": {"loud": {"handlers": ["own"], "level": "ERROR"}, "localstack": {"level": "ERROR"}}})
        logging.addLevelName(5, "LOUD")
        logging.root.handlers[0].setFormatter(logging.Formatter("LOUD %(message)s"))
        logging.root.handlers[0].addFilter(Filter())
        logging.root.addHandler(logging.StreamHandler(io.StringIO()))
        own = logging.getLogger("loud.of.its.class")
        if not own.handlers:
            own.addHandler(OwnHandler())

    def on_platform_start(self):
        warnings.filterwarnings("ignore", message="loud")
        socket.setdefaulttimeout(33.0)
        logging.disable(1)
        os.chdir("/usr")
        ssl._create_default_https_context = ssl._create_unverified_context
        sys.path.insert(0, "/loud")

    def update_gateway_routes(self, router):
        router.add("/loud", self.act)

    def act(self, request):
        logging.setLoggerClass(LoudLogger)
        logging.setLogRecordFactory(Record)
        logging.getLogger("loud.of.its.class").addFilter(Filter())
        sys.excepthook = threading.excepthook = warnings.showwarning = hook
        sys.stdout = Output()
        sys.path_importer_cache["/loud"] = Entries()
        sys.meta_path.insert(0, Finder)
        return VERSION
"""

WATCH = """
import importlib, logging, mimetypes, os, socket, ssl, sys, threading, warnings
from localstack.extensions.api import Extension

logging.getLogger("loud.of.its.class")

def shown(logger):
    things = map(repr, (logger.handlers, logger.filters, type(logger)))
    return [logger.level, logger.disabled, logger.propagate, *things]

class TheExtension(Extension):
    name = "watch"

    def update_gateway_routes(self, router):
        router.add("/process", self.tell)
        router.add("/libraries", self.use_libraries)
        router.add("/log", lambda request: logging.getLogger("localstack").warning("still written"))

    def use_libraries(self, request):
        import multiprocessing.process
        moved = importlib.import_module("six.moves.http_client")
        is_noted = hasattr(multiprocessing.process.BaseProcess.start, "__wrapped__")
        setuptools = [one for one in sys.path if "setuptools" in one]
        kind = mimetypes.guess_type("style.css")[0]
        return {"six": moved.__name__, "workers": is_noted, "path": setuptools, "type": kind}

    def tell(self, request):
        everybody = logging.root.manager.loggerDict.items()
        loggers = {name: one for name, one in everybody if isinstance(one, logging.Logger)}
        handler = logging.root.handlers[0]
        return {
            "environ": dict(os.environ),
            "loggers": {name: shown(one) for name, one in loggers.items() if name.startswith(("loud.", "localstack"))},
            "root": shown(logging.root),
            "handler": [repr(handler.formatter), repr(handler.filters), handler.level],
            "class": repr(logging.getLoggerClass()),
            "record": repr(logging.getLogRecordFactory()),
            "hooks": [repr(sys.excepthook), repr(threading.excepthook), repr(ssl._create_default_https_context)],
            "path": [entry for entry in sys.path if "/generations/" not in entry],
            "finders": [list(map(repr, sys.meta_path)), list(map(repr, sys.path_hooks))],
            "warnings": [[str(part) for part in one] for one in warnings.filters],
            "patched": os.path.normcase("path"),
            "folder": os.getcwd(),
            "timeout": socket.getdefaulttimeout(),
            "shown": repr(warnings.showwarning),
            "output": type(sys.stdout).__name__,
            "disabled": logging.root.manager.disable,
            "cached": [repr(one) for one in sys.path_importer_cache.values() if "Entries" in repr(one)],
        }
"""


def write(folder: Path, version: str, source: str = EXTENSION) -> Path:
    project = Project("leanto-test-loud", version, plugin="loud")
    path = project.write(folder / f"loud-{version}")
    (path / project.module / "extension.py").write_text(source)
    (path / project.module / "version.py").write_text(f"VERSION = {version!r}\n")
    return path


@pytest.fixture
def platform(installer: Installer, start: Callable[..., Platform]) -> Platform:
    installer.home.write_extension("watch", WATCH)
    settings = {name: value for name, value in installer.environ.items() if name.startswith("UV_")}
    return start(PRESENT="here", **settings)


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    found = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    if "environ" in found:  # without what is the same
        old, new = found["environ"]
        found["environ"] = (dict(old.items() - new.items()), dict(new.items() - old.items()))
    return found


def run(installer: Installer, *arguments: str) -> str:
    done = installer.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_is_as_it_was_when_an_extension_has_gone(installer: Installer, platform: Platform, tmp_path: Path) -> None:
    bare = platform.ask("/process")
    for version in ("1.0", "2.0"):
        assert f"loaded leanto-test-loud {version}" in run(installer, "install", str(write(tmp_path, version)))
        assert platform.get("/loud").text == version
        during = platform.ask("/process")
        assert during["environ"]["LOUD"] == version
        assert changed(bare, during).keys() == bare.keys()

    out = run(installer, "uninstall", "loud")
    assert out.endswith("Running platform: unloaded leanto-test-loud 2.0\n"), out
    assert changed(bare, platform.ask("/process")) == {}
    platform.get("/log")
    platform.wait_for(r"^\d{4}.* localstack +: still written")


def test_what_a_version_adds_anew_takes_the_place_of_what_the_one_before_has_added(
    installer: Installer, platform: Platform, tmp_path: Path
) -> None:
    bare = platform.ask("/process")
    run(installer, "install", str(write(tmp_path, "1.0")))
    first = platform.ask("/process")
    run(installer, "install", str(write(tmp_path, "2.0")))
    second = platform.ask("/process")
    for key in ("path", "warnings"):
        assert first[key] == second[key] != bare[key]
    assert second["root"][3].count("StreamHandler") == first["root"][3].count("StreamHandler")
    of_its_class = [one["loggers"]["loud.of.its.class"][3] for one in (bare, first, second)]
    assert [handlers.count("OwnHandler") for handlers in of_its_class] == [0, 1, 1]


def test_one_that_can_not_be_loaded_changes_nothing(installer: Installer, platform: Platform, tmp_path: Path) -> None:
    bare = platform.ask("/process")
    source = EXTENSION.replace(
        "    def on_platform_start(self):\n", '        raise RuntimeError("no")\n\n    def x(self):\n'
    )
    out = run(installer, "install", str(write(tmp_path, "1.0", source)))
    assert "leanto-test-loud 1.0 can't be loaded" in out, out
    assert changed(bare, platform.ask("/process")) == {}

    run(installer, "install", str(write(tmp_path, "2.0")))
    good = platform.ask("/process")
    source = EXTENSION.replace('os.chdir("/usr")', 'os.environ["NEW"] = "1"; raise RuntimeError("no")')
    out = run(installer, "install", str(write(tmp_path, "3.0", source)))
    assert "unchanged, because of loud: " in out, out
    assert changed(good, platform.ask("/process")) == {}


@pytest.mark.parametrize("value", ["other", "1.0"], ids=["another value", "the same value"])
def test_what_two_extensions_change_stays_while_one_is_there(
    installer: Installer, platform: Platform, tmp_path: Path, value: str
) -> None:
    other = Project("leanto-test-other", plugin="other")
    path = other.write(tmp_path / "other")
    (path / other.module / "extension.py").write_text(
        "import os, sys, warnings\nfrom localstack.extensions.api import Extension\n"
        "class TheExtension(Extension):\n    name = 'other'\n    def on_platform_start(self):\n"
        f"        os.environ['LOUD'] = {value!r}\n        assert '/loud' in sys.path\n"
        "        warnings.filterwarnings('ignore', message='loud')\n"
    )
    bare = platform.ask("/process")
    run(installer, "install", str(write(tmp_path, "1.0")))
    run(installer, "install", str(path))
    during = platform.ask("/process")
    run(installer, "uninstall", "loud")
    after = platform.ask("/process")
    assert after["environ"]["LOUD"] == value
    assert (after["path"], after["warnings"]) == (during["path"], during["warnings"])
    assert changed(bare, after).keys().isdisjoint({"root", "handler", "finders", "output"})
    assert not after["loggers"]["localstack.host.cli.detach"][1], "it is still disabled"
    run(installer, "install", str(write(tmp_path, "2.0")))
    assert platform.get("/loud").text == "2.0"
    run(installer, "uninstall", "loud")
    run(installer, "uninstall", "other")
    assert changed(bare, platform.ask("/process")) == {}


def test_of_calls_that_overlap_nothing_is_put_back(
    installer: Installer, start: Callable[..., Platform], tmp_path: Path
) -> None:
    door = tmp_path / "door"
    os.mkfifo(door)
    project = Project("leanto-test-slow", plugin="slow")
    path = project.write(tmp_path / "slow")
    (path / project.module / "extension.py").write_text(
        "import os\nfrom localstack.extensions.api import Extension\n"
        "class TheExtension(Extension):\n    name = 'slow'\n    def on_platform_ready(self):\n"
        "        os.environ['SLOW'] = '1'\n        print('slow waits', flush=True)\n"
        f"        open({str(door)!r}).close()\n        print('slow is ready', flush=True)\n"
    )
    quick = "import os\nfrom localstack.extensions.api import Extension\nos.environ['LOUD'] = '1'\n"
    quick += "class TheExtension(Extension):\n    name = 'loud'\n"
    installer.install(path)
    installer.home.write_extension("watch", WATCH)
    platform = start()
    platform.wait_for("slow waits")
    run(installer, "install", str(write(tmp_path, "1.0", quick)))
    paths = platform.ask("/process")["path"]
    door.open("w").close()
    platform.wait_for("slow is ready")
    run(installer, "uninstall", "slow")
    run(installer, "uninstall", "loud")
    after = platform.ask("/process")
    assert (after["environ"]["LOUD"], after["environ"]["SLOW"], after["path"]) == ("1", "1", paths)


def test_what_libraries_and_the_host_need_stays(
    installer: Installer, start: Callable[..., Platform], tmp_path: Path
) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "once.py").write_text(
        "import logging, os\nos.environ['ONCE'] = 'set'\nlogging.getLogger('loud.once').setLevel('ERROR')\n"
    )
    installer.home.write_extension("watch", WATCH)
    settings = {name: value for name, value in installer.environ.items() if name.startswith("UV_")}
    platform = start(PYTHONPATH=str(tmp_path / "libraries"), **settings)
    source = """
import sys
from localstack.extensions.api import Extension
import mimetypes, multiprocessing, pkg_resources, six

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None

class TheExtension(Extension):
    name = "loud"

    def on_platform_start(self):
        import once
        sys.meta_path.append(Finder)
        mimetypes.guess_type("loud.css")
"""
    for version in ("1.0", "2.0"):
        run(installer, "install", str(write(tmp_path, version, source)))
    run(installer, "uninstall", "loud")
    platform.wait_for("what extension loud has set stays, as others may rely on it: .*the environment variable ONCE")
    needed = platform.ask("/libraries")
    assert (needed["six"], needed["workers"], len(needed["path"])) == ("http.client", True, 1)
    assert needed["type"] == "text/css"
    after = platform.ask("/process")
    assert (after["environ"]["ONCE"], after["loggers"]["loud.once"][0]) == ("set", 40)
    assert not any("Finder'" in one and "leanto" in one for one in after["finders"][0])


def test_what_goes_has_ended_also_when_something_else_changes_with_it(
    installer: Installer, platform: Platform, index: LocalIndex, tmp_path: Path
) -> None:
    source = """
import atexit, threading, time
from localstack.extensions.api import Extension

atexit.register(lambda: print("finished", flush=True))

class TheExtension(Extension):
    name = "loud"

    def on_platform_start(self):
        threading.Thread(target=self.poll, name="loud-poll", daemon=True).start()

    def poll(self):
        while True:
            time.sleep(0.01)
"""
    index.add(build(write(tmp_path, "1.0", source), tmp_path, "wheel"))
    needs_it = Project("leanto-test-other", "1.0", ("leanto-test-loud",), plugin="other")
    run(installer, "install", str(needs_it.write(tmp_path / "other-1")))
    out = run(
        installer, "install", str(Project("leanto-test-other", "2.0", plugin="other").write(tmp_path / "other-2"))
    )
    assert "unloaded leanto-test-loud 1.0" in out, out
    platform.wait_for("finished")


def test_a_function_for_the_end_that_never_comes_to_its_end_holds_up_nothing(
    installer: Installer, platform: Platform, tmp_path: Path
) -> None:
    source = """
import atexit, threading
from localstack.extensions.api import Extension

atexit.register(lambda: threading.Event().wait())

class TheExtension(Extension):
    name = "loud"
"""
    run(installer, "install", str(write(tmp_path, "1.0", source)))
    out = run(installer, "uninstall", "loud")
    assert "a function that it gave to atexit has not come to its end, until LocalStack is restarted" in out, out


def test_what_is_to_be_called_at_the_end_is_called_when_the_extension_goes(
    installer: Installer, platform: Platform, tmp_path: Path
) -> None:
    source = """
import atexit
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "loud"

    def on_platform_start(self):
        atexit.register(self.end, "first", of="it")
        atexit.register(self.fail)
        atexit.register(print, "of nobody's code", flush=True)

    def end(self, what, of):
        print("ended", what, of, flush=True)

    def fail(self):
        raise RuntimeError("no")

@atexit.register
def finish():
    print("finished", flush=True)
"""
    run(installer, "install", str(write(tmp_path, "1.0", source)))
    assert "unloaded leanto-test-loud" in run(installer, "uninstall", "loud")
    platform.wait_for("finished")
    platform.wait_for("what was unloaded has failed in .*fail.*, registered with atexit: RuntimeError")
    assert platform.signal() == 0
    lines = ("ended first it", "finished", "of nobody's code")
    assert [line for line in platform.stdout if line in lines] == list(lines)


def test_what_only_a_restart_ends_is_named(installer: Installer, platform: Platform, tmp_path: Path) -> None:
    source = """
import json, threading, time
from localstack.extensions.api import Extension

forever = threading.Event()

class TheExtension(Extension):
    name = "loud"

    def on_platform_start(self):
        threading.Thread(target=self.wait, name="loud-thread", daemon=True).start()
        threading.Thread(target=self.poll, name="loud-poll", daemon=True).start()
        json.JSONDecoder.loud = lambda self: None

    def wait(self):
        forever.wait()

    def poll(self):
        while True:
            time.sleep(0.01)
"""
    run(installer, "install", str(write(tmp_path, "1.0", source)))
    out = run(installer, "uninstall", "loud")
    assert "Running platform: the thread loud-thread still runs, until LocalStack is restarted" in out, out
    assert "Running platform: json.decoder.JSONDecoder.loud is still patched, until LocalStack is restarted" in out, out
    assert out.count("Running platform: ") == 3, out
    platform.wait_for("of what was unloaded, the thread loud-thread still runs: restart needed")


def test_a_signal_handler_that_stays_is_named(
    installer: Installer, start: Callable[..., Platform], tmp_path: Path
) -> None:
    source = """
import signal
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "loud"

    def on_platform_start(self):
        signal.signal(signal.SIGUSR1, self.handle)

    def handle(self, number, frame):
        pass
"""
    installer.install(write(tmp_path, "1.0", source))
    platform = start()
    out = run(installer, "uninstall", "loud")
    assert "Running platform: it still handles SIGUSR1, until LocalStack is restarted" in out, out
    assert platform.signal() == 0
