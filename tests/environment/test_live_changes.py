"""Installing, upgrading, rolling back and uninstalling while a platform runs: it takes over what is safe."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from doors import wait_until
from extension_installer import Installer
from extension_packages import LocalIndex, Project, build
from platforms import Home, Platform
from steady_requests import SteadyRequests

IS_LONG = "LEANTO_SOAK" in os.environ
ROUNDS = 10 if IS_LONG else 1
"""How often one extension comes and goes beside another, after the first time."""

EXTENSION = """
import threading
from localstack.extensions.api import Extension
from .version import VERSION
{imports}

class TheExtension(Extension):
    name = "{name}"

    def on_extension_load(self):
        print("{name}", VERSION, "loaded", flush=True)

    def on_platform_start(self):
        {start}
        print("{name}", VERSION, "started", flush=True)

    def update_gateway_routes(self, router):
        router.add("/{name}", lambda request: {{"version": VERSION, "extra": str({extra})}})

    def update_response_handlers(self, handlers):
        handlers.append(self.mark)

    def mark(self, chain, context, response):
        response.headers["X-{name}"] = VERSION

    def on_platform_ready(self):
        print("{name}", VERSION, "ready", flush=True)

    def on_platform_shutdown(self):
        print("{name}", VERSION, "shut down", flush=True)
