"""Start, ready, stop: the one module that wires the rest of the host together.

MainThread           settings → volume → addresses → gateway → extensions loaded and started → serve … → clean up
Thread-1 (_run_ready_monitor)        waits until the port answers → Ready. → on_platform_ready
Runtime-Signals                      SIGINT and SIGTERM
Runtime-Shutdown                     on_platform_shutdown of every extension
Runtime-Shutdown-Watch               bounds the above, stops the server, and ends what would not end
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import TYPE_CHECKING

from localstack.host import shared
from localstack.host.errors import LeantoError, StartInterrupted
from localstack.host.extension.discovery import (
    NAMESPACE,
    candidates_in,
    in_order,
    installed_entry_points,
    requires_any,
)
from localstack.host.extension.exchange import Exchange
from localstack.host.extension.lifecycle import Lifecycle
from localstack.host.extension.platform_hooks import PlatformHooks
from localstack.host.gateway.addresses import reserve_addresses
from localstack.host.gateway.certificate import check_custom_certificate
from localstack.host.gateway.request_log import RequestLog
from localstack.host.gateway.resources import PlatformControl
from localstack.host.gateway.servers import Server, make_server
from localstack.host.init_scripts import InitScripts, Stage
from localstack.host.live import LivePlatform
from localstack.host.process import PlatformRecord, PlatformState, RecordFile
from localstack.host.settings import Settings
from localstack.host.shutdown import call_later, end_children, log_without_waiting
from localstack.host.stop_signals import StopSignals
from localstack.host.version import LOCALSTACK_VERSION, leanto_version
from localstack.host.volume import make_folders
from localstack.runtime import events
from localstack.runtime.hooks import HOOKS_ON_INFRA_READY, HOOKS_ON_INFRA_SHUTDOWN, HOOKS_ON_INFRA_START

if TYPE_CHECKING:
    from rolo.gateway import Gateway

    from localstack.host.developer_mode import DeveloperMode
    from localstack.host.emulation.emulation import Emulation
    from localstack.host.extension.guard import FaultObserver

LOG = logging.getLogger("localstack.runtime")

READY_MARKER = "Ready."
_TWISTED = frozenset({"twisted"})
_READY_TIMEOUT_SECONDS = 15.0
_HOOKS_SHARE = 0.6
"""Part of the shutdown time-out that the extensions' hooks may take together."""
_TOTAL_SHARE = 0.9
"""Part of the shutdown time-out after which the process is ended whatever still runs."""


