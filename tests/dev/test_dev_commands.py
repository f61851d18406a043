"""``localstack extensions dev``: its help, its questions and its answers, typed into real processes and terminals."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from platforms import Home

HELP = """\
Usage: localstack extensions dev [OPTIONS] COMMAND [ARGS]...

  Developer tools for developing Localstack extensions

Options:
  --help  Show this message and exit.

Commands:
  disable  Disables an extension on the host for developer mode.
  enable   Enables an extension on the host for developer mode.
  list     List LocalStack extensions for which dev mode is enabled.
  new      Create a new LocalStack extension from the official extension...

More commands:
  badge  Print the badge for the README of the extension in PATH: a link...
  check  Tell whether the extension in PATH is ready to be published.
  run    Start the platform with the extension in PATH, run from its...
"""
QUESTIONS = """\
project_name [My LocalStack Extension]:
project_short_description [All the boilerplate you need to create a LocalStack extension.]:
project_slug [my-localstack-extension]:
module_name [my_localstack_extension]:
full_name [Jane Doe]:
email [jane@example.com]:
github_username [janedoe]:
version [0.1.0]:
"""


@pytest.fixture
def desk(home: Home) -> Path:
    """Where the user works."""
    desk = home.path / "desk"
    desk.mkdir()
    return desk


@contextmanager
def terminal(home: Home, desk: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run ``localstack extensions dev ARGUMENTS`` in a terminal of its own; yields the process and our end."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "localstack.host.cli.main", "extensions", "dev", *arguments]
    environ = home.environ(COLUMNS="200", TERM="xterm")
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=desk, env=environ)
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def screen(ours: int, until: str | None = None) -> str:
    """What the terminal shows until a text appears in it or the program ends; the test's own time limit bounds it."""
    shown = b""
    while until is None or until.encode() not in shown:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r\n", "\n")


def wait_until_it_reads(process: subprocess.Popen[bytes]) -> None:
    """A signal between a prompt and the reading that follows is only noticed after the next key, in any Python."""
    deadline = time.monotonic() + 30
    while psutil.Process(process.pid).status() != psutil.STATUS_SLEEPING:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_is_the_documented_one_with_our_own_commands_below(home: Home, option: str) -> None:
    assert home.run("extensions", "dev", option).stdout == HELP


