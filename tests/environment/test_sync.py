"""The same set of extensions again: from requirements, from a lock, newer, and on machines without an index."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from extension_installer import Installer, installer_from
from extension_packages import LocalIndex, Project, build
from platforms import Home


@pytest.fixture
def other(tmp_path: Path, index: LocalIndex) -> Installer:
    """Another machine: a volume and a cache of its own."""
    (tmp_path / "other").mkdir()
    installer = installer_from(Home(tmp_path / "other"), index)
    installer.environ["UV_CACHE_DIR"] = str(tmp_path / "other" / "uv-cache")
    return installer


def run(installer: Installer, *arguments: str, code: int = 0) -> list[str]:
    """The lines that a command prints."""
    printed = installer.run(*arguments)
    assert printed.returncode == code, printed.stdout + printed.stderr
    return (printed.stderr if code else printed.stdout).splitlines()


def test_requirements_are_installed_in_one_change_and_then_asked_for_no_more(
    installer: Installer, index: LocalIndex
) -> None:
    file = installer.home.path / "extensions.txt"
    file.write_text("# ours\nleanto-test-waver \\\n  >=0.1  # waves\n\nleanto-test-greeter==0.1.0\n")
    lines = run(installer, "sync", file.name)
    assert [line.split()[:2] for line in lines[:2]] == [["+", "leanto-test-greeter"], ["+", "leanto-test-waver"]]
    assert len(installer.environment.history()) == 1
    before, asked = installer.state(), len(index.requested)
    assert run(installer, "sync", file.name) == ["All of extensions.txt is installed"]
    assert (installer.state(), len(index.requested)) == (before, asked)


def test_what_the_file_does_not_name_goes_only_when_that_is_asked_for(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    (installer.home.path / "extensions.txt").write_text("leanto-test-waver\n")
    run(installer, "sync", "extensions.txt")
    assert installer.plugin_names() == ["greeter", "waver"]
    before = installer.state()
    assert "  - leanto-test-greeter 0.1.0" in run(installer, "sync", "extensions.txt", "--prune", "--dry-run")
    assert installer.state() == before
    run(installer, "sync", "extensions.txt", "--prune")
    assert installer.plugin_names() == ["waver"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "leanto-test-waver\none two\n",
            r"extensions\.txt, line 2: 'one two' names no extension: .* \(at character 5\)",
        ),
        ("\\\n\n--index-url http://x\n", r"extensions\.txt, line 3: '--index-url http://x' looks like an option"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_changed(installer: Installer, content: str, said: str) -> None:
    (installer.home.path / "extensions.txt").write_text(content)
    assert re.search(said, run(installer, "sync", "extensions.txt", code=1)[0])
    assert not installer.home.volume.exists()


def test_what_no_index_has_is_named(installer: Installer, index: LocalIndex) -> None:
    """Of several in a file, or what was installed before from an index that is not asked any more."""
    file = installer.home.path / "extensions.txt"
    file.write_text("leanto-test-greeter\nleanto-test-nowhere>=1\n")
    assert "Could not resolve package leanto-test-nowhere>=1, " in run(installer, "sync", file.name, code=1)[0]
    installer.install("leanto-test-waver")
    shutil.rmtree(index.folder / "leanto-test-waver")
    installer.environ["UV_CACHE_DIR"] = str(installer.home.path / "empty-cache")
    for command in (("install", "leanto-test-greeter"), ("upgrade", "--all")):
        assert "Could not resolve package leanto-test-waver, " in run(installer, *command, code=1)[0]


def test_a_file_that_can_not_be_read(installer: Installer) -> None:
    for name in ("nowhere.txt", "pylock.toml", "."):
        assert "can't be read" in run(installer, "sync", name, code=1)[0]
    (installer.home.path / "pylock.toml").write_text("packages = 7\n")
    assert "pylock.toml can't be used as a lock" in run(installer, "sync", "pylock.toml", code=1)[0]


def test_requirements_are_exported_and_make_the_same_set_elsewhere(
    installer: Installer, other: Installer, waver: Path
) -> None:
    installer.install("leanto-test-greeter>=0.1")
    installer.install(waver)
    exported = run(installer, "export")
    assert exported == ["leanto-test-greeter>=0.1", f"leanto-test-waver @ {waver.as_uri()}"]
    (other.home.path / "requirements.txt").write_text("\n".join(exported))
    run(other, "sync", "requirements.txt")
    assert other.plugin_names() == installer.plugin_names()
    assert run(other, "sync", "requirements.txt") == ["All of requirements.txt is installed"]


def test_a_file_that_can_not_be_written_is_as_it_was(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    file = installer.home.path / "requirements.txt"
    file.write_text("precious")
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "export", "-o", str(file)]
    failed = subprocess.run(
        ["sh", "-c", f"ulimit -f 0; exec {shlex.join(command)}"],
        env=installer.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, f"{file} can't be written: " in failed.stderr) == (1, True)
    assert file.read_text() == "precious"
    assert not [one for one in installer.home.path.iterdir() if one.name.startswith(".requirements")]


def test_what_is_no_file_is_written_to_and_stays(installer: Installer) -> None:
    installer.install("leanto-test-greeter")
    assert run(installer, "export", "-o", "/dev/stdout") == ["leanto-test-greeter"]
    pipe = installer.home.path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as beside:
        received = beside.submit(pipe.read_bytes)
        run(installer, "bundle", "-o", str(pipe))
        copy = installer.home.path / "copy.bundle"
        copy.write_bytes(received.result())
    assert pipe.is_fifo()
    assert run(installer, "install", "--offline", str(copy)) == [f"All of {copy} is installed"]


def test_a_lock_makes_the_identical_set_elsewhere(
    installer: Installer, other: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    installer.install("leanto-test-greeter")
    index.add(Project("leanto-test-greeter", "0.2.0").wheel(tmp_path))
    lock = other.home.path / "pylock.toml"
    run(installer, "export", "--lock", "-o", str(lock))
    assert tomllib.loads(lock.read_text())["tool"]["leanto"]["extension"][0]["name"] == "leanto-test-greeter"
    run(other, "sync", "pylock.toml")
    assert (other.venv / "pylock.toml").read_text() == (installer.venv / "pylock.toml").read_text()
    assert [one.distribution.version for one in other.environment.installed()] == ["0.1.0"]
    asked = len(index.requested)
    assert run(other, "sync", "pylock.toml") == ["All of pylock.toml is installed"]
    assert len(index.requested) == asked
    other.install("leanto-test-waver")
    assert run(other, "sync", "pylock.toml") == ["All of pylock.toml is installed"]
    other.uninstall("greeter")
    refusal = run(other, "sync", "pylock.toml", code=1)
    assert "leanto-test-waver would be removed" in refusal[0]
    assert "--prune" in refusal[1]
    run(other, "sync", "pylock.toml", "--prune")
    assert other.plugin_names() == ["greeter"]


def test_a_lock_of_another_tool_is_installed(installer: Installer, index: LocalIndex, greeter: Path) -> None:
    installer.install("leanto-test-waver")
    lock = installer.home.path / "pylock.ours.toml"
    lock.write_text((installer.venv / "pylock.toml").read_text())
    installer.uninstall("waver")
    run(installer, "sync", lock.name)
    assert installer.plugin_names() == ["waver"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requirement", "leanto-test-waver\\n--index-url http://127.0.0.1:1"),
        ("requirement", "--index-url=http://127.0.0.1:1"),
        ("requirement", "leanto-test-greeter"),
        ("requirement", "leanto-test-waver @ file:///etc"),
        ("requirement", "leanto-test-waver @ git+ext::sh"),
        ("wheel", "../../../secret.whl"),
        ("kind", "other"),
    ],
)
def test_a_lock_can_not_ask_for_what_nobody_could_type(installer: Installer, field: str, value: str) -> None:
    installer.install("leanto-test-waver")
    text = installer.environment.exported_lock()
    installer.uninstall("waver")
    head, _, tables = text.partition("[[tool.leanto.extension]]")
    lines = [line for line in tables.splitlines() if not line.startswith(f"{field} =")]
    (installer.home.path / "pylock.toml").write_text(
        "\n".join([head, "[[tool.leanto.extension]]", *lines, f'{field} = "{value}"'])
    )
    before = installer.state()
    assert run(installer, "sync", "pylock.toml", code=1)[0].startswith("❌ Error: ")
    assert installer.state() == before


@pytest.mark.parametrize("field", ["name", "version"])
def test_a_lock_of_another_tool_names_distributions_and_versions_alone(installer: Installer, field: str) -> None:
    installer.install("leanto-test-waver")
    text = (installer.venv / "pylock.toml").read_text()
    (installer.home.path / "pylock.toml").write_text(
        re.sub(rf'(?m)^{field} = ".*"$', rf'{field} = "1\\n--index-url=http://127.0.0.1:1"', text)
    )
    before = installer.state()
    assert "pylock.toml can't be used as a lock: " in run(installer, "sync", "pylock.toml", code=1)[0]
    assert installer.state() == before


def test_a_lock_without_a_file_for_this_machine(installer: Installer) -> None:
    installer.install("leanto-test-waver")
    text = (installer.venv / "pylock.toml").read_text()
    (installer.home.path / "pylock.toml").write_text(text.replace("py3-none-any.whl", "cp27-cp27m-win32.whl"))
    assert "leanto-test-waver 0.1.0 has no file for this machine" in run(installer, "sync", "pylock.toml", code=1)[0]


def test_a_lock_whose_hash_does_not_fit_the_file_is_refused(
    installer: Installer, other: Installer, index: LocalIndex
) -> None:
    installer.install("leanto-test-waver")
    text = installer.environment.exported_lock()
    digest = tomllib.loads(text)["packages"][0]["wheels"][0]["hashes"]["sha256"]
    (other.home.path / "pylock.toml").write_text(text.replace(digest, "0" * 64))
    message = run(other, "sync", "pylock.toml", code=1)[0]
    assert "hash" in message.lower()
    assert digest in message
    assert other.plugin_names() == []


def test_an_upgrade_takes_the_newest_that_was_asked_for(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    for name in ("leanto-test-greeter", "leanto-test-waver"):
        installer.install(name)
    assert run(installer, "upgrade", "--all") == ["There is nothing newer"]
    for name in ("leanto-test-greeter", "leanto-test-waver"):
        index.add(Project(name, "0.2.0").wheel(tmp_path))
    assert "  ~ leanto-test-waver 0.1.0 -> 0.2.0" in run(installer, "upgrade", "waver")[0]
    assert [one.distribution.version for one in installer.environment.installed()] == ["0.1.0", "0.2.0"]
    run(installer, "upgrade", "--all")
    assert [one.distribution.version for one in installer.environment.installed()] == ["0.2.0", "0.2.0"]
    installer.environment.rollback()
    assert [one.distribution.version for one in installer.environment.installed()] == ["0.1.0", "0.2.0"]
    run(installer, "upgrade", code=2)
    assert "Extension nothing is not installed" in run(installer, "upgrade", "nothing", code=1)[0]


def test_an_upgrade_takes_what_a_folder_and_a_branch_have_now(installer: Installer, tmp_path: Path) -> None:
    folder = Project("leanto-test-folder", plugin="folder").write(tmp_path / "folder")
    repository = Project("leanto-test-branch", plugin="branch").write(tmp_path / "branch")
    git = ["git", "-c", "user.email=a@b", "-c", "user.name=a"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], cwd=repository, check=True)
    installer.install(folder)
    installer.install(f"git+file://{repository}")
    (installer.home.path / "requirements.txt").write_text("\n".join(run(installer, "export")))
    for prune in ((), ("--prune",)):
        assert run(installer, "sync", "requirements.txt", *prune) == ["All of requirements.txt is installed"]
    assert run(installer, "upgrade", "--all") == ["There is nothing newer"]
    for project in (folder, repository):
        text = (project / "pyproject.toml").read_text()
        (project / "pyproject.toml").write_text(text.replace("version = '0.1.0'", "version = '0.2.0'"))
    subprocess.run([*git, "commit", "-qam", "two"], cwd=repository, check=True)
    lines = run(installer, "upgrade", "--all")
    assert lines[0].startswith("  ~ leanto-test-branch 0.1.0 -> 0.2.0 (commit ")
    assert lines[1].startswith("  ~ leanto-test-folder 0.1.0 -> 0.2.0 (")
    shutil.rmtree(folder)
    assert "Note: leanto-test-folder stays as it is" in run(installer, "upgrade", "folder")[0]


@pytest.fixture
def rich(index: LocalIndex, tmp_path: Path) -> str:
    """Name of an extension with a library, a program, a script and a data file."""
    index.add(build(Project("leanto-test-lib", plugin=None).write(tmp_path / "lib"), tmp_path, "sdist"))
    project = Project("leanto-test-rich", requires=("leanto-test-lib",), plugin="rich").write(tmp_path / "rich")
    (project / "a-script").write_text(
        "#!/usr/bin/env python\nimport leanto_test_rich\nprint(leanto_test_rich.VERSION)\n"
    )
    (project / "data.txt").write_text("data\n")
    with (project / "pyproject.toml").open("a") as file:
        file.write(
            "script-files = ['a-script']\ndata-files = {'share/leanto' = ['data.txt']}\n"
            "[project.scripts]\na-program = 'leanto_test_rich.extension:print'\n"
        )
    index.add(build(project, tmp_path, "wheel"))
    return "leanto-test-rich"


def test_a_bundle_makes_the_identical_set_where_there_is_no_index(
    installer: Installer, other: Installer, index: LocalIndex, waver: Path, rich: str
) -> None:
    installer.install(rich)
    installer.install(waver)
    file = other.home.path / "all.bundle"
    run(installer, "bundle", "-o", str(file))
    other.environ |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:1", "UV_HTTP_RETRIES": "0"}
    index.requested.clear()
    other.environ["UV_NO_BUILD"] = "1"
    assert not any("built from source" in line for line in run(other, "install", "--offline", "all.bundle"))
    assert index.requested == []
    assert (other.venv / "pylock.toml").read_text() == (installer.venv / "pylock.toml").read_text()
    assert other.plugin_names() == installer.plugin_names() == ["rich", "waver"]
    script = subprocess.run([str(other.venv / "bin" / "a-script")], capture_output=True, text=True, check=True)
    assert script.stdout == "0.1.0\n"
    assert (other.venv / "bin" / "a-program").is_file()
    assert (other.venv / "share" / "leanto" / "data.txt").read_text() == "data\n"
    assert run(other, "install", "--offline", "all.bundle") == ["All of all.bundle is installed"]
    run(other, "uninstall", "waver")  # without an index, too
    assert other.plugin_names() == ["rich"]
    run(other, "bundle", "-o", "again.bundle")
    with zipfile.ZipFile(other.home.path / "again.bundle") as archive:
        assert {"wheels/leanto_test_rich-0.1.0-py3-none-any.whl"} < set(archive.namelist())


def test_what_came_in_a_bundle_is_changed_and_mended_without_an_index(
    installer: Installer, other: Installer, index: LocalIndex, rich: str
) -> None:
    installer.install(rich)
    installer.install("leanto-test-waver")
    run(installer, "bundle", "-o", str(other.home.path / "all.bundle"))
    other.environ |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:1", "UV_HTTP_RETRIES": "0"}

    def damage() -> None:
        shutil.rmtree(other.environ["UV_CACHE_DIR"])
        next(other.site_packages.glob("leanto_test_rich/extension.py")).unlink()

    index.requested.clear()
    run(other, "install", "--offline", "all.bundle")
    lock = (other.venv / "pylock.toml").read_text()
    damage()
    assert run(other, "doctor", "--fix")[-1].startswith("repaired: ")
    assert (other.venv / "pylock.toml").read_text() == lock
    run(other, "uninstall", "waver")
    assert str(other.home.path) not in (other.venv / "pylock.toml").read_text()
    damage()
    assert run(other, "doctor", "--fix")[-1].startswith("repaired: ")
    assert other.plugin_names() == ["rich"]
    assert index.requested == []


def test_a_bundle_that_is_none_or_damaged_is_refused(installer: Installer, tmp_path: Path) -> None:
    assert "nothing is installed" in run(installer, "bundle", "-o", "x.bundle", code=1)[0]
    installer.install("leanto-test-waver")
    run(installer, "bundle", "-o", "x.bundle")
    bundle = installer.home.path / "x.bundle"
    before = installer.state()
    (tmp_path / "text").write_text("no zip file")
    cases = {str(tmp_path / "text"): "is no bundle", "nowhere": "nowhere can't be read: No such file or directory"}
    for number, (old, new, said) in enumerate(
        [
            (rb'"python": "3\.\d+"', b'"python": "2.7"', "was made for python 2.7, this host has python 3."),
            (rb'"format": 1', b'"format": 9', "of format 9"),
            (rb'"leanto_test_waver', b'"../../leanto_test_waver', "is no name of a wheel"),
            (rb'": "[0-9a-f]{64}"', b'": "' + b"0" * 64 + b'"', "has another hash than the bundle says"),
        ]
    ):
        changed = tmp_path / f"{number}.bundle"
        with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(changed, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                target.writestr(name, re.sub(old, new, content) if name == "bundle.json" else content)
        cases[str(changed)] = said
    for file, said in cases.items():
        assert said in run(installer, "install", "--offline", file, code=1)[0]
    assert installer.state() == before
    run(installer, "install", code=2)
    run(installer, "install", "x", "--offline", "x.bundle", code=2)


def test_a_bundle_does_not_take_away_what_it_has_not(installer: Installer) -> None:
    installer.install("leanto-test-waver")
    run(installer, "bundle", "-o", "x.bundle")
    installer.install("leanto-test-greeter")
    assert "leanto-test-greeter would be removed" in run(installer, "install", "--offline", "x.bundle", code=1)[0]
    assert installer.plugin_names() == ["greeter", "waver"]


def test_an_upgrade_of_nothing_makes_nothing(installer: Installer) -> None:
    assert run(installer, "upgrade", "--all") == ["There is nothing newer"]
    assert not installer.home.volume.exists()


def test_results_for_programs(installer: Installer) -> None:
    (installer.home.path / "one.txt").write_text("leanto-test-waver\n")
    for arguments, outcome in (
        (("sync", "one.txt", "--dry-run"), "planned"),
        (("sync", "one.txt"), "changed"),
        (("sync", "one.txt"), "unchanged"),
        (("upgrade", "--all"), "unchanged"),
        (("bundle", "-o", "x.bundle"), None),
        (("install", "--offline", "x.bundle"), "unchanged"),
    ):
        document = json.loads("".join(run(installer, *arguments, "-f", "json")))
        assert (document["command"], document["outcome"]) == (arguments[0], outcome)
