"""``localstack.utils.net`` and the ports that extensions reserve, on real sockets."""

from __future__ import annotations

import contextlib
import http.server
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localstack import config
from localstack.host.gateway.certificate import ServerCertificate
from localstack.host.settings import Settings
from localstack.utils import net
from localstack.utils.net import Port, PortNotAvailableException, PortRange
from platforms import Home


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def free_range(size: int) -> PortRange:
    """A range of ports that are all free, below those that the system gives to outgoing connections."""
    while True:
        start = random.randrange(10_000, 30_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(start, start + size):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return PortRange(start, start + size - 1)


def test_a_free_port_can_be_bound_and_is_not_on_the_blocklist() -> None:
    port = net.get_free_tcp_port()
    with socket.create_server(("127.0.0.1", port)):
        assert net.is_port_open(port)
    blocked = [net.get_free_tcp_port() for _ in range(5)]
    assert net.get_free_tcp_port(blocklist=blocked) not in blocked


def test_a_free_udp_port_can_be_bound_and_is_not_on_the_blocklist() -> None:
    port = net.get_free_udp_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))
    blocked = [net.get_free_udp_port() for _ in range(5)]
    assert net.get_free_udp_port(blocklist=blocked) not in blocked


def test_waiting_for_a_closed_port_ends_when_it_is(listener: socket.socket) -> None:
    port = port_of(listener)
    with pytest.raises(TimeoutError, match=f"{port} is still open after 2 looks"):
        net.wait_for_port_closed(port, retries=1, sleep_time=0.001)
    listener.close()
    net.wait_for_port_closed(port, retries=1, sleep_time=0.001)


def test_host_names_are_resolved_if_they_can_be() -> None:
    assert net.resolve_hostname("localhost") == "127.0.0.1"
    assert net.resolve_hostname("no-such-host.invalid") is None


@pytest.mark.parametrize(
    ("address", "is_one"),
    [("127.0.0.1", True), ("255.255.255.255", True), ("256.0.0.1", False), ("::1", False), ("localhost", False)],
)
def test_an_ipv4_address_is_told_from_other_text(address: str, is_one: bool) -> None:
    assert net.is_ipv4_address(address) is is_one


def test_reserving_gives_each_caller_another_port_of_the_range() -> None:
    ports = free_range(8)
    with ThreadPoolExecutor(8) as pool:
        reserved = list(pool.map(lambda _: ports.reserve_port(), range(8)))
    assert sorted(reserved) == list(ports.as_range())
    with pytest.raises(PortNotAvailableException, match="none of the ports"):
        ports.reserve_port()


def test_reserving_passes_over_a_port_that_a_server_listens_on() -> None:
    ports = free_range(2)
    with socket.create_server(("127.0.0.1", ports.start)):
        assert ports.reserve_port() == ports.end
        with pytest.raises(PortNotAvailableException, match="something else uses it"):
            ports.reserve_port(ports.start)


def test_a_wanted_port_is_reserved_once() -> None:
    ports = free_range(3)
    wanted = ports.start + 1
    assert ports.reserve_port(wanted) == wanted
    assert ports.is_port_reserved(wanted)
    assert not ports.is_port_reserved(ports.start)
    with pytest.raises(PortNotAvailableException, match="reserved"):
        ports.reserve_port(wanted)


def test_a_reservation_expires() -> None:
    ports = free_range(1)
    ports.reserve_port(duration=0)
    assert not ports.is_port_reserved(ports.start)
    assert ports.reserve_port(ports.start) == ports.start


def test_a_port_that_was_given_away_comes_last_again() -> None:
    ports = free_range(3)
    assert [ports.reserve_port(duration=0) for _ in range(4)] == [*ports.as_range(), ports.start]


def test_a_port_can_be_marked_and_one_outside_the_range_can_not() -> None:
    ports = free_range(2)
    ports.mark_reserved(ports.start)
    assert ports.reserve_port() == ports.end
    with pytest.raises(ValueError, match="not in the range"):
        ports.mark_reserved(ports.end + 1)
    with pytest.raises(PortNotAvailableException, match="not in the range"):
        ports.reserve_port(ports.end + 1)


def test_ports_of_tcp_and_udp_are_different_ports() -> None:
    ports = free_range(1)
    ports.reserve_port(Port(ports.start, "udp"))
    assert not ports.is_port_reserved(ports.start)
    assert ports.reserve_port(ports.start) == ports.start