@pytest.mark.parametrize("command", ["badge", "check", "disable", "enable", "list", "new", "run"])
def test_every_command_has_help(home: Home, command: str) -> None:
    done = home.run("extensions", "dev", command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: localstack extensions dev {command} [OPTIONS]")


@pytest.mark.parametrize("lines", [8, 9])
def test_newlines_alone_make_the_default_project(home: Home, desk: Path, lines: int) -> None:
    done = home.run("extensions", "dev", "new", cwd=desk, text="\n" * lines)
    assert (done.returncode, done.stderr) == (0, "")
    asked, _, rest = done.stdout.partition("created ")
    assert [line.rstrip() for line in asked.splitlines()] == QUESTIONS.splitlines()
    assert rest.startswith(f"{desk}/my-localstack-extension\n")
    assert (desk / "my-localstack-extension" / "setup.cfg").is_file()


def test_nothing_is_left_in_the_home_directory(home: Home, desk: Path) -> None:
    (home.path / ".cookiecutterrc").write_text("default_context: {full_name: Somebody Else}\n")
    home.run("extensions", "dev", "new", cwd=desk, text="\n" * 8)
    assert {path.name for path in home.path.iterdir()} == {".cookiecutterrc", "desk"}
    assert "Jane Doe" in (desk / "my-localstack-extension" / "setup.cfg").read_text()


def test_the_questions_look_in_a_terminal_as_documented_and_later_defaults_follow_the_answers(
    home: Home, desk: Path
) -> None:
    typed = {
        "project_name [My LocalStack Extension]: ": "Announcer",
        "project_short_description [All the boilerplate you need to create a LocalStack extension.]: ": "",
        "project_slug [announcer]: ": "ready-announcer",
        "module_name [ready_announcer]: ": "",
        "full_name [Jane Doe]: ": "",
        "email [jane@example.com]: ": "",
        "github_username [janedoe]: ": "",
        "version [0.1.0]: ": "",
    }
    with terminal(home, desk, "new") as (process, ours):
        for question, answer in typed.items():
            assert screen(ours, question).splitlines()[-1] == question
            os.write(ours, f"{answer}\n".encode())
        assert f"created {desk}/ready-announcer" in screen(ours)
        assert process.wait(30) == 0
    assert "class Announcer(Extension):" in (desk / "ready-announcer" / "ready_announcer" / "extension.py").read_text()


def test_interrupting_the_questions_ends_quietly(home: Home, desk: Path) -> None:
    with terminal(home, desk, "new") as (process, ours):
        screen(ours, "project_name [My LocalStack Extension]: ")
        wait_until_it_reads(process)
        process.send_signal(signal.SIGINT)
        shown = screen(ours)
        assert process.wait(30) == 1
    assert "Aborted!" in shown
    assert "Traceback" not in shown


def test_input_that_ends_early_is_an_error(home: Home, desk: Path) -> None:
    done = home.run("extensions", "dev", "new", cwd=desk, text="\n\n")
    assert done.returncode == 1
    assert "the input ended before project_slug was answered" in done.stderr
    assert not list(desk.iterdir())


def test_an_answer_that_can_not_be_used_is_an_error_that_names_it(home: Home, desk: Path) -> None:
    done = home.run("extensions", "dev", "new", cwd=desk, text="\n\n../x\n\n\n\n\n\n")
    assert done.returncode == 1
    assert "project_slug: '../x' is no project slug" in done.stderr
    assert "Traceback" not in done.stderr
    assert "module_name" not in done.stdout


def test_an_existing_folder_is_an_error_and_stays_as_it_is(home: Home, desk: Path) -> None:
    mine = desk / "my-localstack-extension" / "Makefile"
    mine.parent.mkdir()
    mine.write_text("mine")
    done = home.run("extensions", "dev", "new", cwd=desk, text="\n" * 8)
    assert done.returncode == 1
    assert f"{desk}/my-localstack-extension exists already" in done.stderr
    assert [path.read_text() for path in mine.parent.iterdir()] == ["mine"]


def test_enabling_listing_and_disabling(home: Home, desk: Path) -> None:
    home.run("extensions", "dev", "new", cwd=desk, text="\n" * 8)
    project = desk / "my-localstack-extension"

    empty = home.run("extensions", "dev", "list")
    assert (empty.returncode, empty.stdout, empty.stderr) == (0, "", "no extension is enabled for developer mode\n")

    enabled = home.run("extensions", "dev", "enable", "./my-localstack-extension", cwd=desk)
    assert enabled.returncode == 0
    assert enabled.stdout.startswith(f"extension {project} enabled for developer mode\n")
    assert "EXTENSION_DEV_MODE=1 localstack start" in enabled.stdout

    assert home.run("extensions", "dev", "list").stdout == f"{project}\n"

    disabled = home.run("extensions", "dev", "disable", "my-localstack-extension")
    assert (disabled.returncode, disabled.stdout) == (0, f"extension {project} disabled for developer mode\n")
    assert home.run("extensions", "dev", "list").stdout == ""


def test_in_a_terminal_the_list_is_a_table_that_shows_what_is_gone(home: Home, desk: Path) -> None:
    for name in ("here", "gone"):
        (desk / name).mkdir()
        (desk / name / "setup.py").touch()
        home.run("extensions", "dev", "enable", name, cwd=desk)
    (desk / "gone" / "setup.py").unlink()
    (desk / "gone").rmdir()
    with terminal(home, desk, "list") as (_, ours):
        cells = [re.findall(r"[^\s│┃]+", line) for line in screen(ours).splitlines()]
    assert ["Path", "Exists"] in cells
    assert [str(desk / "here"), "yes"] in cells
    assert [str(desk / "gone"), "no"] in cells


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("enable", "nowhere"), "there is no folder "),
        (("enable", "file"), "/desk/file is no folder"),
        (("enable", "."), "/desk is no Python project"),
        (("disable", "nowhere"), "'nowhere' is not enabled for developer mode"),
    ],
)
def test_a_bad_path_is_one_sentence_and_a_hint(
    home: Home, desk: Path, arguments: tuple[str, str], message: str
) -> None:
    (desk / "file").touch()
    done = home.run("extensions", "dev", *arguments, cwd=desk)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert message in error
    assert "Hint: " in hint


