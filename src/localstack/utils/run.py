"""Running commands."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from localstack.host import shared
from localstack.utils._pseudo_terminal import PseudoTerminal
from localstack.utils.functions import run_safe
from localstack.utils.strings import to_str
from localstack.utils.threads import FuncThread

__all__ = ["FuncThread", "ShellCommandThread", "is_command_available", "is_root", "run", "to_str"]

LOG = logging.getLogger(__name__)

_COLOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def run(
    cmd: str | Sequence[str],
    print_error: bool = True,
    asynchronous: bool = False,
    stdin: bool = False,
    stderr: int | IO[Any] | None = subprocess.STDOUT,
    outfile: str | int | IO[Any] | None = None,
    env_vars: Mapping[str, str] | None = None,
    inherit_cwd: bool = False,
    inherit_env: bool = True,
    tty: bool = False,
    shell: bool = True,
    cwd: str | os.PathLike[str] | None = None,
) -> str | subprocess.Popen[Any]:
    """Run a command: text through the shell, a list directly.

    :param print_error: log the output of a command that fails
    :param asynchronous: return the process without waiting for it; its output goes to ``outfile``
    :param stdin: let the process read the standard input of this one
    :param stderr: where errors go, to the output without it
    :param outfile: path, file or ``subprocess.PIPE`` for the output of an asynchronous command, dropped without it
    :param env_vars: variables on top of those of this process
    :param inherit_cwd: has no effect: without ``cwd`` a command always runs where this process does
    :param inherit_env: False leaves only ``env_vars``
    :param tty: give the process a terminal of its own for input and output, as programs want that ask or draw
    :return: the output as text, or the process when ``asynchronous``
    :raises subprocess.CalledProcessError: when the command exits with another code than 0
    """
    options: dict[str, Any] = {
        "shell": shell and isinstance(cmd, str),
        "env": _environment(env_vars, inherit_env),
        "cwd": cwd,
        "stdin": None if stdin else subprocess.DEVNULL,
        "stderr": stderr,
    }
    if asynchronous:
        with _opened(outfile) as stdout:
            if tty:
                return _start_on_terminal(cmd, stdout, options)
            return subprocess.Popen(cmd, stdout=stdout, **options)
    exit_code, written = _run_on_terminal(cmd, options) if tty else _run_on_pipe(cmd, options)
    output = to_str(written, errors="replace")
    if exit_code != 0:
        if print_error:
            LOG.error("%r exited with %s: %s", cmd, exit_code, output.strip())
        raise subprocess.CalledProcessError(exit_code, cmd, output=written)
    return output


def _run_on_pipe(cmd: str | Sequence[str], options: Mapping[str, Any]) -> tuple[int, bytes]:
    completed = subprocess.run(cmd, stdout=subprocess.PIPE, check=False, **options)
    return completed.returncode, completed.stdout


def _run_on_terminal(cmd: str | Sequence[str], options: Mapping[str, Any]) -> tuple[int, bytes]:
    terminal = PseudoTerminal()
    process = terminal.start(cmd, **options)
    written = b"".join(terminal.output())
    return process.wait(), written


def _start_on_terminal(
    cmd: str | Sequence[str], outfile: int | IO[Any], options: Mapping[str, Any]
) -> subprocess.Popen[Any]:
    """Start a process on a terminal whose output a thread copies; a pipe for it is read from ``process.stdout``."""
    with contextlib.ExitStack() as opened:
        pipe = None
        if outfile == subprocess.PIPE:
            end, target = os.pipe()
            pipe = opened.enter_context(os.fdopen(end, "rb"))
        else:
            target = os.open(os.devnull, os.O_WRONLY) if outfile == subprocess.DEVNULL else os.dup(_descriptor(outfile))
        out = opened.enter_context(os.fdopen(target, "wb", buffering=0))
        terminal = PseudoTerminal()
        process = terminal.start(cmd, **options)
        process.stdout = pipe
        opened.pop_all()

    def copy(_params: Any) -> None:
        with out:
            for data in terminal.output():
                out.write(data)

    FuncThread(copy, quiet=True, name="terminal-output").start()  # whoever reads may stop reading
    return process


def _descriptor(outfile: int | IO[Any]) -> int:
    return outfile if isinstance(outfile, int) else outfile.fileno()


def is_command_available(cmd: str) -> bool:
    """Whether there is a program of that name on ``PATH``."""
    return shutil.which(cmd) is not None


def is_root() -> bool:
    """Whether this process may do everything on this machine."""
    return os.geteuid() == 0


class ShellCommandThread(FuncThread):
    """A thread that runs one command, and ends it with every process it started when it is stopped.

    :ivar process: the running process, ``None`` before it starts
    :ivar result_future: its exit code
    """

    def __init__(
        self,
        cmd: str | Sequence[str],
        params: Any = None,
        outfile: str | int | IO[Any] | None = None,
        env_vars: Mapping[str, str] | None = None,
        stdin: bool = False,
        auto_restart: bool = False,
        quiet: bool = True,
        inherit_cwd: bool = False,
        inherit_env: bool = True,
        log_listener: Callable[..., Any] | None = None,
        stop_listener: Callable[[ShellCommandThread], Any] | None = None,
        strip_color: bool = False,
        name: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        """
        :param cmd: text for the shell, or a list
        :param params: not used, as ``func`` is the command
        :param outfile: path or file for the output; then ``log_listener`` gets nothing
        :param env_vars: variables on top of those of this process
        :param stdin: make ``process.stdin`` a pipe
        :param auto_restart: run the command again when it ends, until the thread is stopped
        :param quiet: False logs every line of output and a failure
        :param inherit_cwd: has no effect, see ``run``
        :param inherit_env: False leaves only ``env_vars``
        :param log_listener: called as ``log_listener(line, stream=…)`` for every line, without the line's end
        :param stop_listener: called once with this thread when the command has been stopped
        :param strip_color: take colour codes of terminals out of the lines
        :param cwd: folder to run in
        """
        super().__init__(self._run_command, params, quiet=quiet, name=name or "shell-cmd-thread")
        self.cmd = cmd
        self.outfile = outfile
        self.env_vars = dict(env_vars or {})
        self.stdin = stdin
        self.auto_restart = auto_restart
        self.inherit_cwd = inherit_cwd
        self.inherit_env = inherit_env
        self.log_listener = log_listener
        self.stop_listener = stop_listener
        self.strip_color = strip_color
        self.cwd = cwd
        self.process: subprocess.Popen[Any] | None = None
        self._lock = threading.Lock()

    def is_killed(self) -> bool:
        """Whether the command has ended or never started."""
        return self.process is None or self.process.poll() is not None

    def stop(self, quiet: bool = False) -> None:
        """End the command and all its processes: asked first, killed after a second. Does nothing the second time."""
        with self._lock:  # the command can't be started between here and the check of its start
            if self._stop_event.is_set():
                return
            super().stop(quiet=quiet)
        if self.process is not None:
            shared.end_process_tree(self.process)
        if self.stop_listener is not None:
            self.stop_listener(self)

    def _run_command(self, _params: Any) -> int | None:
        exit_code = None
        while (process := self._start()) is not None:
            with process:
                self._forward(process)
                exit_code = process.wait()
            if exit_code and not self.quiet and not self._stop_event.is_set():
                LOG.warning("%r exited with %s", self.cmd, exit_code)
            # the pause keeps a command that ends at once from being started without end
            if not self.auto_restart or self._stop_event.wait(1.0):
                break
        return exit_code

    def _start(self) -> subprocess.Popen[Any] | None:
        """Start the command, ``None`` when the thread was stopped before."""
        with self._lock, _opened(self._output()) as stdout:
            if self._stop_event.is_set():
                return None
            self.process = subprocess.Popen(
                self.cmd,
                shell=isinstance(self.cmd, str),
                env=_environment(self.env_vars, self.inherit_env),
                cwd=self.cwd,
                stdin=subprocess.PIPE if self.stdin else subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
            )
            return self.process

    def _output(self) -> str | int | IO[Any] | None:
        if self.outfile is not None:
            return self.outfile
        is_wanted = self.log_listener is not None or not self.quiet
        return subprocess.PIPE if is_wanted else None

    def _forward(self, process: subprocess.Popen[Any]) -> None:
        if process.stdout is None or self.outfile is not None:
            return
        for raw in process.stdout:
            line = to_str(raw, errors="replace").rstrip("\r\n")
            self._forward_line(_COLOR.sub("", line) if self.strip_color else line)

    def _forward_line(self, line: str) -> None:
        if not self.quiet:
            LOG.info("%s", line)
        if self.log_listener is not None:
            # one that raises must not keep the command from writing on
            run_safe(self.log_listener, line, stream=sys.stdout)


def _environment(env_vars: Mapping[str, str] | None, inherit: bool) -> dict[str, str]:
    own = {name: str(value) for name, value in (env_vars or {}).items()}
    return {**os.environ, **own} if inherit else own


@contextlib.contextmanager
def _opened(outfile: str | int | IO[Any] | None) -> Any:
    """What ``Popen`` takes for an output; a file that was opened here is closed here, the process has its own."""
    if isinstance(outfile, str):
        with open(outfile, "ab") as stream:  # noqa: PTH123 - the parameter is a path as text
            yield stream
    else:
        yield subprocess.DEVNULL if outfile is None else outfile
