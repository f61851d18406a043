"""The documents' walk, typed command by command in a terminal: ``login`` to an edited extension after a restart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from platforms import Home, free_port

PROMPT = "ready-for-a-command> "
BANNER = """\
==================================================
👷 LocalStack extension developer mode enabled 🏗
- mounting extension {path}
Resuming normal execution, ...
=================================================="""

PROMPTS = (
    "project_name [My LocalStack Extension]:",
    "project_short_description [All the boilerplate you need to create a LocalStack extension.]:",
    "project_slug [my-localstack-extension]:",
    "module_name [my_localstack_extension]:",
    "full_name [Jane Doe]:",
    "email [jane@example.com]:",
    "github_username [janedoe]:",
    "version [0.1.0]:",
)


class Terminal:
    """A shell on a pseudo-terminal, typed into and read from as a person would."""

    def __init__(self, home: Home, cwd: Path) -> None:
        environ = home.environ(PS1=PROMPT, TERM="dumb", LANG="C.UTF-8")
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        self.shell = pexpect.spawn(
            "bash",
            ["--norc", "--noprofile"],
            env=environ,
            cwd=str(cwd),
            encoding="utf-8",
            dimensions=(50, 200),
            timeout=120,
            echo=False,
        )
        self.shell.expect_exact(PROMPT)

    def type(self, line: str) -> None:
        self.shell.sendline(line)

    def read_until(self, text: str) -> str:
        """Wait for ``text`` and return what was printed before it, without carriage returns."""
        self.shell.expect_exact(text)
        return str(self.shell.before).replace("\r", "")

    def run(self, line: str) -> str:
        """Type a command, wait until it has ended, return what it printed; fails when its exit code is not 0."""
        self.type(f'{line}; echo "exit=$?"')
        printed = self.read_until("exit=")
        assert self.read_until(PROMPT).strip() == "0", printed
        return printed

    def close(self) -> None:
        self.shell.close(force=True)


@pytest.fixture
def terminals(home: Home, tmp_path: Path) -> Iterator[tuple[Terminal, Terminal]]:
    folder = tmp_path / "work"
    folder.mkdir()
    opened = (Terminal(home, folder), Terminal(home, folder))
    yield opened
    for terminal in opened:
        terminal.close()


def test_the_documents_walk_works_as_it_is_written(terminals: tuple[Terminal, Terminal], tmp_path: Path) -> None:
    first, second = terminals
    port = free_port()
    for terminal in terminals:
        terminal.run(f"export GATEWAY_LISTEN=127.0.0.1:{port}")

    first.type("localstack login")
    first.read_until("Please provide your login credentials below")
    first.read_until("Username: ")
    first.type("jane")
    first.read_until("Password: ")
    first.type("correct horse battery staple")
    assert "correct horse" not in first.read_until(PROMPT)

    help_text = first.run("localstack extensions --help")
    for line in (
        "Usage: localstack extensions [OPTIONS] COMMAND [ARGS]...",
        "  Manage LocalStack extensions (beta)",
        "  init       Initialize the LocalStack extensions environment",
        "  install    Install a LocalStack extension",
        "  uninstall  Remove a LocalStack extension",
    ):
        assert line in help_text
    first.run("localstack extensions init")

    first.type("localstack extensions dev new")
    for prompt in PROMPTS:
        first.read_until(prompt)
        first.type("")
    first.read_until(PROMPT)
    project = tmp_path / "work" / "my-localstack-extension"
    files = {str(p.relative_to(project)) for p in project.rglob("*") if p.is_file()}
    module = "my_localstack_extension"
    assert files >= {
        "Makefile",
        "README.md",
        "setup.cfg",
        "setup.py",
        f"{module}/__init__.py",
        f"{module}/extension.py",
    }

    first.run("cd my-localstack-extension")
    first.run("make install")
    first.run("cd ..")
    first.run("localstack extensions dev enable ./my-localstack-extension")
    assert str(project) in first.run("localstack extensions dev list | cat")

    first.type("EXTENSION_DEV_MODE=1 LOCALSTACK_AUTH_TOKEN=not-needed localstack start")
    banner_and_more = first.read_until("Ready.\r\n")
    assert BANNER.format(path=project) in banner_and_more
    assert "loaded 1 extensions" in banner_and_more
    assert "my-localstack-extension: the platform is starting" in banner_and_more
    assert "not-needed" not in banner_and_more
    first.read_until("my-localstack-extension: the platform is ready")

    source = project / module / "extension.py"
    edited = source.read_text().replace("the platform is ready", "this is the edited one")
    assert edited != source.read_text()
    source.write_text(edited)
    second.run("localstack restart")
    first.read_until("Ready.\r\n")
    first.read_until("my-localstack-extension: this is the edited one")
    assert "ready" in second.run("localstack status -f plain")
    second.run("localstack stop")
    first.read_until(PROMPT)


@pytest.mark.index
def test_a_published_extension_is_installed_and_served_as_it_is_written(
    package_index: None, terminals: tuple[Terminal, Terminal]
) -> None:
    first, second = terminals
    port = free_port()
    for terminal in terminals:
        terminal.run(f"export GATEWAY_LISTEN=127.0.0.1:{port}")
    assert "Extension successfully installed" in first.run(
        "localstack extensions install localstack-extension-hello-world"
    )
    first.type("localstack start")
    first.read_until("hello world: localstack is starting!")
    first.read_until("Ready.\r\n")
    first.read_until("hello world: localstack is running!")
    second.run("localstack stop")
    first.read_until(PROMPT)
    assert "Extension successfully uninstalled" in first.run(
        "localstack extensions uninstall localstack-extension-hello-world"
    )
