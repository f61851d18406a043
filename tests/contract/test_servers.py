"""``localstack.utils.serving.Server``, with real servers on a thread and as a process."""

from __future__ import annotations

import http.server
import sys
import threading
import urllib.request

import pytest

from localstack.utils.net import get_free_tcp_port, is_port_open
from localstack.utils.run import ShellCommandThread
from localstack.utils.serving import Server, StopServer
from localstack.utils.threads import FuncThread

SECONDS = 30


class ThreadServer(Server):
    """Serves files of an empty folder on the thread that ``start`` makes."""

    def __init__(self, port: int) -> None:
        super().__init__(port, host="127.0.0.1")
        self.http = http.server.ThreadingHTTPServer((self.host, port), _Hello)
        self.shutdowns = 0

    def do_run(self) -> None:
        self.http.serve_forever()

    def do_shutdown(self) -> None:
        self.shutdowns += 1
        self.http.shutdown()
        self.http.server_close()


class _Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        pass


class ProcessServer(Server):
    """Runs a server as a process, as extensions do."""

    def do_start_thread(self) -> FuncThread:
        thread = ShellCommandThread(
            [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(self.port)], name="process-server"
        )
        thread.start()
        return thread


def test_a_server_on_a_thread_starts_once_answers_and_is_shut_down_once() -> None:
    server = ThreadServer(get_free_tcp_port())
    assert not server.is_running()
    assert not server.is_up()
    assert server.start() is True
    assert server.start() is False
    assert server.wait_is_up(SECONDS)
    assert server.url == f"http://127.0.0.1:{server.port}"
    with urllib.request.urlopen(server.url, timeout=SECONDS) as answer:
        assert answer.read() == b"hello"
    assert server.is_running()
    server.shutdown()
    server.shutdown()
    server.join(SECONDS)
    assert server.shutdowns == 1
    assert not server.is_running()
    assert not server.is_up()
    assert server.get_error() is None


def test_a_server_that_is_a_process_ends_with_its_process() -> None:
    server = ProcessServer(get_free_tcp_port())
    server.start()
    assert server.wait_is_up(SECONDS)
    assert is_port_open(server.port)
    server.shutdown()
    server.join(SECONDS)
    assert not is_port_open(server.port)


def test_a_server_that_was_never_started_can_not_be_shut_down_or_joined() -> None:
    server = ProcessServer(get_free_tcp_port())
    with pytest.raises(RuntimeError, match="never started"):
        server.shutdown()
    with pytest.raises(RuntimeError, match="never started"):
        server.join()
    assert not server.wait_is_up(timeout=0.01)


def test_waiting_for_a_server_that_fails_ends_at_once_and_tells_why() -> None:
    class Failing(Server):
        def do_run(self) -> None:
            raise OSError("no luck")

    server = Failing(get_free_tcp_port())
    server.start()
    assert not server.wait_is_up()
    assert isinstance(server.get_error(), OSError)


def test_a_server_may_stop_itself_without_an_error() -> None:
    class Done(Server):
        def do_run(self) -> None:
            raise StopServer

    server = Done(get_free_tcp_port())
    server.start()
    server.join(SECONDS)
    assert server.get_error() is None
    assert not server.is_running()


def test_a_health_check_that_raises_means_not_up() -> None:
    go_on = threading.Event()

    class Unwell(Server):
        def do_run(self) -> None:
            go_on.wait(SECONDS)

        def do_shutdown(self) -> None:
            go_on.set()

        def health(self) -> bool:
            raise ConnectionError

    server = Unwell(get_free_tcp_port())
    server.start()
    assert server.is_running()
    assert not server.is_up()
    assert not server.wait_is_up(timeout=0.05)
    with pytest.raises(TimeoutError, match="still runs"):
        server.join(timeout=0.01)
    server.shutdown()
    server.join(SECONDS)


def test_a_server_that_does_nothing_says_what_is_missing() -> None:
    server = Server(1)
    server.start()
    server.join(SECONDS)
    assert "do_run" in str(server.get_error())


def test_others_can_wait_before_it_is_started() -> None:
    server = ThreadServer(get_free_tcp_port())
    seen: list[bool] = []
    waiter = threading.Thread(target=lambda: seen.append(server.wait_is_up(SECONDS)))
    waiter.start()
    server.start()
    waiter.join(SECONDS)
    assert seen == [True]
    server.shutdown()