"""


def write(folder: Path, name: str, version: str, *, requires: tuple[str, ...] = (), start: str = "pass") -> Path:
    """A project with a route and a handler that show its version, and the version of what it requires."""
    project = Project(f"leanto-test-{name}", version, requires, plugin=name)
    path = project.write(folder / f"{name}-{version}-{len(requires)}")
    modules = [requirement.partition("==")[0].replace("-", "_") for requirement in requires]
    imports = "\n".join(f"import {module}" for module in modules)
    extra = " + ".join(f"getattr({module}, 'VERSION', '')" for module in modules) or "''"
    source = EXTENSION.format(name=name, imports=imports, extra=extra, start=start)
    (path / project.module / "extension.py").write_text(source)
    (path / project.module / "version.py").write_text(f"VERSION = {version!r}\n")
    return path


def library(folder: Path, name: str, version: str) -> Path:
    return Project(name, version, plugin=None).wheel(folder / f"{name}-{version}")


@pytest.fixture
def volume(installer: Installer, start: Callable[..., Platform]) -> tuple[Installer, Platform]:
    """A platform that runs on the volume which the installer changes."""
    return installer, start(**{name: value for name, value in installer.environ.items() if name.startswith("UV_")})


def run(installer: Installer, *arguments: str) -> list[str]:
    done = installer.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("Running", "Restart"))]


def test_an_extension_comes_changes_goes_back_and_goes(volume: tuple[Installer, Platform], tmp_path: Path) -> None:
    installer, platform = volume
    platform.client("s3").create_bucket(Bucket="stays")
    first, second = write(tmp_path, "guest", "1.0"), write(tmp_path, "guest", "2.0")

    assert run(installer, "install", str(first)) == ["Running platform: loaded leanto-test-guest 1.0"]
    assert platform.get("/guest").json() == {"version": "1.0", "extra": ""}
    assert run(installer, "install", str(second)) == ["Running platform: loaded leanto-test-guest 2.0"]
    answer = platform.get("/guest")
    assert (answer.json()["version"], answer.headers["X-guest"]) == ("2.0", "2.0")
    assert run(installer, "rollback") == ["Running platform: loaded leanto-test-guest 1.0"]
    assert platform.get("/guest").json()["version"] == "1.0"
    assert run(installer, "uninstall", "guest") == ["Running platform: unloaded leanto-test-guest 1.0"]
    answer = platform.get("/guest")
    assert answer.status_code == 404
    assert "X-guest" not in answer.headers
    assert platform.get("/_localstack/extensions/list").json() == []

    assert platform.client("s3").list_buckets()["Buckets"][0]["Name"] == "stays"
    platform.wait_for("guest 1.0 shut down", count=2)
    lives = [line.removeprefix("guest ") for line in platform.stdout if line.startswith("guest")]
    begin = ["loaded", "started"]
    assert lives == [
        *(f"1.0 {step}" for step in (*begin, "ready")),
        *(f"2.0 {step}" for step in begin), "1.0 shut down", "2.0 ready",
        *(f"1.0 {step}" for step in begin), "2.0 shut down", "1.0 ready",
        "1.0 shut down",
    ]  # fmt: skip


def start_slowly(installer: Installer, start: Callable[..., Platform], project: Path) -> Platform:
    """A platform in whose start the extension ``slow`` waits at a door."""
    installer.install(project)
    platform = start(ready=False, UV_DEFAULT_INDEX=installer.environ["UV_DEFAULT_INDEX"])
    platform.wait_for("slow waits")
    return platform


@pytest.fixture
def door(tmp_path: Path) -> Path:
    path = tmp_path / "door"
    os.mkfifo(path)
    return path


def waiting_at(door: Path) -> str:
    return f"print('slow waits', flush=True); open({str(door)!r}).close()"


def test_what_is_installed_during_a_start_is_there_when_the_platform_is_ready(
    installer: Installer, start: Callable[..., Platform], tmp_path: Path, door: Path
) -> None:
    platform = start_slowly(installer, start, write(tmp_path, "slow", "1.0", start=waiting_at(door)))
    late = installer.run("install", str(write(tmp_path, "late", "1.0")), "-f", "json")
    notes = json.loads(late.stdout)["notes"]
    assert [note for note in notes if note.startswith("LocalStack is just starting")] == notes[-1:]
    assert run(installer, "install", str(write(tmp_path, "late", "2.0"))) == []
    door.open("w").close()
    platform.wait_for(r"^Ready\.$", platform.stdout)
    assert platform.get("/late").json()["version"] == "2.0"
    platform.wait_for("loaded extension late")
    platform.wait_for("late 2.0 ready")
    assert run(installer, "uninstall", "late") == ["Running platform: unloaded leanto-test-late 2.0"]
    assert platform.signal() == 0
    assert [line for line in platform.stdout if line.startswith("late ")] == [
        *("late 2.0 loaded", "late 2.0 started", "late 2.0 ready", "late 2.0 shut down")
    ]


def test_what_can_not_be_taken_over_at_the_end_of_a_start_is_named(
    installer: Installer, start: Callable[..., Platform], index: LocalIndex, tmp_path: Path, door: Path
) -> None:
    for version in ("1.0", "2.0"):
        index.add(library(tmp_path, "leanto-test-shared", version))
    slow = write(tmp_path, "slow", "1.0", requires=("leanto-test-shared",), start=waiting_at(door))
    platform = start_slowly(installer, start, slow)
    assert run(installer, "install", str(write(tmp_path, "late", "1.0", requires=("leanto-test-shared==1.0",)))) == []
    door.open("w").close()
    platform.wait_for(
        "what was changed during the start waits for localstack restart, for "
        "leanto-test-shared 2.0: leanto-test-slow uses it too, and stays as it is"
    )
    platform.wait_for(r"^Ready\.$", platform.stdout)
    assert platform.get("/slow").json()["extra"] == "2.0"
    assert platform.get("/late").status_code == 404


def test_a_new_version_that_fails_leaves_the_old_one_serving(
    volume: tuple[Installer, Platform], tmp_path: Path
) -> None:
    installer, platform = volume
    run(installer, "install", str(write(tmp_path, "guest", "1.0")))
    broken = write(tmp_path, "guest", "2.0", start="raise RuntimeError('the port is taken')")
    lines = run(installer, "install", str(broken))
    assert lines[0].startswith("Running platform: unchanged, because of guest: ")
    assert "the port is taken" in lines[0]
    assert lines[1] == "Restart LocalStack for the change to take effect: localstack restart"
    answer = platform.get("/guest")
    assert (answer.json()["version"], answer.headers["X-guest"]) == ("1.0", "1.0")
    assert run(installer, "install", str(write(tmp_path, "guest", "3.0"))) == [
        "Running platform: loaded leanto-test-guest 3.0"
    ]
    assert platform.get("/guest").json()["version"] == "3.0"


def test_a_library_that_a_neighbour_uses_too_needs_a_restart(
    volume: tuple[Installer, Platform], index: LocalIndex, tmp_path: Path
) -> None:
    installer, platform = volume
    for version in ("1.0", "2.0"):
        index.add(library(tmp_path, "leanto-test-shared", version))
    run(installer, "install", str(write(tmp_path, "one", "1.0", requires=("leanto-test-shared",))))
    current = platform.get("/one").json()["extra"]
    other = "1.0" if current == "2.0" else "2.0"
    neighbour = write(tmp_path, "two", "1.0", requires=(f"leanto-test-shared=={other}",))
    done = installer.run("install", str(neighbour))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    reason = f"leanto-test-shared {current}: leanto-test-one uses it too, and stays as it is"
    assert lines.index(f"Restart needed: {reason}") < lines.index("Extension successfully installed")
    assert f"Running platform: unchanged, because of {reason}" in lines
    assert platform.get("/one").json()["extra"] == current
    assert platform.get("/two").status_code == 404
    assert installer.run("rollback").returncode == 0
    assert platform.get("/one").json()["extra"] == current


def test_what_was_not_taken_over_is_there_after_a_restart_with_the_state(
    installer: Installer, start: Callable[..., Platform], index: LocalIndex, tmp_path: Path
) -> None:
    for version in ("1.0", "2.0"):
        index.add(library(tmp_path, "leanto-test-shared", version))
    installer.install(write(tmp_path, "one", "1.0", requires=("leanto-test-shared",)))
    platform = start(PERSISTENCE="1", UV_DEFAULT_INDEX=index.url)
    platform.client("sqs").create_queue(QueueName="stays")
    other = "1.0" if platform.get("/one").json()["extra"] == "2.0" else "2.0"
    assert run(installer, "install", str(write(tmp_path, "two", "1.0", requires=(f"leanto-test-shared=={other}",))))
    restarted = installer.home.run("restart")
    assert restarted.returncode == 0, restarted.stdout + restarted.stderr
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    assert platform.get("/one").json()["extra"] == platform.get("/two").json()["extra"] == other
    assert platform.client("sqs").list_queues()["QueueUrls"][0].endswith("/stays")


def test_a_compiled_module_that_is_loaded_needs_a_restart(
    home: Home, start: Callable[..., Platform], tmp_path: Path, package_index: None
) -> None:
    platform = start()
    for version, compiled in (("1.0", "3.5.0"), ("2.0", "3.4.1")):
        project = write(tmp_path, "hasher", version, requires=(f"xxhash=={compiled}",))
        done = home.run("extensions", "install", str(project))
        assert done.returncode == 0, done.stderr
    assert "Restart needed: xxhash 3.5.0: its compiled module xxhash._xxhash is loaded" in done.stdout
    assert platform.get("/hasher").json()["version"] == "1.0"


def test_what_has_compiled_modules_goes_live_and_another_version_of_it_comes_with_a_restart(
    home: Home, start: Callable[..., Platform], tmp_path: Path, package_index: None
) -> None:
    first = write(tmp_path, "hasher", "1.0", requires=("xxhash==3.5.0",))
    assert home.run("extensions", "install", str(first)).returncode == 0
    platform = start()
    assert platform.get("/hasher").json()["version"] == "1.0"

    gone = home.run("extensions", "uninstall", "hasher")
    assert "Running platform: unloaded leanto-test-hasher 1.0" in gone.stdout, gone.stdout
    assert platform.get("/hasher").status_code == 404
    back = home.run("extensions", "rollback")
    assert "Running platform: loaded leanto-test-hasher 1.0" in back.stdout, back.stdout
    assert platform.get("/hasher").json()["extra"] == "3.5.0"
    assert home.run("extensions", "uninstall", "hasher").returncode == 0

    second = write(tmp_path, "hasher", "2.0", requires=("xxhash==3.4.1",))
    done = home.run("extensions", "install", str(second))
    reason = "its compiled module xxhash._xxhash is still loaded from before it was uninstalled"
    assert f"Restart needed: xxhash 3.4.1: {reason}" in done.stdout, done.stdout
    assert platform.get("/hasher").status_code == 404
    assert home.run("restart").returncode == 0
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    assert platform.get("/hasher").json() == {"version": "2.0", "extra": "3.4.1"}


def test_what_another_than_an_extension_has_loaded_needs_a_restart(
    installer: Installer, start: Callable[..., Platform], index: LocalIndex, tmp_path: Path
) -> None:
    """An init script, a folder in developer mode, the host itself: whoever holds on to the old code."""
    index.add(library(tmp_path, "leanto-test-shared", "1.0"))
    installer.home.write_extension(
        "dev",
        "from localstack.extensions.api import Extension\nimport leanto_test_shared as shared\n"
        "class TheExtension(Extension):\n    name = 'dev'\n"
        "    def update_gateway_routes(self, router):\n"
        "        router.add('/dev', lambda request: {'v': shared.VERSION})\n",
    )
    guest = write(tmp_path, "guest", "1.0", requires=("leanto-test-shared",))
    (guest / "leanto_test_guest" / "extension.py").write_text(
        "from localstack.extensions.api import Extension\nclass TheExtension(Extension):\n    name = 'guest'\n"
        "    should_load = lambda self: False\n"
    )
    installer.install(guest)
    platform = start()
    assert platform.get("/dev").json() == {"v": "1.0"}
    lines = run(installer, "uninstall", "leanto-test-guest")
    assert lines[0] == "Restart needed: leanto-test-shared 1.0: the module dev_ext uses it, and stays as it is"
    assert platform.get("/dev").json() == {"v": "1.0"}


@pytest.mark.timeout(900 if IS_LONG else 300)
def test_nothing_is_lost_while_another_extension_comes_and_goes(
    volume: tuple[Installer, Platform], tmp_path: Path, index: LocalIndex
) -> None:
    """One extension serves 200 requests a second; another is installed, upgraded, rolled back, uninstalled."""
    installer, platform = volume
    old, new = (build(write(tmp_path, "guest", version), tmp_path, "wheel") for version in ("1.0", "2.0"))
    index.add(old)
    newest = index.folder / "leanto-test-guest" / new.name
    run(installer, "install", str(write(tmp_path, "steady", "1.0")))
    store, queues = platform.client("s3"), platform.client("sqs")
    store.create_bucket(Bucket="stays")
    store.put_object(Bucket="stays", Key="key", Body=b"content")
    queue = queues.create_queue(QueueName="stays")["QueueUrl"]
    queues.send_message(QueueUrl=queue, MessageBody="message")
    process = psutil.Process(platform.process.pid)
    steady = SteadyRequests(
        platform.port,
        "/steady",
        lambda answer, body: (
            (answer.status, json.loads(body)["version"], answer.headers["X-steady"]) == (200, "1.0", "1.0")
        ),
    )

    def visit() -> None:
        assert run(installer, "install", "leanto-test-guest") == ["Running platform: loaded leanto-test-guest 1.0"]
        index.add(new)
        assert run(installer, "upgrade", "guest") == ["Running platform: loaded leanto-test-guest 2.0"]
        assert platform.get("/guest").json()["version"] == "2.0"
        assert run(installer, "rollback") == ["Running platform: loaded leanto-test-guest 1.0"]
        assert platform.get("/guest").json()["version"] == "1.0"
        assert run(installer, "uninstall", "guest") == ["Running platform: unloaded leanto-test-guest 1.0"]
        assert platform.get("/guest").status_code == 404
        newest.unlink()

    def resources() -> tuple[int, int]:
        """Threads and descriptors, without those that one request or another has for a moment."""
        seen = [(process.num_threads(), process.num_fds()) for _ in range(100)]
        return min(threads for threads, _ in seen), min(descriptors for _, descriptors in seen)

    visit()  # what is made once is there from now on
    threads, descriptors = resources()
    with steady.sent():
        for _ in range(ROUNDS):
            visit()
    wait_until(lambda: resources()[0] <= threads, f"there are more than {threads} threads")
    wait_until(lambda: resources()[1] <= descriptors, f"there are more than {descriptors} descriptors")
    assert steady.failures == []
    assert steady.asked == steady.due
    assert store.get_object(Bucket="stays", Key="key")["Body"].read() == b"content"
    assert queues.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "message"


@pytest.mark.parametrize("action", ["preview", "apply"])
def test_only_who_has_the_volumes_token_may_tell_the_platform(volume: tuple[Installer, Platform], action: str) -> None:
    installer, platform = volume
    file = installer.home.volume / "run" / "management-token"
    assert file.stat().st_mode & 0o777 == 0o600
    token = {"X-Leanto-Token": file.read_text()}
    path, body = f"/_localstack/extensions/{action}", {"generation": "none"}
    allowed = platform.request("POST", path, headers=token, json=body)
    assert allowed.status_code == (400 if action == "preview" else 200), allowed.text
    assert platform.request("POST", path, json=body).status_code == 401
    assert platform.request("POST", path, headers={"X-Leanto-Token": "guessed"}, json=body).status_code == 401
    assert platform.request("POST", path, "evil.example", headers=token, json=body).status_code == 403
    page = {"Origin": "http://localhost:4566", "Sec-Fetch-Site": "same-site"}
    assert platform.request("POST", path, headers=token | page, json=body).status_code == 403
    assert platform.get(path, headers=token).status_code == 405
    outside = platform.request("POST", path, headers=token, json={"generation": "../.."})
    assert outside.status_code == (400 if action == "preview" else 200)
