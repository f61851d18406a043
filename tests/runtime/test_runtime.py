"""Starting and stopping, seen from outside the process."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import requests

from localstack.host.process import attempts
from platforms import Home, Platform, free_port


@pytest.fixture(params=["leanto", "twisted"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_platform_cleanly(number: signal.Signals, start: Callable[..., Platform]) -> None:
    platform = start()
    assert platform.signal(number) == 0
    assert f"Localstack runtime received signal {int(number)}" in platform.stdout
    assert "Traceback" not in platform.log
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", platform.port), timeout=5)


def test_a_log_that_nobody_reads_does_not_keep_the_platform(home: Home) -> None:
    """The pipe is full, so every thread that logs waits, for ever."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "localstack.host.cli.main", "start"],
        env=home.environ(GATEWAY_LISTEN=f"127.0.0.1:{port}", SHUTDOWN_TIMEOUT="2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert "Ready.\n" in iter(process.stdout.readline, "")
        with requests.Session() as session:
            for _ in range(30):
                session.get(f"http://127.0.0.1:{port}/{'x' * 5000}", timeout=30)
        process.terminate()
        process.wait(30)


def test_a_platform_started_by_nohup_outlives_its_terminal(home: Home) -> None:
    command = ["nohup", sys.executable, "-m", "localstack.host.cli.main", "start"]
    environ = home.environ(GATEWAY_LISTEN="127.0.0.1:0")
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert "Ready.\n" in iter(process.stdout.readline, "")
        process.send_signal(signal.SIGHUP)
        assert home.run("restart").returncode == 0
        process.terminate()
        output = process.stdout.read()
    assert (process.returncode, "received signal 15" in output, "received signal 1\n" in output) == (0, True, False)


def test_a_signal_that_another_thread_gets_ends_the_platform_too(
    home: Home, start: Callable[..., Platform], server: str
) -> None:
    """The kernel may hand a signal to any thread; one that waits on the main thread is not woken by it."""
    home.write_extension(
        "signalled",
        """
        import signal, threading
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "signalled"
            def update_gateway_routes(self, router):
                router.add("/signal", self.signal)
            def signal(self, request):
                thread = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
                thread.start()
                thread.join()
                return {}
        """,
    )
    platform = start(GATEWAY_SERVER=server)
    platform.get("/_localstack/health")
    with contextlib.suppress(requests.ConnectionError):
        platform.get("/signal")
    assert platform.process.wait(10) == 0
    assert "Localstack runtime received signal 15" in platform.stdout


def test_a_signal_during_a_hook_ends_the_start_and_is_no_fault(home: Home, start: Callable[..., Platform]) -> None:
    for name in ("one", "two"):
        home.write_extension(
            name,
            f"""
            import time
            from localstack.extensions.api import Extension
            class TheExtension(Extension):
                name = "{name}"
                def on_platform_start(self):
                    print("hook of {name}", flush=True)
                    time.sleep(60)
            """,
        )
    platform = start(ready=False)
    platform.wait_for("hook of one", platform.stdout)
    assert platform.signal(signal.SIGTERM) == 0
    assert "hook of two" not in platform.output
    assert "failed in on_platform_start" not in platform.log


def test_a_signal_ends_the_platform_when_nobody_reads_what_it_prints(home: Home) -> None:
    command = [sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner"]
    environ = home.environ(GATEWAY_LISTEN="127.0.0.1:0")
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "Ready.\n" in iter(process.stdout.readline, "")
        process.stdout.close()
        process.stderr.close()
        process.terminate()
        assert process.wait(30) == 0


def test_a_forked_child_can_be_terminated_without_the_platform(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "forks",
        """
        import multiprocessing, time
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "forks"
            def update_gateway_routes(self, router):
                router.add("/fork", self.fork)
            def fork(self, request):
                child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
                child.start()
                child.terminate()
                child.join(20)
                return {"exit": child.exitcode}
        """,
    )
    platform = start()
    assert platform.get("/fork").json() == {"exit": -signal.SIGTERM}
    assert platform.get("/_localstack/health").ok
    assert "received signal" not in platform.output


def test_ready_is_printed_once_on_stdout_and_the_log_goes_to_stderr(start: Callable[..., Platform]) -> None:
    platform = start()
    assert platform.stdout.count("Ready.") == 1
    assert any(line.startswith("LocalStack version: 4.14") for line in platform.stdout)
    assert all(
        re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} +[A-Z]+ --- \[.{12}\] ", line) for line in platform.stderr
    )


def test_a_start_without_extensions_imports_neither_moto_nor_boto(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "modules",
        """
        import sys
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "modules"
            def update_gateway_routes(self, router):
                router.add("/modules", lambda request: sorted({name.partition(".")[0] for name in sys.modules}))
        """,
    )
    platform = start()
    platform.get("/_localstack/health")
    platform.get("/", headers={"Accept": "text/html"})
    assert not {"moto", "boto3", "botocore", "flask", "pydantic", "docker"} & set(platform.get("/modules").json())


def test_a_port_in_use_is_one_sentence_and_exit_code_1(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = home.run("start", "--no-banner", GATEWAY_LISTEN=f"127.0.0.1:{port}")
    assert result.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: it is already in use" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Ready." not in result.stdout


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("127.0.0.1:http", "the port 'http'"),
        ("127.0.0.1:70000", "the port '70000'"),
        ("no.such.host.invalid:4566", "does not resolve"),
        ("203.0.113.7:4566", "no interface of this machine"),
        ("[::1:4566", "is no address"),
        (",", "names no address"),
    ],
)
def test_a_bad_listen_address_is_one_sentence_and_exit_code_1(listen: str, message: str, home: Home) -> None:
    result = home.run("start", "--no-banner", GATEWAY_LISTEN=listen)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("❌ Error: ") == 1


