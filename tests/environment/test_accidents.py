"""What goes wrong around an installation: disk, network, an index that lies. The old set stays, and it is said why."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from extension_installer import Installer, installer_from
from extension_packages import IndexFault, LocalIndex, Project
from localstack.host.environment.installed import InstalledPackages
from localstack.host.environment.verification import differing_files
from platforms import Home, Platform


def fails(installer: Installer, *arguments: str) -> str:
    """The two lines of a command that fails and changes nothing."""
    before = installer.state()
    printed = installer.run(*arguments)
    assert printed.returncode == 1, printed.stdout
    assert len(printed.stderr.splitlines()) == 2, printed.stderr
    assert installer.state() == before
    return printed.stderr


def use_an_empty_cache(installer: Installer) -> None:
    installer.environ["UV_CACHE_DIR"] = str(installer.home.path / "empty-cache")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (IndexFault.RESET, "can't be read: (Connection reset|connection closed|.*reset)"),
        (IndexFault.CUT_SHORT, "can't be read: "),
        (IndexFault.SILENT, "can't be read: .*(timed out|timeout)"),
    ],
)
@pytest.mark.parametrize("what", ["page", "file"])
def test_an_index_that_fails(
    installer: Installer, index: LocalIndex, waver: Path, fault: IndexFault, said: str, what: str
) -> None:
    use_an_empty_cache(installer)
    installer.environ |= {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "1"}
    path = f"/leanto-test-waver/{waver.name if what == 'file' else ''}"
    if fault is IndexFault.CUT_SHORT and what == "page":
        (index.folder / "leanto-test-waver" / "index.html").write_text("x" * 100)
    index.faults[path] = fault
    assert re.search(said, fails(installer, "install", "leanto-test-waver"))
    index.faults.clear()
    installer.install("leanto-test-waver")


def test_an_index_that_serves_another_file_than_it_says(installer: Installer, index: LocalIndex, waver: Path) -> None:
    installer.install("leanto-test-greeter")
    use_an_empty_cache(installer)
    index.wrong_hashes.add(waver.name)
    said = fails(installer, "install", "leanto-test-waver")
    assert "leanto-test-waver" in said
    assert "has another hash than it should: sha256:" in said
    assert f"instead of sha256:{'0' * 64}" in said


def needs_unshare(*options: str) -> list[str]:
    """The command that gives a process namespaces of its own; skips, loudly, where that is not allowed."""
    command = ["unshare", "--map-root-user", *options]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT RUN: this machine lets nobody make namespaces")
    return command


def in_mounted_volume(installer: Installer, mount: str, *commands: str) -> list[subprocess.CompletedProcess[str]]:
    """Run commands of ``localstack`` one after the other in a volume that is mounted for them alone."""
    template = installer.home.path / "template"
    shutil.copytree(installer.home.volume, template, symlinks=True)
    script = [f"set -e; {mount}", "set +e"]
    for number, command in enumerate(commands):
        files = " ".join(f"{fd}> {template}.{number}.{name}" for fd, name in ((1, "out"), (2, "err")))
        script.append(f"{sys.executable} -m localstack.host.cli.main {command} {files}; echo $?")
    unshare = needs_unshare("--mount")
    ran = subprocess.run(
        [*unshare, "sh", "-c", "\n".join(script)],
        env=installer.environ,
        cwd=installer.home.path,
        capture_output=True,
        text=True,
        check=True,
    )
    results = []
    for number, code in enumerate(ran.stdout.split()):
        out, err = (Path(f"{template}.{number}.{name}").read_text() for name in ("out", "err"))
        results.append(subprocess.CompletedProcess(commands[number], int(code), out, err))
    shutil.rmtree(template)
    return results


@pytest.mark.parametrize("room_kilobytes", [4, 60, 120, 300])
def test_a_full_disk(installer: Installer, index: LocalIndex, tmp_path: Path, room_kilobytes: int) -> None:
    """Full in the scratch folder, in the new environment, at its link to the host, and when files are installed."""
    project = Project("leanto-test-big", plugin="big").write(tmp_path / "big")
    module = project / "leanto_test_big" / "extension.py"
    module.write_text(f"{module.read_text()}# {'x' * 300_000}\n")
    installer.install("leanto-test-greeter")
    installer.uninstall("greeter")
    installer.install("leanto-test-waver")
    filler = installer.home.volume / "filler"
    mount = (
        f"mount -t tmpfs -o size=8m tmpfs {installer.home.volume}; "
        f"cp -a {installer.home.path}/template/. {installer.home.volume}; "
        f"head -c 8m /dev/zero > {filler} 2> /dev/null || truncate -s -{room_kilobytes}K {filler}"
    )
    installer.environ["COLUMNS"] = "30"  # uv would break its lines there
    failed, listed, back = in_mounted_volume(
        installer, mount, f"extensions install file://{project}", "extensions list -f json", "extensions rollback 1"
    )
    assert failed.returncode == 1, failed.stdout
    assert "No space left on device" in failed.stderr or "there is no space left" in failed.stderr
    assert "free some space" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert [one["name"] for one in json.loads(listed.stdout)["extensions"]] == ["waver"]
    assert back.returncode == 0, back.stderr


def test_a_start_on_a_full_disk(installer: Installer) -> None:
    """Its log has no room for what it has to say."""
    installer.install("leanto-test-waver")
    volume = installer.home.volume
    mount = (
        f"mount -t tmpfs -o size=1m tmpfs {volume}; cp -a {installer.home.path}/template/. {volume}; "
        f"head -c 1m /dev/zero > {volume}/filler 2> /dev/null || true"
    )
    for started in in_mounted_volume(installer, mount, "start -d", "start"):
        assert started.returncode == 1, started.stdout
        assert "No space left on device" in started.stderr
        assert "free some space" in started.stderr
        assert "Traceback" not in started.stderr


def test_a_read_only_volume(installer: Installer) -> None:
    installer.install("leanto-test-waver")
    volume = installer.home.volume
    mount = f"mount --bind {volume} {volume}; mount -o remount,ro,bind {volume}"
    refused, listed, sick, started = in_mounted_volume(
        installer,
        mount,
        "extensions install leanto-test-greeter",
        "extensions list -f json",
        "extensions doctor -f json",
        "start",
    )
    assert refused.returncode == 1
    assert "can't be written: Read-only file system" in refused.stderr
    assert "LOCALSTACK_VOLUME_DIR" in refused.stderr
    assert json.loads(sick.stdout)["problems"][0]["message"] == f"{volume} is on a read-only file system"
    assert f"the volume {volume} can't be used: Read-only file system" in started.stderr
    assert [one["name"] for one in json.loads(listed.stdout)["extensions"]] == ["waver"]


ASK = """
import sys, time, urllib.request