def test_a_part_of_a_range_has_its_reservations() -> None:
    ports = free_range(4)
    part = ports.subrange(start=ports.start + 1, end=ports.start + 2)
    assert list(part.as_range()) == [ports.start + 1, ports.start + 2]
    assert ports.reserve_port(part.start) == part.start
    assert part.reserve_port() == part.end
    assert ports.is_port_reserved(part.end)
    with pytest.raises(PortNotAvailableException, match=f"none of the ports {part.start} to {part.end}"):
        part.reserve_port()
    with pytest.raises(PortNotAvailableException, match="not in the range"):
        part.reserve_port(ports.start)
    assert (ports.subrange(end=part.end).start, ports.subrange(start=part.start).end) == (ports.start, ports.end)
    with pytest.raises(ValueError, match="is not within the range"):
        ports.subrange(end=ports.end + 1)
    with pytest.raises(ValueError, match="is not within the range"):
        ports.subrange(start=part.end, end=part.start)


def test_extensions_reserve_in_the_configured_range(home: Home) -> None:
    code = "from localstack.extensions.api import services\nprint(services.external_service_ports)"
    environ = home.environ(EXTERNAL_SERVICE_PORTS_START="5510", EXTERNAL_SERVICE_PORTS_END="5520")
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "PortRange(5510, 5519)"


def test_open_ports_are_told_from_closed_ones(listener: socket.socket) -> None:
    port = port_of(listener)
    assert net.is_port_open(port)
    assert net.is_port_open(f"http://127.0.0.1:{port}")
    assert net.is_port_open(f"127.0.0.1:{port}")
    listener.close()
    assert not net.is_port_open(port)
    with pytest.raises(OSError, match="refused"):
        net.is_port_open(port, quiet=False)


def test_a_udp_port_is_looked_for_at_every_address_of_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has more than one loopback address of a kind without being set up for it")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = port_of(server)
        both = [(socket.AF_INET, socket.SOCK_DGRAM, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
        assert net.is_port_open(port, protocols="udp")
    assert not net.is_port_open(port, protocols="udp")


def test_a_udp_port_is_closed_when_its_machine_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = port_of(server)
        assert net.is_port_open(f"127.0.0.1:{port}", protocols="udp")
        assert not net.is_port_open(f"127.0.0.1:{port}", protocols=["tcp", "udp"])
    assert not net.is_port_open(f"127.0.0.1:{port}", protocols=["udp"])
    with pytest.raises(ValueError, match="'sctp' is neither tcp nor udp"):
        net.is_port_open(port, protocols="sctp")


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_path_can_be_asked_for_as_well(listener: socket.socket) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        net.wait_for_port_open(port, http_path="/health")
        assert net.is_port_open(port, http_path="/health")
        assert not net.is_port_open(port, http_path="/other")
        assert net.is_port_open(port, http_path="other", expect_success=False)
        assert net.is_port_open(f"ws://localhost:{port}", http_path="/health")
        assert not net.is_port_open(f"https://localhost:{port}", http_path="/health"), "it speaks no TLS"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_the_certificate_of_a_server_does_not_matter(scheme: str, tmp_path: Path) -> None:
    context = ServerCertificate(Settings.load({"LOCALSTACK_VOLUME_DIR": str(tmp_path)})).context()
    assert context is not None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"{scheme}://localhost:{server.server_port}"
        assert net.is_port_open(url)
        assert net.is_port_open(url, http_path="health")
        assert not net.is_port_open(url.replace("https", "http").replace("wss", "ws"), http_path="health")
        server.shutdown()


def test_waiting_for_a_port_that_opens_later() -> None:
    port = net.get_free_tcp_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        timer = threading.Timer(0.2, server.listen)
        timer.start()
        net.wait_for_port_open(port, retries=200, sleep_time=0.05)
        timer.join()


def test_waiting_ends_with_an_error() -> None:
    with pytest.raises(TimeoutError, match="not open"):
        net.wait_for_port_open(net.get_free_tcp_port(), retries=1, sleep_time=0.01)


def test_ports_of_containers_are_reached_by_the_platforms_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "is_in_docker", False)
    assert net.get_addressable_container_host() == "localhost.localstack.cloud"
    assert net.get_addressable_container_host(default_local_hostname="localhost") == "localhost"
    monkeypatch.setattr(config, "is_in_docker", True)
    assert net.get_addressable_container_host() == net.get_docker_host_from_container()
