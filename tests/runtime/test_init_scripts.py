"""Init scripts run in their stages, in order, and what fails is reported and stops nobody."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from platforms import Home, Platform

RUNNER = """
from pathlib import Path
from localstack.extensions.api import Extension
from localstack.runtime.init import ScriptRunner

class TheExtension(Extension):
    name = "notes"
    def on_extension_load(self):
        print("EXTENSION loaded", flush=True)
    def on_platform_ready(self):
        print("EXTENSION ready", flush=True)
    def on_platform_shutdown(self):
        print("EXTENSION shutdown", flush=True)

class NoteRunner(ScriptRunner):
    name = "note"
    suffixes = [".note"]
    def load(self):
        print("RUNNER loaded", flush=True)
    def run(self, path):
        text = Path(path).read_text().strip()
        if text == "bad":
            raise ValueError("a bad note")
        print("NOTE", text, flush=True)
"""


def write(home: Home, name: str, text: str, *, is_executable: bool = True) -> Path:
    """Write ``ready.d/a.sh`` into the init folder."""
    path = home.config / "init" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755 if is_executable else 0o644)
    return path


def states(platform: Platform, stage: str) -> dict[str, str]:
    scripts = platform.get(f"/_localstack/init/{stage}").json()["scripts"]
    assert all(script["stage"] == stage.upper() for script in scripts)
    return {script["name"]: script["state"] for script in scripts}


def test_scripts_run_in_their_stages_and_in_order(start: Callable[..., Platform], home: Home) -> None:
    write(home, "boot.d/a.sh", "#!/bin/sh\necho BOOT\n")
    write(home, "start.d/a.py", "print('START', __file__.endswith('a.py'), __name__, flush=True)\n")
    write(home, "ready.d/2.sh", "#!/bin/sh\necho READY 2\n")
    write(home, "ready.d/10.py", "import os\nos.environ['AWS_PROFILE'] = 'other'\nprint('READY 10', flush=True)\n")
    write(home, "ready.d/deeper/1.py", "import os\nprint('READY deeper', os.environ.get('AWS_PROFILE'), flush=True)\n")
    write(home, "ready.d/README", "no script")
    write(home, "shutdown.d/a.sh", "#!/bin/sh\necho SHUTDOWN\n")
    platform = start()
    assert platform.get("/_localstack/init").json()["completed"] == {
        "BOOT": True,
        "START": True,
        "READY": True,
        "SHUTDOWN": False,
    }
    assert states(platform, "ready") == {"10.py": "SUCCESSFUL", "2.sh": "SUCCESSFUL", "deeper/1.py": "SUCCESSFUL"}
    assert states(platform, "shutdown") == {"a.sh": "UNKNOWN"}
    assert platform.signal() == 0
    platform.wait_for("^SHUTDOWN")
    marked = [
        line for line in platform.stdout if line.split(" ")[0] in ("BOOT", "START", "READY", "Ready.", "SHUTDOWN")
    ]
    assert marked == [
        "BOOT",
        "START True __main__",
        "READY 10",
        "READY 2",
        "READY deeper None",
        "Ready.",
        "SHUTDOWN",
    ]


def test_a_shell_script_has_clients_that_reach_this_platform(start: Callable[..., Platform], home: Home) -> None:
    code = "import boto3; boto3.client('sqs').create_queue(QueueName='from-script')"
    write(home, "ready.d/queue.sh", f'#!/bin/sh\n{sys.executable} -c "{code}"\n')
    platform = start()
    assert states(platform, "ready") == {"queue.sh": "SUCCESSFUL"}
    assert platform.client("sqs").list_queues()["QueueUrls"][0].endswith("/from-script")


def test_scripts_that_fail_are_reported_and_the_rest_runs(start: Callable[..., Platform], home: Home) -> None:
    exits = write(home, "ready.d/1-exits.sh", "#!/bin/sh\nexit 3\n")
    plain = write(home, "ready.d/2-plain.sh", "#!/bin/sh\n", is_executable=False)
    write(home, "ready.d/3-interpreter.sh", "#!/no/such/interpreter\n")
    raises = write(home, "ready.d/4-raises.py", "raise KeyError('left out')\n")
    write(home, "ready.d/5-exits.py", "import sys\nsys.exit('no way')\n")
    write(home, "ready.d/6-syntax.py", "this is no Python\n")
    write(home, "ready.d/7-ends.py", "import sys\nsys.exit(0)\n")
    platform = start()
    assert list(states(platform, "ready").values()) == ["ERROR"] * 6 + ["SUCCESSFUL"]
    log = platform.log
    assert f"Error while running script {exits}: Script {exits} returned a non-zero exit code 3" in log
    assert f"the file is not executable: chmod +x {plain}" in log
    assert "its first line has to name an interpreter" in log
    assert f"Error while running script {raises}: KeyError: 'left out'" in log
    assert "Traceback" not in log
    assert platform.get("/_localstack/health").status_code == 200


def test_a_runner_of_an_extension_takes_its_kind_of_files(start: Callable[..., Platform], home: Home) -> None:
    project = home.write_extension("notes", RUNNER)
    installed = project / "notes.egg-info"
    installed.mkdir()
    (installed / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: notes\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text(
        "[localstack.extensions]\nnotes = notes_ext:TheExtension\n"
        "[localstack.init.runner]\nnote = notes_ext:NoteRunner\n"
    )
    write(home, "start.d/a.note", "first")
    write(home, "ready.d/a.note", "bad")
    write(home, "ready.d/b.note", "second")
    write(home, "shutdown.d/a.note", "last")
    platform = start()
    assert states(platform, "start") == {"a.note": "SUCCESSFUL"}
    assert states(platform, "ready") == {"a.note": "ERROR", "b.note": "SUCCESSFUL"}
    assert "a.note: ValueError: a bad note" in platform.log
    plugins = platform.get("/_localstack/plugins").json()["localstack.init.runner"]
    assert plugins == [{"name": "note", "is_initialized": True, "is_loaded": True}]
    platform.wait_for("^EXTENSION ready")
    assert platform.signal() == 0
    platform.wait_for("^EXTENSION shutdown")
    marked = [line for line in platform.stdout if line.split(" ")[0] in ("NOTE", "RUNNER", "EXTENSION", "Ready.")]
    assert marked == [
        "RUNNER loaded",
        "NOTE first",
        "EXTENSION loaded",
        "NOTE second",
        "Ready.",
        "EXTENSION ready",
        "NOTE last",
        "EXTENSION shutdown",
    ]


def test_the_folder_moves_with_filesystem_root(start: Callable[..., Platform], home: Home) -> None:
    folder = home.path / "root" / "etc" / "localstack" / "init" / "ready.d"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("print('MOVED', flush=True)\n")
    assert "MOVED" in start(FILESYSTEM_ROOT=str(home.path / "root")).stdout