host, path = sys.argv[1:]
question = urllib.request.Request(f"http://127.0.0.1:4566{path}", headers={"Host": f"{host}:4566"})
deadline = time.monotonic() + 60
while True:  # some start a server of their own, and do not wait for it
    try:
        print(urllib.request.urlopen(question, timeout=30).read().decode())
        break
    except urllib.error.HTTPError:
        if time.monotonic() > deadline:
            raise
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Installer:
    """A machine without an index, and with nothing in uv's cache."""
    (tmp_path / "elsewhere").mkdir()
    other = installer_from(Home(tmp_path / "elsewhere"), LocalIndex(tmp_path, "http://127.0.0.1:1"))
    use_an_empty_cache(other)
    (other.home.path / "ask.py").write_text(ASK)
    return other


def answers_without_network(machine: Installer, *questions: tuple[str, str]) -> list[str]:
    """Install ``x.bundle`` where there is no network but loopback; what a platform there answers to host and path."""
    localstack = f"{sys.executable} -m localstack.host.cli.main"
    asked = [
        f"{sys.executable} ask.py '{host}' '{path}' > {number}.answer" for number, (host, path) in enumerate(questions)
    ]
    script = [
        "set -e",
        "ip link set lo up",
        f"{localstack} extensions install --offline x.bundle",
        f"{localstack} start -d",
        f"trap 'cat {machine.home.volume}/logs/*; {localstack} stop' EXIT",
        f"{localstack} wait",
        *asked,
    ]
    ran = subprocess.run(
        [*needs_unshare("--net"), "sh", "-c", "\n".join(script)],
        env=machine.environ,
        cwd=machine.home.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [(machine.home.path / f"{number}.answer").read_text() for number in range(len(questions))]


def test_a_bundle_runs_where_there_is_no_network_at_all(installer: Installer, elsewhere: Installer) -> None:
    installer.install("leanto-test-greeter")
    installer.install("leanto-test-waver")
    assert installer.run("bundle", "-o", str(elsewhere.home.path / "x.bundle")).returncode == 0
    (listed,) = answers_without_network(elsewhere, ("localhost", "/_localstack/extensions/list"))
    assert {one["distribution"]["name"] for one in json.loads(listed)} == {"leanto-test-greeter", "leanto-test-waver"}
    assert (elsewhere.venv / "pylock.toml").read_text() == (installer.venv / "pylock.toml").read_text()


@pytest.mark.index
def test_published_extensions_run_from_a_bundle_where_there_is_no_network_at_all(
    home: Home, elsewhere: Installer, package_index: None
) -> None:
    for name in ("hello-world", "httpbin", "openai"):
        installed = home.run("extensions", "install", f"localstack-extension-{name}")
        assert installed.returncode == 0, installed.stderr
    assert home.run("extensions", "bundle", "-o", str(elsewhere.home.path / "x.bundle")).returncode == 0
    echo, engines = answers_without_network(
        elsewhere,
        ("httpbin.localhost.localstack.cloud", "/get?a=1"),
        ("localhost", "/_extension/openai/v1/engines"),
    )
    assert json.loads(echo)["args"] == {"a": "1"}
    assert json.loads(engines)["data"]
    log = (elsewhere.home.volume / "logs" / "localstack-main.log").read_text()
    assert "hello world: localstack is running" in log
    lock = Path("lib", "extensions", "python_venv", "pylock.toml")
    assert (elsewhere.home.volume / lock).read_text() == (home.volume / lock).read_text()


def test_two_installers_and_a_starting_platform_at_once(
    installer: Installer, index: LocalIndex, start: Callable[..., Platform], tmp_path: Path
) -> None:
    index.add(Project("leanto-test-third", plugin="third").wheel(tmp_path))
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "install"]
    processes = [
        subprocess.Popen([*command, f"leanto-test-{name}"], env=installer.environ, stdout=subprocess.DEVNULL)
        for name in ("greeter", "waver")
    ]
    platform = start(**installer.environ, EXTENSION_AUTO_INSTALL="leanto-test-third", EXTENSION_DEV_MODE="0")
    loaded = {entry["distribution"]["name"] for entry in platform.get("/_localstack/extensions/list").json()}
    assert [process.wait(60) for process in processes] == [0, 0]
    assert "leanto-test-third" in loaded
    sets = []
    for generation in installer.environment.generations.complete():
        packages = InstalledPackages.read(generation.site_packages)
        assert differing_files(packages) == ()
        sets.append({one.distribution.name for one in packages.extensions()})
    assert sorted(map(len, sets)) == [1, 2, 3]
    assert loaded in sets
    assert installer.plugin_names() == ["greeter", "third", "waver"]
    assert platform.signal() == 0