def test_a_volume_that_is_a_file_is_one_sentence_and_exit_code_1(home: Home) -> None:
    home.volume.write_text("not a folder")
    result = home.run("start", "--no-banner", GATEWAY_LISTEN="127.0.0.1:0")
    assert result.returncode == 1
    assert "can't be used" in result.stderr
    assert str(home.volume) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_full_volume_is_one_sentence_and_leaves_no_half_record(home: Home) -> None:
    """A limit of 0 for the size of files stands for a full disk."""
    command = 'ulimit -f 0; exec "$0" -m localstack.host.cli.main start'
    environ = home.environ(GATEWAY_LISTEN="127.0.0.1:0")
    result = subprocess.run(
        ["sh", "-c", command, sys.executable], env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 1
    assert "localstack-main.json can't be written: " in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in (home.volume / "run").iterdir()] == ["localstack-main.lock"]


def test_port_zero_takes_a_free_port(start: Callable[..., Platform]) -> None:
    platform = start(GATEWAY_LISTEN="127.0.0.1:0")
    record = (platform.home / "volume" / "run" / "localstack-main.json").read_text()
    match = re.search(r"127\.0\.0\.1:(\d+)", record)
    assert match is not None
    assert int(match[1]) > 0


def test_several_addresses_are_served(start: Callable[..., Platform]) -> None:
    first, second = free_port(), free_port()
    platform = start(GATEWAY_LISTEN=f"127.0.0.1:{first},[::1]:{second}")
    import requests

    for url in (f"http://127.0.0.1:{first}", f"http://[::1]:{second}"):
        assert requests.get(f"{url}/_localstack/health", timeout=10).status_code == 200
    assert platform.signal() == 0


def test_a_shutdown_hook_that_hangs_is_named_and_does_not_hold_the_shutdown(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "hanging",
        """
        import threading
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "hanging"
            def on_platform_shutdown(self):
                threading.Event().wait()
        """,
    )
    platform = start(SHUTDOWN_TIMEOUT="2")
    assert platform.signal() == 0
    assert "extension hanging has not finished on_platform_shutdown in time" in platform.log


