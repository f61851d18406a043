"""The plan: what a command would do, told before it does it, and told the same to programs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extension_installer import Installer
from extension_packages import LocalIndex, Project, build
from localstack.host.errors import (
    CredentialsError,
    IncompatibleError,
    InstallError,
    LeantoError,
    SettingError,
    SourceError,
    UnhealthyError,
    VolumeError,
)
from localstack.host.version import LOCALSTACK_VERSION
from platforms import free_port


def run_json(installer: Installer, *arguments: str, code: int = 0) -> Any:
    """The document that a command prints; it prints nothing else."""
    printed = installer.run(*arguments, "--format", "json")
    assert printed.returncode == code, printed.stderr
    assert printed.stderr == ""
    document = json.loads(printed.stdout)
    assert list(document) == [
        *("version", "command", "status", "outcome", "generation", "generation_before"),
        *("plan", "extensions", "generations", "checks", "problems", "notes", "exported", "error"),
    ]
    assert (document["version"], document["command"]) == (1, arguments[0])
    return document


@pytest.fixture
def hungry(index: LocalIndex, tmp_path: Path) -> Path:
    """An extension that needs something of the host, something that is built from source, and another extension."""
    project = Project("leanto-test-source", plugin=None).write(tmp_path / "source")
    index.add(build(project, tmp_path, "sdist"))
    requires = ("localstack>=1", "leanto-test-source", "leanto-test-waver")
    wheel = Project("leanto-test-hungry", requires=requires, plugin="hungry").wheel(tmp_path)
    index.add(wheel)
    return wheel


def test_a_dry_run_shows_the_plan_and_changes_nothing(installer: Installer, hungry: Path) -> None:
    installer.install("leanto-test-waver")
    before = installer.state()
    printed = installer.run("install", "leanto-test-hungry", "--dry-run")
    assert printed.returncode == 0, printed.stderr
    digest = hashlib.sha256(hungry.read_bytes()).hexdigest()[:12]
    first, *lines = printed.stdout.splitlines()
    assert first == "Checking installed extensions"
    assert lines[0] == f"  + leanto-test-hungry 0.1.0 ({hungry.stat().st_size / 1000:.1f} kB, sha256 {digest})"
    assert lines[1].startswith("  + leanto-test-source 0.1.0 (")
    assert lines[1].endswith(" built from source: its author's code runs during the build")
    assert lines[2:] == [
        f"  = provided by the host: localstack {LOCALSTACK_VERSION}",
        "Nothing was changed, because of --dry-run",
    ]
    assert installer.state() == before


def test_a_plan_for_programs(installer: Installer, index: LocalIndex, hungry: Path) -> None:
    document = run_json(installer, "install", "leanto-test-hungry", "--dry-run")
    assert (document["status"], document["outcome"], document["generation"]) == ("ok", "planned", None)
    plan = document["plan"]
    assert [one["name"] for one in plan["added"]] == ["leanto-test-hungry", "leanto-test-source", "leanto-test-waver"]
    assert plan["added"][0] == {
        "name": "leanto-test-hungry",
        "version": "0.1.0",
        "kind": "wheel",
        "origin": f"{index.url}leanto-test-hungry/{hungry.name}",
        "digest": f"sha256:{hashlib.sha256(hungry.read_bytes()).hexdigest()}",
        "size_bytes": hungry.stat().st_size,
        "runs_code_at_build": False,
    }
    assert [one["runs_code_at_build"] for one in plan["added"]] == [False, True, False]
    assert plan["provided"] == [{"name": "localstack", "version": LOCALSTACK_VERSION}]
    assert not (installer.directory / "generations").exists()


def test_what_is_replaced_and_removed_is_in_the_plan(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    requires = ("leanto-test-waver",)
    index.add(Project("leanto-test-changing", "1.0", requires=requires).wheel(tmp_path))
    index.add(Project("leanto-test-changing", "2.0").wheel(tmp_path))
    run_json(installer, "install", "leanto-test-changing==1.0")
    lines = installer.run("install", "leanto-test-changing==2.0", "--dry-run").stdout.splitlines()
    assert lines[1].startswith("  ~ leanto-test-changing 1.0 -> 2.0 (")
    assert lines[2] == "  - leanto-test-waver 0.1.0"
    document = run_json(installer, "install", "leanto-test-changing==2.0")
    (changed,) = document["plan"]["changed"]
    assert (changed["before"]["version"], changed["after"]["version"]) == ("1.0", "2.0")
    assert [one["name"] for one in document["plan"]["removed"]] == ["leanto-test-waver"]
    assert (document["generation_before"], document["generation"]) == (1, 2)
    assert [one["distribution"]["version"] for one in document["extensions"]] == ["2.0"]


def test_a_git_source_is_marked(installer: Installer, tmp_path: Path) -> None:
    repository = Project("leanto-test-git").write(tmp_path / "repository")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.email=a@b", "-c", "user.name=a", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    printed = installer.run("install", f"git+file://{repository}", "--dry-run")
    line = printed.stdout.splitlines()[1]
    assert line.startswith("  + leanto-test-git 0.1.0 (commit ")
    assert line.endswith(f" built from file://{repository}: its author's code runs during the build")


def test_a_conflict_is_told_in_one_sentence_with_exit_code_2(
    installer: Installer, index: LocalIndex, tmp_path: Path
) -> None:
    index.add(Project("leanto-test-old", requires=("werkzeug<2",)).wheel(tmp_path))
    for options in ([], ["--dry-run"]):
        printed = installer.run("install", "leanto-test-old", *options)
        assert printed.returncode == 2
        sentence, hint = printed.stderr.splitlines()
        assert "leanto-test-old needs werkzeug<2, this host has werkzeug 3.1." in sentence
        assert hint.startswith("   Hint: ")
    error = run_json(installer, "install", "leanto-test-old", code=2)["error"]
    assert error["code"] == "conflict"
    assert not (installer.directory / "generations").exists()


def test_every_command_prints_the_same_shape_for_programs(installer: Installer) -> None:
    assert run_json(installer, "init")["outcome"] == "changed"
    again = run_json(installer, "init")
    assert (again["outcome"], again["generation"]) == ("unchanged", 1)
    assert run_json(installer, "install", "leanto-test-waver")["outcome"] == "changed"
    again = run_json(installer, "install", "leanto-test-waver")
    assert (again["outcome"], again["plan"]) == ("unchanged", None)
    (listed,) = run_json(installer, "list")["extensions"]
    assert listed == {
        "name": "waver",
        "entry_point": "entry",
        "distribution": {
            "name": "leanto-test-waver",
            "version": "0.1.0",
            "summary": "Greets",
            "author": "Jane Doe",
        },
    }
    generations = run_json(installer, "generations")["generations"]
    assert [one["number"] for one in generations] == [1, 2]
    assert [one["is_current"] for one in generations] == [False, True]
    assert run_json(installer, "rollback")["generation"] == 1
    assert run_json(installer, "rollback", "2")["generation"] == 2
    removed = run_json(installer, "uninstall", "waver")
    assert [one["name"] for one in removed["plan"]["removed"]] == ["leanto-test-waver"]
    assert [one["name"] for one in removed["extensions"]] == ["waver"]
    for arguments, code in (
        (("install", "leanto-test-nowhere"), "resolution"),
        (("install", "--", "-x"), "source"),
        (("uninstall", "waver"), "not-installed"),
        (("rollback", "77"), "no-generation"),
        (("install", "click"), "no-extension"),
    ):
        assert run_json_first(installer, arguments)["error"]["code"] == code


def run_json_first(installer: Installer, arguments: tuple[str, ...]) -> Any:
    """The document of a command that fails, with the format before its other arguments."""
    printed = installer.run(arguments[0], "--format", "json", *arguments[1:])
    assert printed.returncode == 1
    document = json.loads(printed.stdout)
    assert document["status"] == "error"
    return document


def test_an_index_that_tells_neither_size_nor_sha256(installer: Installer, greeter: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    shutil.copy(greeter, folder)
    port = free_port()
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port), "-v", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        assert any("Hit Ctrl-C to quit" in line for line in server.stderr)
        installer.environ["UV_DEFAULT_INDEX"] = f"http://127.0.0.1:{port}/simple/"
        (added,) = run_json(installer, "install", "leanto-test-greeter")["plan"]["added"]
        assert added["digest"] == f"sha256:{hashlib.sha256(greeter.read_bytes()).hexdigest()}"
        assert added["size_bytes"] is None
        assert installer.plugin_names() == ["greeter"]
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_the_documentation_has_the_shape_and_every_code_and_exit_code(installer: Installer) -> None:
    text = (Path(__file__).parents[2] / "docs" / "extensions.md").read_text()
    for key in run_json(installer, "list"):
        assert f'"{key}": ' in text
    known = (SourceError, VolumeError, SettingError, CredentialsError, IncompatibleError, UnhealthyError, InstallError)
    errors: tuple[type[LeantoError], ...] = (*known, *subclasses(InstallError))
    for error in errors:
        row = re.search(rf"(?m)^\| `{error.code}` \|.*\| (\d) \|$", text)
        assert row is not None, f"docs/extensions.md lacks {error.code}"
        assert int(row[1]) == error.exit_code


def subclasses(error: type[LeantoError]) -> Iterator[type[LeantoError]]:
    for subclass in error.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


@pytest.mark.parametrize("command", ["install x", "init", "doctor", "bundle -o x", "sync x.txt"])
def test_a_volume_that_is_none_is_an_error_for_programs_too(installer: Installer, command: str) -> None:
    installer.home.volume.write_text("no folder")
    (installer.home.path / "x.txt").write_text("leanto-test-waver\n")
    error = run_json(installer, *command.split(), code=1)["error"]
    assert error["code"] == "volume"
    assert str(installer.home.volume) in error["message"]
    assert "LOCALSTACK_VOLUME_DIR" in error["hint"]


def test_settings_and_credentials_that_can_not_be_used_are_errors_for_programs_too(installer: Installer) -> None:
    installer.home.config.mkdir()
    (installer.home.config / "credentials.json").write_text("{")
    assert run_json(installer, "install", "leanto-test-waver", code=1)["error"]["code"] == "credentials"
    installer.environ["GATEWAY_LISTEN"] = "nonsense:nonsense"
    for command in (("install", "leanto-test-waver"), ("init",), ("uninstall", "x")):
        assert run_json(installer, *command, code=1)["error"]["code"] == "setting"


def test_a_dry_run_says_what_brings_no_extension(installer: Installer, index: LocalIndex, tmp_path: Path) -> None:
    index.add(Project("leanto-test-library", plugin=None).wheel(tmp_path))
    index.add(Project("leanto-test-user", requires=("leanto-test-library",)).wheel(tmp_path))
    (note,) = run_json(installer, "install", "--dry-run", "leanto-test-library")["notes"]
    assert note == "leanto-test-library brings no extension itself"
    installer.install("leanto-test-user")
    (note,) = run_json(installer, "install", "--dry-run", "leanto-test-library")["notes"]
    assert note == "leanto-test-library is installed already, and brings no extension"


def test_what_is_exported_for_programs(installer: Installer) -> None:
    run_json(installer, "install", "leanto-test-waver")
    assert run_json(installer, "export")["exported"] == "leanto-test-waver\n"
    assert run_json(installer, "export", "-o", "requirements.txt")["exported"] is None
    assert (installer.home.path / "requirements.txt").read_text() == "leanto-test-waver\n"