@dataclass
class Runtime:
    """One run of the platform in this process."""

    settings: Settings
    arguments: Sequence[str] = field(default_factory=lambda: tuple(sys.argv[1:]))
    """Command-line arguments that a restart runs again."""
    is_guest: bool = False
    """True in somebody else's process, e.g. a test run: signals, child processes, its end and what happens to be
    installed there are not the platform's."""
    on_fault: FaultObserver | None = None
    """Learns of what extensions raise."""

    def __post_init__(self) -> None:
        self.exit_code = 0
        self._environ = dict(os.environ)  # extensions change os.environ; a restart must not inherit that
        self._stdout = sys.stdout  # extensions put something else in its place
        self._started_at = datetime.now(UTC)
        self._stopping = threading.Event()
        self._finished = threading.Event()
        self._restarting = False
        self._serving = False
        self._interrupted = False
        self._server: Server | None = None
        self._request_log = RequestLog()
        self._record_file = RecordFile(self.settings)
        self._hooks: PlatformHooks | None = None
        self._lifecycle: Lifecycle | None = None
        self._init_scripts: InitScripts | None = None
        self._emulation: Emulation | None = None
        self._live: LivePlatform | None = None
        self._developer_mode: DeveloperMode | None = None
        self._exchange_lock = threading.RLock()
        self.exchange: Exchange

    def run(self) -> int:
        """Start, serve until stopped, clean up, and return the exit code. Call it on the main thread.

        After a restart was asked for, the process replaces itself when it exits, so return from ``main`` at once.

        :raises LeantoError: when the platform can't start: volume, addresses, settings
        """
        self._prepare()
        try:
            if not self.is_guest:
                StopSignals(self._on_signal, self._interrupt_start).install()  # from here on either may end the block
            self._start()
            self._serve()
        except StartInterrupted:
            self._finished.wait(self.settings.shutdown_timeout_seconds)
        finally:
            self._clean_up()
        return self.exit_code

    def stop(self, exit_code: int = 0) -> None:
        """Begin to shut down; returns at once, and does nothing when that has begun already."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        events.infra_stopping.set()
        self.exit_code = exit_code
        threading.Thread(target=self._watch_shutdown, name="Runtime-Shutdown-Watch", daemon=True).start()

    def restart(self) -> None:
        """Shut down and start anew in the same process, with the arguments and environment of the first start."""
        self._restarting = True
        self.stop()

    def reset_state(self) -> None:
        """Forget what the AWS services hold."""
        if self._emulation is not None:
            self._emulation.state.reset()

    def _prepare(self) -> None:
        """Everything that can refuse the start, in an order that leaves nothing behind."""
        make_folders(self.settings)
        check_custom_certificate(self.settings)
        self.settings = reserve_addresses(self.settings)
        shared.use_settings(self.settings)
        for name, value in self.settings.environ.items():
            os.environ.setdefault(name, value)  # extensions read variables of a profile file from there
        self._record_file.write(PlatformRecord.of_this_process(self.settings, self.settings.gateway_listen))
        if not self.is_guest:
            atexit.register(self._replace_process_if_restarting)  # first, so it runs after the extensions' own

    def _start(self) -> None:
        from localstack.host.wiring import end_leftovers, hook_arguments

        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # extensions print; in a log file it must not come minutes late
        print(f"\nLocalStack version: {LOCALSTACK_VERSION}\nLeanto version: {leanto_version()}\n", flush=True)  # noqa: T201
        os.environ["LOCALSTACK_INFRA_PROCESS"] = "1"
        events.infra_starting.set()
        self._adapt_process()
        self._init_scripts = scripts = InitScripts(
            self.settings.init_dir, _aws_environ(self.settings), shows_traceback=self.settings.debug
        )
        scripts.run(Stage.BOOT, self._stopping.is_set)
        self._developer_mode = developer_mode = self._developer_mode_if_wanted()
        self._live = live = self._activate_environment()
        scripts.run(Stage.START, self._stopping.is_set)
        containers = shared.extensions()
        containers.guard.on_fault = self.on_fault
        containers.guard.slow_calls.watch()
        self._lifecycle = lifecycle = Lifecycle(containers.registry, containers.guard, containers.ledger)
        gateway = self._build_gateway(lifecycle, scripts)  # extensions call AWS from their first hook on
        installed = [] if self.is_guest else installed_entry_points()
        self._hooks = hooks = PlatformHooks(containers.guard, installed)
        hooks.run(HOOKS_ON_INFRA_START)
        developed = developer_mode.candidates() if developer_mode else ()
        lifecycle.load(in_order(developed, candidates_in(NAMESPACE, installed)))
        self._point_out_twisted(lifecycle)
        lifecycle.start()
        arguments = hook_arguments()
        lifecycle.update_gateway(arguments)
        self.exchange = exchange = Exchange(
            lifecycle,
            arguments,
            end_leftovers,
            shared.activities(),
            shared.extensions().containers,
            self._exchange_lock,
        )
        live.serve(exchange)
        if developer_mode is not None:
            developer_mode.serve(exchange)
        self._server = make_server(gateway, self.settings, containers.connections)
        self._server.listen()

    def _point_out_twisted(self, lifecycle: Lifecycle) -> None:
        """What patches Twisted's classes by itself loads under our own server, but its patches reach nobody there."""
        if self.settings.gateway_server == "twisted":
            return
        for record in lifecycle.registry.loaded():
            if requires_any(record.candidate.distribution.name, _TWISTED):
                LOG.warning(
                    "extension %s requires Twisted, which is not the server here; if it patches it, e.g. to forward "
                    "raw TCP or gRPC, start with GATEWAY_SERVER=twisted",
                    record.name,
                )

    def _serve(self) -> None:
        assert self._server is not None
        if self._stopping.is_set():
            raise StartInterrupted
        self._serving = True
        self._request_log.start()
        threading.Thread(target=self._run_ready_monitor, name="Thread-1 (_run_ready_monitor)", daemon=True).start()
        self._server.run()

    def _adapt_process(self) -> None:
        """What extensions take for granted: upstream's host names, its interpreter for child processes, its server."""
        from localstack.host import child_processes, loopback_names
        from localstack.host.extension import exit_functions, taken_over
        from localstack.host.missing_names import explain_missing_names

        loopback_names.install()
        explain_missing_names()
        exit_functions.install()
        child_processes.install(self._added_imports, shared.activities().note_process)
        if self.settings.gateway_server != "twisted":
            taken_over.install(shared.extensions().connections)

    def _added_imports(self) -> list[str]:
        """What child processes must be able to import, too."""
        return [str(path) for part in (self._developer_mode, self._live) if part is not None for path in part.paths]

    def _developer_mode_if_wanted(self) -> DeveloperMode | None:
        if not self.settings.extension_dev_mode and not self.settings.extension_dev_paths:
            return None
        from localstack.host.developer_mode import DeveloperMode

        return DeveloperMode(self.settings)

    def _activate_environment(self) -> LivePlatform:
        from localstack.host.environment.environment import ExtensionEnvironment

        environment = ExtensionEnvironment(self.settings)
        environment.auto_install(self.settings.extension_auto_install, LOG.info)
        return LivePlatform(environment)

    def _build_gateway(self, lifecycle: Lifecycle, scripts: InitScripts) -> Gateway:
        from localstack.host.emulation.emulation import Emulation
        from localstack.host.wiring import extension_views, wired_gateway

        assert self._live is not None
        self._emulation = emulation = Emulation(self.settings)
        emulation.start()
        control = PlatformControl(
            session_id=shared.session_id(),
            started_at=self._started_at,
            service_states=emulation.service_states,
            extensions=lambda: extension_views(lifecycle),
            init_scripts=scripts,
            restart=self.restart,
            kill=self.stop,
        )
        gateway = wired_gateway(self.settings, control, emulation, self._live, self._request_log, self._stopping.is_set)
        shared.use_runtime(gateway, self.stop)
        return gateway

    def _run_ready_monitor(self) -> None:
        assert self._hooks is not None
        assert self._lifecycle is not None
        assert self._init_scripts is not None
        assert self._live is not None
        first = self.settings.gateway_listen[0]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(first.host, first.host)
        try:
            socket.create_connection((host, first.port), timeout=_READY_TIMEOUT_SECONDS).close()
        except OSError as error:
            LOG.error("the gateway does not answer on %s: %s", first, error)
            self.stop(exit_code=1)
            return
        self._hooks.run(HOOKS_ON_INFRA_READY)
        self._init_scripts.run(Stage.READY, self._stopping.is_set)
        if self._stopping.is_set():
            return
        self._live.catch_up()
        with contextlib.suppress(OSError, ValueError):  # nobody reads, or an extension has closed it
            print(READY_MARKER, file=self._stdout, flush=True)
        events.infra_ready.set()
        self._record_file.update(state=PlatformState.READY)  # after the marker: `wait` promises that it was printed
        self._live.catch_up()  # once more: from now on whoever changes something says so
        if self._emulation is not None:
            self._emulation.load_eagerly()
        if self._developer_mode is not None:
            self._developer_mode.start()
        self._lifecycle.ready(self._exchange_lock)

    def _on_signal(self, number: int) -> None:
        self._restarting = False  # who wants the platform to end does not want it back
        self.stop()  # first: who reads stdout may have stopped reading
        # not print(): another thread may hold the writer's lock for good
        with contextlib.suppress(OSError, ValueError):  # nobody may be reading
            os.write(
                sys.__stdout__.fileno() if sys.__stdout__ else 1,
                f"Localstack runtime received signal {number}\n".encode(),
            )

    def _interrupt_start(self) -> None:
        if not self._serving and not self._interrupted:
            self._interrupted = True
            raise StartInterrupted

    def _watch_shutdown(self) -> None:
        timeout = self.settings.shutdown_timeout_seconds
        if self._developer_mode is not None:
            self._developer_mode.stop()
        with contextlib.suppress(LeantoError):
            self._record_file.update(state=PlatformState.STOPPING)
        hooks = threading.Thread(target=self._run_shutdown_hooks, name="Runtime-Shutdown", daemon=True)
        hooks.start()
        hooks.join(timeout * _HOOKS_SHARE)
        if hooks.is_alive() and self._lifecycle is not None:
            name = self._lifecycle.shutting_down
            others = "shutdown.d, or a function of localstack.hooks.on_infra_shutdown,"
            what = f"extension {name} has not finished on_platform_shutdown" if name else f"{others} has not finished"
            log_without_waiting(LOG, f"{what} in time")
        try:
            if self._emulation is not None:
                self._emulation.stop()  # as long as it takes: the time-out is for what extensions do
            shared.extensions().containers.end(timeout_seconds=timeout)
        finally:
            if self._server is not None:
                self._server.stop()
        self._finished.set()
        shared.extensions().guard.slow_calls.end()
        if not self.is_guest:
            call_later(timeout * (_TOTAL_SHARE - _HOOKS_SHARE), self._end_what_does_not_end)

    def _run_shutdown_hooks(self) -> None:
        if self._init_scripts is not None:
            self._init_scripts.run(Stage.SHUTDOWN)
        if self._hooks is not None:
            self._hooks.run(HOOKS_ON_INFRA_SHUTDOWN)
        if self._lifecycle is not None:
            # an exchange that is under way comes to its end first, so that both versions are told; unless it hangs
            is_over = self._exchange_lock.acquire(timeout=self.settings.shutdown_timeout_seconds * _HOOKS_SHARE / 2)
            try:
                self._lifecycle.shutdown()
            finally:
                if is_over:
                    self._exchange_lock.release()

    def _clean_up(self) -> None:
        """End what extensions left running, in this order: threads they registered, then child processes."""
        from localstack.utils.threads import cleanup_threads_and_processes

        self._request_log.stop()
        cleanup_threads_and_processes()
        if not self.is_guest:
            end_children()
        events.infra_stopped.set()
        if self.settings.clear_tmp:
            shutil.rmtree(self.settings.tmp_dir, ignore_errors=True)
        if not self._restarting:
            self._record_file.remove(os.getpid())

    def _end_what_does_not_end(self) -> None:
        """Last resort: threads that are not daemons would keep the process alive for ever."""
        names = [t.name for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
        running = ", ".join(names) or "the main thread"
        log_without_waiting(LOG, f"shutdown took longer than SHUTDOWN_TIMEOUT; still running: {running}")
        with contextlib.suppress(LeantoError):
            self._record_file.remove(os.getpid())
        self._replace_process_if_restarting()
        os.kill(os.getpid(), signal.SIGKILL)

    def _replace_process_if_restarting(self) -> None:
        if not self._restarting:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # it may be an extension's
                stream.flush()
        command = [sys.executable, "-P", "-m", "localstack.host.cli.main", *self.arguments]
        os.execve(sys.executable, command, self._environ)  # same pid; sockets and files close on exec


def _aws_environ(settings: Settings) -> dict[str, str]:
    """What makes AWS clients of a child process talk to this platform, and to no real account by accident."""
    return {
        "AWS_ENDPOINT_URL": settings.local_url(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
