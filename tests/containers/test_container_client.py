"""``DOCKER_CLIENT`` against a real engine."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

from container_engine import Engine, EngineClient
from container_registry import registry
from doors import DEADLINE_SECONDS, wait_until
from localstack import config
from localstack.utils.bootstrap import Container, RunningContainer
from localstack.utils.container_utils.container_client import (
    AccessDenied,
    BindMount,
    ContainerClient,
    ContainerConfiguration,
    ContainerException,
    DockerContainerStatus,
    DockerNotAvailable,
    NoSuchContainer,
    NoSuchImage,
    NoSuchNetwork,
    PortMappings,
    RegistryConnectionError,
    Ulimit,
    VolumeMappings,
)
from localstack.utils.docker_utils import (
    DOCKER_CLIENT,
    get_current_container_id,
    reserve_available_container_port,
    reserve_container_port,
)
from localstack.utils.net import PortNotAvailableException, get_free_tcp_port, is_port_open

IMAGE = "leanto/busybox"


def test_a_container_that_is_run_to_its_end_gives_its_output(client: EngineClient) -> None:
    command = ["sh", "-c", "echo $GREETING; echo quiet >&2"]
    assert client.run_container(IMAGE, command=command, env_vars={"GREETING": "hello"}, remove=True) == (
        b"hello\n",
        b"quiet\n",
    )
    assert client.new_containers() == []
    assert client.run_container(IMAGE, command="cat /etc/motd", name="kept")[0] == b"welcome\n"
    assert client.get_container_status("kept") is DockerContainerStatus.DOWN


def test_a_container_that_the_engine_removes_gives_its_output_too(client: ContainerClient) -> None:
    command = ["sh", "-c", "echo hello; echo quiet >&2"]
    box = client.create_container(IMAGE, command=command, remove=True)
    assert client.start_container(box, attach=True) == (b"hello\n", b"quiet\n")
    assert client.get_container_status(box) is DockerContainerStatus.NON_EXISTENT
    box = client.create_container(IMAGE, command=["sh", "-c", "echo broken; exit 3"], remove=True)
    with pytest.raises(ContainerException, match="ended with 3: broken"):
        client.start_container(box, attach=True)


def test_a_container_gives_its_output_whatever_its_log_and_its_terminal(client: ContainerClient) -> None:
    no_log = {"Type": "none", "Config": {}}
    assert client.run_container(IMAGE, name="silent", command="echo hello", log_config=no_log) == (b"hello\n", b"")
    with pytest.raises(ContainerException, match="does not support reading"):
        client.get_container_logs("silent")
    assert client.run_container(IMAGE, command=["sh", "-c", "echo a; echo b >&2"], tty=True)[0] == b"a\r\nb\r\n"


def test_an_engine_tells_of_itself(client: ContainerClient) -> None:
    assert client.get_system_id() == client.get_system_info()["ID"] != ""


def test_a_container_is_given_what_it_reads(client: ContainerClient) -> None:
    much = b"0123456789" * 100_000
    count = ["sh", "-c", "cat > /in; ls -l /in"]
    assert b" 1000000 " in client.run_container(IMAGE, command=count, stdin=much, remove=True)[0]
    box = client.create_container(IMAGE, command=["cat"], interactive=True)
    assert client.start_container(box, stdin="text\n", attach=True) == (b"text\n", b"")
    assert client.run_container(IMAGE, command=["echo", "no interest"], stdin=much)[0] == b"no interest\n"
    with pytest.raises(ValueError, match="can't be given its stdin: attach it"):
        client.run_container(IMAGE, stdin="text", detach=True, remove=True)


def test_a_container_that_fails_raises_with_its_output_and_is_removed(client: EngineClient) -> None:
    with pytest.raises(ContainerException, match="ended with 3: broken") as caught:
        client.run_container(IMAGE, command=["sh", "-c", "echo begun; echo broken >&2; exit 3"], remove=True)
    assert (caught.value.stdout, caught.value.stderr) == (b"begun\n", b"broken\n")
    assert client.new_containers() == []


def test_a_detached_container_lives_until_it_is_stopped(client: ContainerClient) -> None:
    container_id, nothing = client.run_container(IMAGE, name="web", detach=True, labels={"a": "b"})
    assert nothing == b""
    assert client.get_container_id("web") == container_id.decode()
    assert client.get_container_name(container_id.decode()[:12]) == "web"
    assert client.is_container_running("web")
    assert client.get_container_status("web") is DockerContainerStatus.UP
    assert "web" in client.get_running_container_names()
    (listed,) = client.list_containers("name=web")
    assert (listed["status"], listed["labels"]) == ("running", {"a": "b"})
    assert IMAGE in listed["image"]  # Podman adds the registry
    assert client.list_containers(["name=web", "status=exited"]) == []
    client.stop_container("web", timeout=0)
    assert client.get_container_status("web") is DockerContainerStatus.DOWN
    assert client.list_containers("name=web", all=False) == []
    client.remove_container("web", force=False)
    assert client.get_container_status("web") is DockerContainerStatus.NON_EXISTENT


def test_a_container_that_can_not_be_started_is_not_left(client: ContainerClient) -> None:
    with pytest.raises(ContainerException, match="no-such-command"):
        client.run_container(IMAGE, command="no-such-command", name="broken", remove=True, detach=True)
    assert client.get_container_status("broken") is DockerContainerStatus.NON_EXISTENT


def test_names_that_the_engine_does_not_know(client: ContainerClient) -> None:
    for method in (client.inspect_container, client.start_container, client.stop_container, client.get_container_id):
        with pytest.raises(NoSuchContainer, match="there is no container nobody") as caught:
            method("nobody")
        assert caught.value.container_name_or_id == "nobody"
    with pytest.raises(NoSuchContainer):
        client.remove_container("nobody", force=False)
    client.remove_container("nobody", force=False, check_existence=True)
    client.remove_container("nobody", force=True, check_existence=False)
    assert client.get_container_logs("nobody", safe=True) == ""
    with pytest.raises(NoSuchContainer):
        client.get_container_logs("nobody")
    with pytest.raises(NoSuchImage):
        client.inspect_image("leanto/nothing", pull=False)
    with pytest.raises(NoSuchNetwork):
        client.inspect_network("nowhere")


def test_an_image_that_is_missing_is_pulled_and_says_why_it_can_not_be(client: ContainerClient) -> None:
    closed = f"127.0.0.1:{get_free_tcp_port()}/some/image:1"
    for ask in (client.run_container, client.inspect_image, client.pull_image):
        with pytest.raises(RegistryConnectionError, match=rf"the image {closed} is not .* can't be pulled: .*refused"):
            ask(closed)


def test_an_image_comes_from_its_registry(client: ContainerClient, engine: Engine) -> None:
    with engine.network(), registry(engine.root_file_system({})) as host:
        assert client.run_container(f"{host}/public", remove=True)[0] == b"pulled\n"
        assert client.inspect_image(f"{host}/public:latest", pull=False)["Config"]["Cmd"] == ["echo", "pulled"]
        client.pull_image(f"{host}/public")
        with pytest.raises(NoSuchImage, match=f"the image {host}/public:other .* can't be pulled: .*unknown"):
            client.create_container(f"{host}/public:other")
        with pytest.raises(AccessDenied, match=f"the image {host}/private is not .* can't be pulled"):
            client.inspect_image(f"{host}/private")


def test_what_a_container_needs_is_named_when_it_is_missing(client: ContainerClient) -> None:
    client.create_container(IMAGE, name="lonely", network="nowhere")
    with pytest.raises(ContainerException, match="network nowhere not found") as caught:
        client.start_container("lonely")
    assert not isinstance(caught.value, NoSuchContainer)


def test_commands_run_in_a_container(client: ContainerClient) -> None:
    client.run_container(IMAGE, name="web", detach=True)
    asked = ["sh", "-c", 'echo "$A $(pwd)"; echo quiet >&2']
    assert client.exec_in_container("web", asked, env_vars={"A": "1"}, workdir="/tmp") == (b"1 /tmp\n", b"quiet\n")
    with pytest.raises(ContainerException, match="ended with 7: broken") as caught:
        client.exec_in_container("web", ["sh", "-c", "echo broken; exit 7"])
    assert caught.value.stdout == b"broken\n"
    assert client.exec_in_container("web", "sh -c 'echo done > /tmp/done'", detach=True) == (b"", b"")
    wait_until(lambda: client.exec_in_container("web", "ls /tmp")[0] == b"done\n")


def test_a_command_is_given_what_it_reads(client: ContainerClient) -> None:
    client.run_container(IMAGE, name="web", detach=True)
    much = b"0123456789" * 100_000
    assert client.exec_in_container("web", ["cat"], stdin=much) == (much, b"")
    assert client.exec_in_container("web", ["sh", "-c", "cat >&2"], stdin="text") == (b"", b"text")
    with pytest.raises(ContainerException, match="ended with 7"):
        client.exec_in_container("web", ["sh", "-c", "exit 7"], stdin=much)


def test_a_container_is_paused_and_started_again(client: ContainerClient, tmp_path: Path) -> None:
    client.run_container(IMAGE, name="web", detach=True, volumes=VolumeMappings([(str(tmp_path), "/data")]))
    client.pause_container("web")
    assert client.get_container_status("web") is DockerContainerStatus.PAUSED
    client.unpause_container("web")
    assert client.is_container_running("web")
    started = client.inspect_container("web")["State"]["StartedAt"]
    client.restart_container("web", timeout=0)
    assert client.is_container_running("web")
    assert client.inspect_container("web")["State"]["StartedAt"] != started
    (mount,) = client.inspect_container_volumes("web")
    assert (mount.source, mount.destination, mount.rw) == (str(tmp_path), "/data", True)


def test_logs_come_as_text_and_line_by_line_until_the_stream_is_closed(client: ContainerClient) -> None:
    client.run_container(IMAGE, name="web", command=["sh", "-c", "echo one; echo two; exec sleep 3600"], detach=True)
    stream = client.stream_container_logs("web")
    assert [next(stream), next(stream)] == [b"one", b"two"]
    assert client.get_container_logs("web") == "one\ntwo\n"
    rest: list[bytes] = []
    reader = threading.Thread(target=lambda: rest.extend(stream))
    reader.start()
    stream.close()
    reader.join(DEADLINE_SECONDS)
    assert not reader.is_alive()
    assert rest == []


def test_ports_are_published_where_the_gateway_listens_unless_something_else_is_said(
    client: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def published(ports: PortMappings) -> list[str]:
        box = client.create_container(IMAGE, ports=ports)
        bindings = client.inspect_container(box)["HostConfig"]["PortBindings"]
        return [binding["HostIp"] for each in bindings.values() for binding in each]

    ports = PortMappings().add(18081, 80)
    assert published(ports) == ["127.0.0.1"]
    assert ports.bind_host is None
    assert published(PortMappings("0.0.0.0").add(18081, 80)) == ["0.0.0.0"]
    monkeypatch.setattr(config, "GATEWAY_LISTEN", [config.HostAndPort("0.0.0.0", 4566)])
    assert published(ports) in ([""], ["0.0.0.0"])


def test_published_ports_reach_the_container(client: ContainerClient, engine: Engine) -> None:
    ports = PortMappings("127.0.0.1").add(18080, 80)
    client.run_container(IMAGE, command="httpd -f -h /etc", detach=True, ports=ports, name="web")
    with engine.network():
        url = "http://127.0.0.1:18080"
        wait_until(lambda: is_port_open(url, http_path="motd"))  # the engine's proxy listens before the server does
        with urlopen(f"{url}/motd", timeout=DEADLINE_SECONDS) as answer:
            assert answer.read() == b"welcome\n"
        address = client.get_container_ip("web")
        assert address == client.get_container_ipv4_for_network("web", "bridge")
        assert _connects(address, 80)
    assert len(client.get_networks("web")) == 1
    client.create_container(IMAGE, name="box")
    with pytest.raises(ContainerException, match="box has no address in network bridge"):
        client.get_container_ipv4_for_network("box", "bridge")
    with pytest.raises(ContainerException, match="box has no address"):
        client.get_container_ip("box")
    with pytest.raises(ContainerException, match=r"already (allocated|in use)"):
        client.run_container(IMAGE, detach=True, remove=True, ports=PortMappings("127.0.0.1").add(18080, 80))


def test_every_field_of_a_configuration_reaches_the_engine(client: ContainerClient, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("data")
    wanted = ContainerConfiguration(
        IMAGE,
        name="box",
        volumes=VolumeMappings([(str(tmp_path), "/rw"), BindMount(str(tmp_path), "/ro", read_only=True)]),
        exposed_ports=["81/udp"],
        entrypoint="",
        command=["sleep", "9"],
        privileged=True,
        interactive=True,
        tty=True,
        user="root",
        cap_add=["SYS_ADMIN"],
        cap_drop=["KILL"],
        security_opt=["label=disable"],
        network="none",
        dns="10.0.0.1",
        workdir="/tmp",
        ulimits=[Ulimit("nofile", 100, 200)],
        init=True,
        log_config={"Type": "none", "Config": {}},
        cpu_shares=512,
        mem_limit="64m",
        additional_flags="--add-host=peer:10.0.0.2 -e A=1 -v /etc:/machine:ro -p 8081:82 -l team=red",
    )
    client.create_container_from_config(wanted)
    made = client.inspect_container("box")
    host, settings = made["HostConfig"], made["Config"]
    assert host["Binds"] == [f"{tmp_path}:/rw", f"{tmp_path}:/ro:ro", "/etc:/machine:ro"]
    assert settings["ExposedPorts"] == {"81/udp": {}, "82/tcp": {}}
    assert host["PortBindings"] == {"82/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}]}
    assert (made["Path"], made["Args"]) == ("sleep", ["9"])
    assert (host["Privileged"], settings["OpenStdin"], settings["Tty"], settings["User"]) == (True, True, True, "root")
    assert (host["CapAdd"], host["CapDrop"], host["SecurityOpt"]) == (["SYS_ADMIN"], ["KILL"], ["label=disable"])
    assert (host["NetworkMode"], host["Dns"], host["ExtraHosts"]) == ("none", ["10.0.0.1"], ["peer:10.0.0.2"])
    assert (settings["WorkingDir"], host["Init"], host["LogConfig"]["Type"]) == ("/tmp", True, "none")
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 100, "Hard": 200}]
    assert (host["CpuShares"], host["Memory"]) == (512, 64 * 1024 * 1024)
    assert "A=1" in settings["Env"]
    assert settings["Labels"] == {"team": "red"}


def test_a_container_can_share_the_network_of_another(client: ContainerClient) -> None:
    container_id = client.run_container(IMAGE, detach=True)[0].decode()
    client.run_container(IMAGE, name="sidecar", detach=True, network=f"container:{container_id}")
    asked = [client.exec_in_container(each, "ls -l /proc/self/ns/net")[0] for each in (container_id, "sidecar")]
    assert asked[0].partition(b"->")[2] == asked[1].partition(b"->")[2] != b""
    client.remove_container("sidecar")  # before the other: Podman insists


def test_an_image_tells_what_it_is_made_of(client: ContainerClient) -> None:
    assert client.inspect_image(IMAGE)["Config"]["Cmd"] == ["sh", "-c", "echo up; exec sleep 3600"]


def test_a_container_as_an_object(client: EngineClient) -> None:
    with Container(ContainerConfiguration(IMAGE, name="web"), client).start() as running:
        assert running.wait_until_ready(DEADLINE_SECONDS)
        assert running.name == "web"
        assert running.inspect()["Id"] == running.id
        stream = running.stream_logs()
        assert next(stream) == b"up"
        stream.close()
        assert running.get_logs() == "up\n"
        assert running.exec_in_container("echo hi") == (b"hi\n", b"")
        assert running.ip_address() == running.ip_address("bridge") == client.get_container_ip("web")
        running.shutdown(timeout=0, remove=False)
        assert not running.is_running()
    assert client.new_containers() == []
    RunningContainer(client.create_container(IMAGE), ContainerConfiguration(IMAGE), client).shutdown()
    assert client.new_containers() == []


def test_ports_that_containers_publish_are_not_reserved(
    client: ContainerClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from a container, whose own ports say nothing: the engine is asked, or tries it with a container."""
    monkeypatch.setattr(config, "is_in_docker", True)
    monkeypatch.setattr(DOCKER_CLIENT, "_connection", client.client())
    client.run_container(IMAGE, detach=True, ports=PortMappings().add(18081))
    with pytest.raises(PortNotAvailableException, match="18081"):
        reserve_container_port(18081)
    assert reserve_available_container_port(port_start=18081, port_end=18083) == 18082
    assert reserve_available_container_port(port_start=18081, port_end=18083) == 18083
    with pytest.raises(PortNotAvailableException, match="none of the ports 18081 to 18083"):
        reserve_available_container_port(port_start=18081, port_end=18083)
    monkeypatch.setattr(config, "PORTS_CHECK_DOCKER_IMAGE", IMAGE)
    with engine.network(), socket.create_server(("0.0.0.0", 18084)):
        with pytest.raises(PortNotAvailableException, match="18084"):
            reserve_container_port(18084)
        assert reserve_available_container_port(port_start=18084, port_end=18085) == 18085


def test_an_engine_that_has_gone_is_looked_for_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    client = ContainerClient()
    assert not client.has_docker()
    with pytest.raises(DockerNotAvailable, match=r"no socket at /nowhere/docker\.sock"):
        client.list_containers()
    client.remove_container("web", force=True)  # nothing of ours can be there
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    assert client.has_docker()
    with pytest.raises(NoSuchContainer):
        client.inspect_container("web")
    client.client().close()


def test_outside_a_container_there_is_no_container_of_the_platform() -> None:
    with pytest.raises(ValueError, match="runs in no container"):
        get_current_container_id()


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), DEADLINE_SECONDS).close()
    except OSError:
        return False
    return True
