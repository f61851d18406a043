"""Commands that name the interpreter of upstream's image run with ours, and find what extensions brought."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localstack.host import child_processes
from localstack.utils.run import ShellCommandThread, run

IMAGE = "/opt/code/localstack/.venv/bin/python"
SAY = "import sys, only_an_extension_has_this as it; print(sys.executable, it.WORD)"

pytestmark = pytest.mark.skipif(os.path.exists(IMAGE), reason=f"NOT RUN: {IMAGE} exists here")  # noqa: PTH110


@pytest.fixture(autouse=True)
def brought(tmp_path: Path) -> Iterator[Path]:
    """A folder that the host has added to ``sys.path``, with one module."""
    folder = tmp_path / "with space" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "only_an_extension_has_this.py").write_text("WORD = 'found'\n")
    child_processes.install(lambda: [str(folder)], lambda process: None)
    yield folder
    child_processes.uninstall()


EXPECTED = f"{sys.executable} found\n"


@pytest.mark.parametrize("program", [IMAGE, f"{IMAGE}3", f"{IMAGE}3.13"])
def test_a_list_that_names_the_interpreter_first(program: str) -> None:
    assert run([program, "-c", SAY]) == EXPECTED
    assert subprocess.check_output([program, "-c", SAY], text=True) == EXPECTED
    assert subprocess.run((Path(program), "-c", SAY), capture_output=True, text=True, check=True).stdout == EXPECTED
    assert subprocess.check_output([program.encode(), b"-c", SAY.encode()], text=True) == EXPECTED


@pytest.mark.parametrize(
    "command",
    [
        f"{IMAGE} -c '{SAY}'",
        f"\"{IMAGE}3\" -c '{SAY}'",
        f"cd / && A=1 {IMAGE} -c '{SAY}'",
        f"echo;exec {IMAGE} -c '{SAY}'",
    ],
)
def test_a_command_of_the_shell(command: str) -> None:
    output = run(command)
    assert isinstance(output, str)
    assert output.lstrip() == EXPECTED
    assert subprocess.run([command], shell=True, capture_output=True, text=True).stdout.lstrip() == EXPECTED  # noqa: S602


def test_a_program_given_beside_the_arguments() -> None:
    script = f"{SAY}; import localstack.host"
    done = subprocess.run(["own name", "-c", script], executable=IMAGE, capture_output=True, text=True, check=True)
    assert done.stdout == EXPECTED
    assert subprocess.run([], executable=IMAGE, input=SAY, capture_output=True, text=True).stdout == EXPECTED


def test_a_program_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert subprocess.run(IMAGE, input=SAY, capture_output=True, text=True, check=True).stdout == EXPECTED


def test_asyncio_starts_children_the_same_way() -> None:
    async def start() -> bytes:
        process = await asyncio.create_subprocess_exec(IMAGE, "-c", SAY, stdout=subprocess.PIPE)
        output, _ = await process.communicate()
        return output

    assert asyncio.run(start()).decode() == EXPECTED


def test_a_thread_that_runs_a_command() -> None:
    lines: list[str] = []
    thread = ShellCommandThread([IMAGE, "-c", SAY], log_listener=lambda line, **_: lines.append(line))
    thread.start()
    assert thread.result_future.result(20) == 0
    assert lines == [EXPECTED.rstrip()]


def test_an_environment_of_its_own_is_kept_and_gets_the_paths(brought: Path) -> None:
    script = "import os; print(os.environ['PYTHONPATH'], os.environ.get('HOME'))"
    environ = {"PYTHONPATH": "/first"}
    output = subprocess.check_output([IMAGE, "-c", script], env=environ, text=True)
    assert output == f"/first{os.pathsep}{brought} None\n"
    assert environ == {"PYTHONPATH": "/first"}


def test_other_commands_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    script = "import os; print(os.environ.get('PYTHONPATH'))"
    assert run([sys.executable, "-c", script]) == "None\n"
    assert run("echo x${PYTHONPATH}") == "x\n"
    assert run(["echo", IMAGE]) == f"{IMAGE}\n"
    assert run(f"echo {IMAGE}-config /x{IMAGE}") == f"{IMAGE}-config /x{IMAGE}\n"


def test_an_interpreter_that_exists_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the real path can't be made by a test: another one takes its place
    own = tmp_path / "python"
    own.write_text("#!/bin/sh\necho the real one\n")
    own.chmod(0o755)
    import re

    monkeypatch.setattr(child_processes, "_PROGRAM", re.compile(re.escape(str(own))))
    assert run([str(own)]) == "the real one\n"
    own.unlink()
    assert run([str(own), "-c", "print('ours')"]) == "ours\n"


def test_no_arguments_but_a_program_works_on_every_python(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    assert subprocess.check_output([], executable=str(program), text=True) == "started\n"


def test_wrong_arguments_are_complained_about_as_ever() -> None:
    with pytest.raises(TypeError, match="args"):
        subprocess.Popen()  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="no_such"):
        subprocess.Popen(["true"], no_such=1)  # type: ignore[call-overload]


def test_taking_it_back_restores_the_original() -> None:
    child_processes.uninstall()
    assert subprocess.Popen.__init__ is child_processes._start
    with pytest.raises(FileNotFoundError):
        run([IMAGE, "-c", SAY])


def test_taking_it_back_leaves_what_somebody_has_patched_since(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = subprocess.Popen.__init__
    started = []

    def theirs(self: subprocess.Popen[str], *args: Any, **kwargs: Any) -> None:
        started.append(args)
        ours(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(subprocess.Popen, "__init__", theirs)
        child_processes.uninstall()
        assert subprocess.Popen.__init__ is theirs
        assert run(["echo", "word"]) == "word\n"
    assert len(started) == 1
    child_processes.uninstall()
    assert subprocess.Popen.__init__ is child_processes._start