def test_a_thread_that_does_not_end_is_named_and_the_process_ends_all_the_same(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "immortal",
        """
        import threading
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "immortal"
            def on_platform_start(self):
                threading.Thread(target=threading.Event().wait, name="immortal-thread").start()
        """,
    )
    platform = start(SHUTDOWN_TIMEOUT="2")
    assert platform.signal() == -signal.SIGKILL
    assert "still running: immortal-thread" in platform.log


def test_child_processes_and_exit_functions_end_with_the_platform(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "parent",
        """
        import atexit, multiprocessing, subprocess, sys, time
        from localstack.extensions.api import Extension

        def work():
            time.sleep(600)

        class TheExtension(Extension):
            name = "parent"
            def on_platform_start(self):
                self.process = multiprocessing.Process(target=work)
                self.process.start()
                self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                atexit.register(print, "EXIT FUNCTION", flush=True)
                print("CHILDREN", self.process.pid, self.child.pid, flush=True)
        """,
    )
    platform = start()
    pids = [int(pid) for pid in platform.wait_for("^CHILDREN").split()[1:]]
    assert all(psutil.pid_exists(pid) for pid in pids)
    assert platform.signal() == 0
    platform.wait_for("EXIT FUNCTION")
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=5)
    assert not alive


def test_while_extensions_shut_down_internal_resources_answer_and_the_rest_is_503(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "last-words",
        """
        import urllib.request, urllib.error
        from localstack import config
        from localstack.extensions.api import Extension

        def status(path, **headers):
            request = urllib.request.Request(config.internal_service_url() + path, headers=headers)
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        class TheExtension(Extension):
            name = "last-words"
            def on_platform_shutdown(self):
                print("LAST", status("/_localstack/health"), status("/any"), flush=True)
        """,
    )
    platform = start()
    assert platform.signal() == 0
    assert platform.wait_for("^LAST") == "LAST 200 503"


def test_a_reload_that_is_under_way_comes_to_its_end_before_the_platform(
    home: Home, start: Callable[..., Platform], tmp_path: Path
) -> None:
    source = f"""
    from pathlib import Path
    from threading import Event
    from localstack.extensions.api import Extension
    class TheExtension(Extension):
        name = "versioned"
        def on_platform_start(self):
            print("STARTING VERSION", flush=True)
            while "VERSION" == "two" and not Path("{tmp_path}/go").exists():
                Event().wait(0.01)
        def on_platform_shutdown(self):
            print("SHUTDOWN VERSION", flush=True)
    """
    home.write_extension("versioned", source.replace("VERSION", "one"))
    platform = start(SHUTDOWN_TIMEOUT="30")
    home.write_extension("versioned", source.replace("VERSION", "two"))
    platform.wait_for("STARTING two", platform.stdout)
    platform.process.send_signal(signal.SIGTERM)
    platform.wait_for("received signal", platform.stdout)
    (tmp_path / "go").touch()
    assert platform.process.wait(30) == 0
    platform.wait_for("SHUTDOWN two", platform.stdout)
    assert [line for line in platform.stdout if line.startswith("SHUTDOWN")] == ["SHUTDOWN one", "SHUTDOWN two"]


def test_a_restart_over_http_runs_new_code_in_the_same_process(home: Home, start: Callable[..., Platform]) -> None:
    source = """
    import os
    from localstack.extensions.api import Extension
    leaked = os.environ.get("LEAKED_BEFORE", "no")
    class TheExtension(Extension):
        name = "versioned"
        def on_platform_start(self):
            os.environ["LEAKED_BEFORE"] = "yes"
        def update_gateway_routes(self, router):
            router.add("/version", lambda request: f"one, leaked {leaked}")
        def on_platform_shutdown(self):
            print("SHUTDOWN one", flush=True)
    """
    home.write_extension("versioned", source)
    platform = start()
    assert platform.get("/version").text == "one, leaked no"
    pid = platform.process.pid
    home.write_extension("versioned", source.replace("one", "two"))
    assert platform.request("POST", "/_localstack/health", json={"action": "restart"}).text == "ok"
    platform.wait_for(r"^Ready\.$", platform.stdout, count=2)
    assert "SHUTDOWN one" in platform.stdout
    assert platform.get("/version").text == "two, leaked no"
    assert platform.process.pid == pid
    assert platform.process.poll() is None
    assert platform.signal() == 0