def test_a_damaged_list_is_named(home: Home, desk: Path) -> None:
    home.config.mkdir()
    (home.config / "extensions-dev.json").write_text("{")
    done = home.run("extensions", "dev", "list")
    assert done.returncode == 1
    assert f"can't read the list of enabled extensions {home.config}/extensions-dev.json" in done.stderr
    assert "Traceback" not in done.stderr


# templates


def test_a_template_of_ones_own_is_taken_from_a_folder_or_a_repository(home: Home, desk: Path) -> None:
    template = desk / "repository" / "template"
    project = template / "{{cookiecutter.slug}}"
    project.mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"name": "One", "slug": "{{cookiecutter.name|lower}}"}')
    (project / "name.txt").write_text("{{cookiecutter.name}}")
    (template / "hooks").mkdir()
    (template / "hooks" / "post_gen_project.py").write_text("open('hooked', 'w')")

    done = home.run("extensions", "dev", "new", "--template", "repository/template", "--no-input", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name: path.read_text() for path in (desk / "one").iterdir()} == {"name.txt": "One"}

    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(desk / "repository")]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a template"], ["branch", "other"]):
        subprocess.run([*git, *command], check=True)
    url = f"git+file://{desk}/repository@other#subdirectory=template"
    done = home.run("extensions", "dev", "new", "--template", url, cwd=desk, text="Two\n\n")
    assert done.returncode == 0, done.stderr
    assert (desk / "two" / "name.txt").read_text() == "Two"
    assert {path.name for path in home.path.iterdir()} == {"desk"}

    again = home.run("extensions", "dev", "new", "--template", "repository/template", "--no-input", cwd=desk)
    assert again.returncode == 1
    assert "directory already exists" in again.stderr


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("react", "there is no template 'react'\n   Hint: the templates are classic, basic and webapp; "),
        (".", "has no cookiecutter.json\n   Hint: name the folder of a cookiecutter template"),
        ("git+file:///nowhere/at/all", "A valid repository for 'git+file:///nowhere/at/all' could not be found: "),
        ("git+file:///nowhere@--upload-pack=x", "is no template\n   Hint: name a folder, or a URL that begins with"),
        ("git+https://me:secret@127.0.0.1:9/x.git", "'git+https://***@127.0.0.1:9/x.git' could not be found: "),
        ("ext::sh -c true://x", "is no template"),
    ],
)
def test_what_is_no_template_is_said(home: Home, desk: Path, template: str, told: str) -> None:
    done = home.run("extensions", "dev", "new", "--template", template, "--no-input", cwd=desk)
    assert done.returncode == 1
    assert done.stderr.startswith("❌ Error: ")
    assert told in done.stderr
    assert "secret" not in done.stderr
    assert list(desk.iterdir()) == []


def test_a_template_with_a_mistake_is_named_with_it(home: Home, desk: Path) -> None:
    project = desk / "template" / "{{cookiecutter.slug}}"
    project.mkdir(parents=True)
    (desk / "template" / "cookiecutter.json").write_text('{"slug": "one"}')
    (project / "name.txt").write_text("{{ cookiecutter.slug")
    done = home.run("extensions", "dev", "new", "--template", "template", "--no-input", cwd=desk)
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()
    assert error.startswith("❌ Error: no project can be made from 'template': unexpected end of template")
    assert 'File "name.txt", line 1' in error
    assert hint == "   Hint: nothing that was there before has been changed"
