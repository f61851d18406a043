"""``localstack extensions dev run``: the platform with one folder, pdb in a terminal, a debugger that attaches."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest
import requests
from uv import find_uv_bin

from platforms import Home, Platform, free_port

SOURCE = """\
from localstack.extensions.api import Extension
from localstack.http import Response


class Divider(Extension):
    name = "divider"

    def update_gateway_routes(self, router):
        router.add("/greet", self.greet)
        router.add("/divide", self.divide)

    def update_request_handlers(self, handlers):
        handlers.append(self.look)

    def greet(self, request):
        word = "hello"
        return Response(word)

    def divide(self, request):
        answer = 41
        return Response(str(answer / 0))

    def look(self, chain, context, response):
        if context.request.headers.get("x-fail"):
            seen = "a handler"
            raise RuntimeError("looked")
"""
HOOK = """
    def on_platform_start(self):
        started = "a hook"
        raise RuntimeError("not today")
"""
COMMAND = ("-m", "localstack.host.cli.main", "extensions", "dev", "run")


@pytest.fixture
def project(home: Home) -> Path:
    """An extension that is not enabled."""
    project = home.write_extension("divider", SOURCE, 'divider = "divider_ext:Divider"')
    (home.config / "extensions-dev.json").unlink()
    return project


@contextmanager
def running(home: Home, project: Path, *options: str) -> Iterator[Platform]:
    """``dev run`` without a terminal, from its first line on."""
    port = free_port()
    environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}")
    process = subprocess.Popen(
        [home.python, *COMMAND, str(project), *options],
        env=environ,
        cwd=home.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    platform = Platform(process, port, home.path, environ)
    try:
        yield platform
    finally:
        platform.end()


def test_it_runs_the_folder_without_enabling_it(home: Home, project: Path) -> None:
    with running(home, project) as platform:
        platform.wait_for(r"^Ready\.$", platform.stdout)
        assert f"- mounting extension {project}" in platform.stdout
        assert platform.get("/greet").text == "hello"
        assert home.run("extensions", "dev", "list").stdout == ""
        (project / "divider_ext.py").write_text(SOURCE.replace('"hello"', '"good day"'))
        platform.wait_for("reloaded extension divider")
        assert platform.get("/greet").text == "good day"
        assert platform.get("/divide").status_code == 500


class Terminal:
    """``dev run --pdb`` on a pseudo-terminal."""

    def __init__(self, home: Home, project: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}", TERM="dumb")
        self.child = pexpect.spawn(
            sys.executable,
            [*COMMAND, str(project), "--pdb"],
            env=environ,
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 200),
        )
        self.answers: list[int] = []

    def call(self, path: str, **headers: str) -> threading.Thread:
        """Send a request that waits for its answer; its status is added to ``answers``."""

        def send() -> None:
            self.answers.append(requests.get(self.url + path, headers=headers, timeout=60).status_code)

        thread = threading.Thread(target=send)
        thread.start()
        return thread

    def ask(self, expression: str) -> str:
        """What pdb prints for an expression, at the prompt it shows next."""
        self.child.expect_exact("(Pdb) ")
        self.child.sendline(f"p {expression}")
        self.child.expect_exact(f"p {expression}\r\n")
        return str(self.child.readline()).strip()

    def leave(self) -> None:
        self.child.expect_exact("(Pdb) ")
        self.child.sendline("q")


@pytest.fixture
def terminals(home: Home, project: Path) -> Iterator[Callable[[], Terminal]]:
    opened: list[Terminal] = []

    def open_one() -> Terminal:
        opened.append(Terminal(home, project))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.child.close(force=True)


def test_pdb_asks_where_a_hook_a_route_or_a_handler_has_raised_while_others_are_served(
    home: Home, project: Path, terminals: Callable[[], Terminal]
) -> None:
    (project / "divider_ext.py").write_text(SOURCE + HOOK)
    terminal = terminals()
    terminal.child.expect_exact("failed in on_platform_start: RuntimeError: not today")
    assert terminal.ask("started") == "'a hook'"
    terminal.leave()
    terminal.child.expect_exact("Ready.")

    waiting = terminal.call("/divide")
    assert terminal.ask("answer + 1") == "42"
    assert requests.get(f"{terminal.url}/greet", timeout=30).text == "hello"
    terminal.leave()
    waiting.join()

    waiting = terminal.call("/nothing-here", **{"x-fail": "1"})
    assert terminal.ask("seen") == "'a handler'"
    terminal.leave()
    waiting.join()
    assert terminal.answers == [500, 404]


def test_ctrl_c_at_the_prompt_ends_the_platform(home: Home, terminals: Callable[[], Terminal]) -> None:
    terminal = terminals()
    terminal.child.expect_exact("Ready.")
    waiting = terminal.call("/divide")
    terminal.child.expect_exact("(Pdb) ")
    terminal.child.sendintr()
    waiting.join()
    terminal.child.expect(pexpect.EOF)
    terminal.child.wait()
    assert (terminal.child.exitstatus, terminal.answers) == (0, [500])


class Debugger:
    """What an editor does: a client of the Debug Adapter Protocol."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)

    def send(self, command: str, **arguments: Any) -> None:
        message = {"seq": next(self._numbers), "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def wait_for(self, kind: str, name: str) -> dict[str, Any]:
        """The body of the next message of that name; ``kind`` is ``"event"`` or ``"command"``."""
        while (message := self._read()).get(kind) != name:
            pass
        assert message.get("success", True), message
        return dict(message.get("body") or {})

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.send(command, **arguments)
        return self.wait_for("command", command)

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the debugger has closed the connection"
        return dict(json.loads(self._stream.read(length)))


@pytest.mark.index
def test_an_editor_attaches_sets_a_breakpoint_and_looks_around(home: Home, project: Path, package_index: None) -> None:
    venv = project / ".venv"
    uv = [find_uv_bin()]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(venv)], check=True, env=home.environ())
    install = [*uv, "pip", "install", "-q", "--python", str(venv / "bin" / "python"), "debugpy"]
    subprocess.run(install, check=True, env=home.environ())
    port = free_port()
    with running(home, project, "--debugpy", str(port), "--wait-for-client") as platform:
        platform.wait_for(f"^debugger: attach to 127.0.0.1:{port}$", platform.stdout)
        assert "Ready." not in platform.stdout
        editor = Debugger(port)
        editor.ask("initialize", adapterID="test")
        editor.send("attach", justMyCode=True)
        editor.wait_for("event", "initialized")
        file = project / "divider_ext.py"
        line = SOURCE.splitlines().index("        return Response(word)") + 1
        editor.send("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line}])
        editor.send("configurationDone")
        platform.wait_for(r"^Ready\.$", platform.stdout)

        texts: list[str] = []
        waiting = threading.Thread(target=lambda: texts.append(platform.get("/greet").text))
        waiting.start()
        thread = editor.wait_for("event", "stopped")["threadId"]
        frame = editor.ask("stackTrace", threadId=thread)["stackFrames"][0]
        assert (frame["name"], frame["line"], frame["source"]["path"]) == ("greet", line, str(file))
        assert editor.ask("evaluate", expression="word.upper()", frameId=frame["id"])["result"] == "'HELLO'"
        editor.send("continue", threadId=thread)
        waiting.join()

        file.write_text(SOURCE.replace('"hello"', '"good day"'))
        platform.wait_for("reloaded extension divider")
        waiting = threading.Thread(target=lambda: texts.append(platform.get("/greet").text))
        waiting.start()
        thread = editor.wait_for("event", "stopped")["threadId"]  # the breakpoint holds in the new version
        editor.send("continue", threadId=thread)
        waiting.join()
        assert texts == ["hello", "good day"]

        restart = threading.Thread(target=lambda: texts.append(restarted(home, platform)))
        restart.start()
        editor.wait_for("event", "terminated")
        editor.close()
        restart.join()
        assert texts[2:] == ["waits"]
        assert platform.signal() == -signal.SIGTERM  # nobody has attached again


def restarted(home: Home, platform: Platform) -> str:
    """Ask for a restart; wait until a debugger is waited for again."""
    platform.request("POST", "/_localstack/health", json={"action": "restart"})
    platform.wait_for("^debugger: attach to ", platform.stdout, count=2)
    return "waits"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--pdb",), "❌ Error: --pdb needs a terminal to ask in\n   Hint: run it in one, or use --debugpy PORT"),
        (("--pdb", "--debugpy", "5678"), "Error: give --debugpy or --pdb, not both"),
        (("--wait-for-client",), "Error: --wait-for-client needs --debugpy PORT"),
        (("--debugpy", "0"), "0 is not in the range 1<=x<=65535"),
    ],
)
def test_options_that_can_not_be_is_said(home: Home, project: Path, options: tuple[str, ...], told: str) -> None:
    done = home.run("extensions", "dev", "run", str(project), *options)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_without_debugpy_it_is_said_how_to_get_it(home: Home, project: Path) -> None:
    hidden = home.path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['debugpy'] = None\n")
    done = home.run("extensions", "dev", "run", str(project), "--debugpy", str(free_port()), PYTHONPATH=str(hidden))
    assert done.returncode == 1
    assert "❌ Error: debugpy is not installed, neither in .venv of the project nor for the Python that" in done.stderr
    assert "   Hint: in the project's folder: make install && .venv/bin/python -m pip install debugpy" in done.stderr


def test_a_folder_that_is_none_is_said(home: Home) -> None:
    done = home.run("extensions", "dev", "run", "nowhere")
    assert done.returncode == 1
    assert f"there is no folder {home.path}{os.sep}nowhere" in done.stderr
