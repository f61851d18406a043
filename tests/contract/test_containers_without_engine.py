"""What describes containers, and what happens where no engine is."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localstack import config
from localstack.host.gateway.certificate import ServerCertificate
from localstack.host.settings import Settings
from localstack.utils.container_networking import get_endpoint_for_network, get_main_container_network
from localstack.utils.container_utils._additional_flags import with_additional_flags
from localstack.utils.container_utils.container_client import (
    BindMount,
    CancellableStream,
    ContainerClient,
    ContainerConfiguration,
    ContainerException,
    DockerNotAvailable,
    NoSuchContainer,
    NoSuchImage,
    NoSuchObject,
    PortMappings,
    Ulimit,
    VolumeBind,
    VolumeDirMount,
    VolumeInfo,
    VolumeMappings,
)
from localstack.utils.docker_utils import (
    get_default_volume_dir_mount,
    get_host_path_for_path_in_docker,
    is_container_port_reserved,
    reserve_available_container_port,
    reserve_container_port,
)
from localstack.utils.net import PortNotAvailableException, get_docker_host_from_container


def test_ports_are_published_one_by_one_in_ranges_and_by_protocol() -> None:
    ports = PortMappings()
    assert not ports
    ports.add(8080, 80).add(8081, 80).add(8080, 80).add(53, protocol="tcp/udp").add([9000, 9002], [90, 92])
    assert ports.to_dict() == {
        "80/tcp": [8080, 8081],
        "53/tcp": 53,
        "53/udp": 53,
        "90/tcp": 9000,
        "91/tcp": 9001,
        "92/tcp": 9002,
    }
    assert PortMappings("127.0.0.1").add(8080, 80).to_dict() == {"80/tcp": ("127.0.0.1", 8080)}
    assert PortMappings().add(1) == PortMappings().add(1, 1) != PortMappings().add(1, 2)
    with pytest.raises(ValueError, match="3 ports can't be mapped to 2"):
        ports.add([1, 3], [1, 2])


def test_several_published_ports_may_lead_to_one() -> None:
    ports = PortMappings().add(5002).add([5004, 5006], 9000)
    assert ports.to_dict() == {"5002/tcp": 5002, "9000/tcp": [5004, 5005, 5006]}
    on_loopback = PortMappings("127.0.0.1").add([5004, 5005], 9000)
    assert on_loopback.to_dict() == {"9000/tcp": [("127.0.0.1", 5004), ("127.0.0.1", 5005)]}


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        (PortMappings(), ""),
        (PortMappings().add(1234), "-p 1234:1234"),
        (PortMappings().add(8080, 80).add(53, protocol="udp"), "-p 8080:80 -p 53:53/udp"),
        (PortMappings().add(53, protocol="tcp/udp"), "-p 53:53 -p 53:53/udp"),
        (PortMappings().add(4590).add(4591).add(4593).add(4592).add(4593), "-p 4590-4593:4590-4593"),
        (PortMappings().add([80, 82], [90, 92]).add(84, 94), "-p 80-82:90-92 -p 84:94"),
        (PortMappings().add([5004, 5005], 9000), "-p 5004:9000 -p 5005:9000"),
        (PortMappings().add(0, 80).add(0, 81), "-p 0:80 -p 0:81"),
        (PortMappings().add(0, 80).add(1, 81), "-p 0:80 -p 1:81"),
        (PortMappings("0.0.0.0").add([5000, 5001]).add(5003), "-p 0.0.0.0:5000-5001:5000-5001 -p 0.0.0.0:5003:5003"),
        (PortMappings("::1").add(80), "-p [::1]:80:80"),
    ],
)
def test_ports_as_dockers_command_line_has_them(ports: PortMappings, text: str) -> None:
    assert ports.to_str() == text
    assert ports.to_list() == text.split()
    reread, _ = with_additional_flags(ContainerConfiguration("image", additional_flags=text))
    assert {inside: _outside(found) for inside, found in reread.ports.to_dict().items()} == {
        inside: _outside(found) for inside, found in ports.to_dict().items()
    }


def _outside(found: Any) -> list[int]:
    """The published ports, without their address."""
    entries = found if isinstance(found, list) else [found]
    return [entry[1] if isinstance(entry, tuple) else entry for entry in entries]


def test_mounts_come_in_every_form_that_extensions_write() -> None:
    mounts = VolumeMappings([("/data", "/var/data"), BindMount("named", "/n", read_only=True)])
    mounts.add(VolumeDirMount(f"{config.VOLUME_DIR}/cache", "/cache", read_only=True))
    mounts.append(VolumeBind.parse("/a:/b"))
    assert VolumeMappings(None) == VolumeMappings() == []
    assert mounts.to_binds() == ["/data:/var/data", "named:/n:ro", f"{config.VOLUME_DIR}/cache:/cache:ro", "/a:/b"]
    assert BindMount.parse("/a:/b:ro,z") == BindMount("/a", "/b", read_only=True)
    with pytest.raises(ValueError, match="'/a' is no mount: write it as HOST_PATH:CONTAINER_PATH"):
        BindMount.parse("/a")


def test_a_path_of_a_container_is_found_in_a_mount() -> None:
    mount = VolumeInfo("bind", "/home/me/volume", "/var/lib/localstack", "rw", True, "rprivate")
    assert mount.source_of("/var/lib/localstack/cache/x") == "/home/me/volume/cache/x"
    assert mount.source_of("/var/lib/localstack") == "/home/me/volume"
    assert mount.source_of("/var/lib/localstacks") is None


def test_flags_of_docker_run_add_to_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_HERE", "here")
    (tmp_path / "env").write_text("# comment\nFILED=1\n\nB=file\n")
    flags = (
        f"--add-host=a:1.2.3.4 --add-host b:::1 -e B='b c' -e FROM_HERE -e NOWHERE_SET --env-file {tmp_path}/env "
        "-p 127.0.0.1:8080-8081:80-81 -p 53:5353/udp -p 99 --network net --dns 9.9.9.9 --label l=m "
        "--ulimit nofile=1:2 --ulimit core=3 --user me --platform linux/arm64 --privileged -v /a:/b:ro"
    )
    before = ContainerConfiguration("image", env_vars={"A": "a"}, dns="8.8.8.8", additional_flags=flags)
    made, hosts = with_additional_flags(before)
    assert hosts == {"a": "1.2.3.4", "b": "::1"}
    assert made.env_vars == {"A": "a", "B": "b c", "FROM_HERE": "here", "FILED": "1"}
    assert made.ports.to_dict() == {
        "80/tcp": ("127.0.0.1", 8080),
        "81/tcp": ("127.0.0.1", 8081),
        "5353/udp": ("127.0.0.1", 53),
        "99/tcp": ("127.0.0.1", 0),
    }
    assert (made.network, made.dns, made.labels) == ("net", ["8.8.8.8", "9.9.9.9"], {"l": "m"})
    assert made.ulimits == [Ulimit("nofile", 1, 2), Ulimit("core", 3, 3)]
    assert (made.user, made.platform, made.privileged) == ("me", "linux/arm64", True)
    assert made.volumes.to_binds() == ["/a:/b:ro"]
    assert before.env_vars == {"A": "a"}
    assert not before.ports


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        ("--restart always", "unrecognized arguments: --restart always"),
        ("-e", "expected one argument"),
        ("-p a:b", "'a:b' publishes no port"),
        ("-v /a", "'/a' is no mount"),
        ("--add-host=a", "'a' has no ':'"),
        ("--label 'a", "No closing quotation"),
        ("--env-file /no/where", "No such file"),
    ],
)
def test_flags_that_are_not_understood_are_named(flags: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="the additional flags of a container can't be used: ") as caught:
        with_additional_flags(ContainerConfiguration("image", additional_flags=flags))
    assert complaint in str(caught.value)


def test_errors_carry_what_was_asked_for() -> None:
    error = NoSuchImage("some/image", stderr=b"no")
    assert (error.image_name, error.object_id, error.stderr) == ("some/image", "some/image", b"no")
    assert str(error) == "there is no image some/image"
    assert NoSuchContainer("web", "gone").message == str(NoSuchContainer("web", "gone")) == "gone"
    assert issubclass(NoSuchContainer, NoSuchObject)
    assert issubclass(NoSuchObject, ContainerException)
    assert str(ContainerException()) == "the container engine could not do that"


def test_a_stream_is_cut_into_lines() -> None:
    assert list(CancellableStream(iter([b"one\ntw", b"o\r\n\n", b"end"]))) == [b"one", b"two", b"", b"end"]


def test_without_an_engine_the_error_says_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = ContainerClient()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(DockerNotAvailable) as caught:
        client.run_container("image", detach=True)
    assert str(caught.value) == (
        f"no container engine answers (no socket at {tmp_path}/docker.sock): "
        "start Docker or Podman, or say with DOCKER_HOST where one is"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    with pytest.raises(DockerNotAvailable, match=rf"answers \(tcp://127.0.0.1:{port}: Connection refused\)"):
        client.list_containers()
    client.remove_container("web", force=True, check_existence=False)
    with pytest.raises(DockerNotAvailable):
        client.remove_container("web", force=False)


@pytest.fixture
def other_server() -> Iterator[int]:
    """Something that speaks HTTP and is no engine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(418)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_the_context_of_dockers_command_line_is_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other_server: int
) -> None:
    from docker.context.config import get_context_id

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "contexts" / "meta" / get_context_id("elsewhere")
    folder.mkdir(parents=True)
    endpoint = {"Host": f"tcp://127.0.0.1:{other_server}", "SkipTLSVerify": False}
    about = {"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (folder / "meta.json").write_text(json.dumps(about))
    (tmp_path / "config.json").write_text('{"currentContext": "elsewhere"}')
    with pytest.raises(DockerNotAvailable, match=rf"tcp://127\.0\.0\.1:{other_server}: .*418"):
        ContainerClient().list_containers()


@pytest.fixture
def engine_with_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As much of an engine as tells of a container ``box``; it is reached as Docker's command line would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            config = {"OpenStdin": True, "Tty": False}
            about = {"ApiVersion": "1.45", "Id": "box", "Config": config, "HostConfig": {"AutoRemove": False}}
            content = json.dumps(about).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    (tmp_path / "tmp").mkdir()
    settings = Settings.load({"LOCALSTACK_VOLUME_DIR": str(tmp_path), "CONFIG_DIR": str(tmp_path)})
    assert ServerCertificate(settings).context() is not None
    pem = tmp_path / "cache" / "server.pem"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_bytes(pem.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them to what its session was told
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
        yield
        server.shutdown()


@pytest.mark.usefixtures("engine_with_tls")
def test_an_engine_that_is_reached_with_tls_can_give_no_stdin() -> None:
    client = ContainerClient()
    refused = r"its stdin by the engine at https://127\.0\.0\.1:\d+, as TLS"
    with pytest.raises(ContainerException, match=refused):
        client.exec_in_container("box", "cat", stdin=b"text")
    with pytest.raises(ContainerException, match=refused):
        client.start_container("box", stdin=b"text", attach=True)
    client.client().close()


def test_ports_are_reserved_for_containers() -> None:
    first = reserve_available_container_port(port_start=50000, port_end=60000, duration=60)
    assert is_container_port_reserved(first)
    assert reserve_available_container_port(port_start=first, port_end=60000) != first
    with pytest.raises(PortNotAvailableException, match=f"port {first} is reserved"):
        reserve_container_port(first)
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(PortNotAvailableException):
            reserve_container_port(taken)
        with pytest.raises(PortNotAvailableException, match=f"none of the ports {taken} to {taken} is free"):
            reserve_available_container_port(port_start=taken, port_end=taken)


def test_outside_a_container_paths_stay_and_containers_find_the_platform_at_the_bridge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert get_host_path_for_path_in_docker("/any/path") == "/any/path"
    mount = get_default_volume_dir_mount()
    assert mount is not None
    assert mount.source == mount.destination == config.VOLUME_DIR
    assert get_main_container_network() == "bridge"
    monkeypatch.setattr(config, "DOCKER_HOST_FROM_CONTAINER", "10.1.2.3")
    assert get_endpoint_for_network() == get_docker_host_from_container() == "10.1.2.3"


def test_the_host_that_containers_find_the_platform_at_may_be_set_to_what_it_is_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(DockerNotAvailable):
        get_endpoint_for_network()
    monkeypatch.setenv("DOCKER_HOST_FROM_CONTAINER", config.DOCKER_BRIDGE_IP)
    assert get_endpoint_for_network() == get_docker_host_from_container() == config.DOCKER_BRIDGE_IP