def test_a_signal_during_a_restart_ends_the_platform(home: Home, start: Callable[..., Platform]) -> None:
    os.mkfifo(home.path / "may-go-on")
    home.write_extension(
        "slow",
        """
        import pathlib
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "slow"
            def on_platform_shutdown(self):
                print("STOPPING")
                pathlib.Path("may-go-on").read_text()
        """,
    )
    platform = start()
    platform.request("POST", "/_localstack/health", json={"action": "restart"})
    platform.wait_for("^STOPPING$")
    platform.process.terminate()
    platform.wait_for("received signal 15")
    (home.path / "may-go-on").write_text("")
    assert platform.process.wait(30) == 0
    assert platform.stdout.count("Ready.") == 1


def test_kill_over_http_ends_the_platform(start: Callable[..., Platform]) -> None:
    platform = start()
    platform.request("POST", "/_localstack/health", json={"action": "kill"})
    assert platform.process.wait(20) == 0


def test_a_signal_during_the_start_is_obeyed(home: Home, start: Callable[..., Platform]) -> None:
    home.write_extension(
        "slow",
        """
        import threading
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "slow"
            def on_platform_start(self):
                print("STARTING", flush=True)
                threading.Event().wait()
        """,
    )
    platform = start(ready=False)
    platform.wait_for("^STARTING$")
    assert platform.signal() == 0
    assert "Ready." not in platform.stdout


def test_a_signal_before_anything_is_loaded_is_obeyed(home: Home) -> None:
    """The platform is held at its first line of output by a pipe that takes no more."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n")
    os.set_blocking(writer, True)
    environ = home.environ(GATEWAY_LISTEN=f"127.0.0.1:{free_port()}")
    command = [sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner"]
    process = subprocess.Popen(command, env=environ, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    record = home.volume / "run" / "localstack-main.json"
    turns_with_signal_thread = 0
    for _ in attempts(30):
        turns_with_signal_thread += record.exists() and len(psutil.Process(process.pid).threads()) > 1
        if turns_with_signal_thread > 1:  # the thread starts a moment before the signals lead to it
            break
    process.terminate()
    with os.fdopen(reader, "rb") as stdout:
        output = stdout.read()
    _, log = process.communicate(timeout=30)
    assert (process.returncode, "Error" in log, b"received signal 15" in output) == (0, False, True)
    assert not record.exists()


def test_upstreams_host_names_and_interpreter_work_inside_extensions(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension(
        "assuming",
        """
        import socket, subprocess
        from localstack.extensions.api import Extension
        class TheExtension(Extension):
            name = "assuming"
            def on_platform_ready(self):
                print("ADDRESS", socket.gethostbyname("any.localhost.localstack.cloud"), flush=True)
                python = "/opt/code/localstack/.venv/bin/python"
                command = [python, "-c", "import assuming_ext as module; print(module.__name__)"]
                print("CHILD", subprocess.check_output(command, text=True).strip(), flush=True)
        """,
    )
    if Path("/opt/code/localstack/.venv/bin/python").exists():
        pytest.skip("NOT RUN: this machine has upstream's interpreter")
    platform = start()
    assert platform.wait_for("^ADDRESS") == "ADDRESS 127.0.0.1"
    assert platform.wait_for("^CHILD") == "CHILD assuming_ext"


def test_the_platform_removes_its_record(start: Callable[..., Platform]) -> None:
    platform = start()
    record = platform.home / "volume" / "run" / "localstack-main.json"
    assert record.exists()
    assert platform.signal() == 0
    assert not record.exists()
