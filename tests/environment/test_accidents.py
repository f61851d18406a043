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
    """Run commands of ``localstack extensions`` one after the other in a volume that is mounted for them alone."""
    template = installer.home.path / "template"
    shutil.copytree(installer.home.volume, template, symlinks=True)
    script = [f"set -e; {mount}", "set +e"]
    for number, command in enumerate(commands):
        files = " ".join(f"{fd}> {template}.{number}.{name}" for fd, name in ((1, "out"), (2, "err")))
        script.append(f"{sys.executable} -m localstack.host.cli.main extensions {command} {files}; echo $?")
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


@pytest.mark.parametrize("room_kilobytes", [40, 200])
def test_a_full_disk(installer: Installer, index: LocalIndex, tmp_path: Path, room_kilobytes: int) -> None:
    project = Project("leanto-test-big", plugin="big").write(tmp_path / "big")
    module = project / "leanto_test_big" / "extension.py"
    module.write_text(f"{module.read_text()}# {'x' * 300_000}\n")
    installer.install("leanto-test-greeter")
    installer.uninstall("greeter")
    installer.install("leanto-test-waver")
    used = subprocess.run(["du", "-sk", installer.home.volume], capture_output=True, text=True, check=True).stdout
    size = int(used.split()[0]) + room_kilobytes
    mount = (
        f"mount -t tmpfs -o size={size}k tmpfs {installer.home.volume}; "
        f"cp -a {installer.home.path}/template/. {installer.home.volume}"
    )
    failed, listed, back = in_mounted_volume(
        installer, mount, f"install file://{project}", "list -f json", "rollback 1"
    )
    assert failed.returncode == 1, failed.stdout
    assert "No space left on device" in failed.stderr or "there is no space left" in failed.stderr
    assert "free some space" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert [one["name"] for one in json.loads(listed.stdout)["extensions"]] == ["waver"]
    assert back.returncode == 0, back.stderr


def test_a_read_only_volume(installer: Installer) -> None:
    installer.install("leanto-test-waver")
    volume = installer.home.volume
    mount = f"mount --bind {volume} {volume}; mount -o remount,ro,bind {volume}"
    refused, listed = in_mounted_volume(installer, mount, "install leanto-test-greeter", "list -f json")
    assert refused.returncode == 1
    assert "can't be written: Read-only file system" in refused.stderr
    assert "LOCALSTACK_VOLUME_DIR" in refused.stderr
    assert [one["name"] for one in json.loads(listed.stdout)["extensions"]] == ["waver"]


ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=30).read().decode())"


def test_a_bundle_runs_where_there_is_no_network_at_all(installer: Installer, tmp_path: Path) -> None:
    unshare = needs_unshare("--net")
    installer.install("leanto-test-greeter")
    installer.install("leanto-test-waver")
    (tmp_path / "other").mkdir()
    other = installer_from(Home(tmp_path / "other"), LocalIndex(tmp_path, "http://127.0.0.1:1"))
    use_an_empty_cache(other)
    assert installer.run("bundle", "-o", str(other.home.path / "x.bundle")).returncode == 0
    localstack = f"{sys.executable} -m localstack.host.cli.main"
    script = f"""
        set -e
        ip link set lo up
        {localstack} extensions install --offline x.bundle
        {localstack} start -d
        {localstack} wait -t 60
        {sys.executable} -c '{ASK}' http://127.0.0.1:4566/_localstack/extensions/list > listed
        {localstack} stop
    """
    ran = subprocess.run(
        [*unshare, "sh", "-c", script],
        env=other.environ,
        cwd=other.home.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    listed = json.loads((other.home.path / "listed").read_text())
    assert {one["distribution"]["name"] for one in listed} == {"leanto-test-greeter", "leanto-test-waver"}
    assert (other.venv / "pylock.toml").read_text() == (installer.venv / "pylock.toml").read_text()


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
    assert loaded <= {"leanto-test-greeter", "leanto-test-third", "leanto-test-waver"}
    assert installer.plugin_names() == ["greeter", "third", "waver"]
    assert platform.signal() == 0
