"""Networks by ``DOCKER_CLIENT``, with a real engine, and where containers find this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from container_engine import Engine, EngineClient
from localstack import config
from localstack.utils import net
from localstack.utils.container_networking import get_endpoint_for_network
from localstack.utils.container_utils.container_client import (
    ContainerClient,
    ContainerException,
    NoSuchContainer,
    NoSuchNetwork,
)
from localstack.utils.docker_utils import DOCKER_CLIENT

IMAGE = "leanto/busybox"


@pytest.fixture
def network(client: EngineClient) -> Iterator[str]:
    """Name of a network; containers in it are removed with it."""
    client.create_network("leanto-test")
    yield "leanto-test"
    client.remove_new_containers()
    client.delete_network("leanto-test")


def test_a_network_is_made_and_deleted(client: ContainerClient) -> None:
    made = client.create_network("leanto-short")
    about = client.inspect_network("leanto-short")
    assert (about["Name"], about["Id"]) == ("leanto-short", made)
    client.delete_network("leanto-short")
    with pytest.raises(NoSuchNetwork, match="there is no network leanto-short"):
        client.inspect_network("leanto-short")
    with pytest.raises(NoSuchNetwork):
        client.delete_network("leanto-short")


def test_containers_of_a_network_reach_each_other(client: ContainerClient, network: str) -> None:
    client.run_container(IMAGE, name="web", command="httpd -f -h /etc", detach=True)
    client.connect_container_to_network(network, "web", aliases=["shop.example"])
    assert network in client.get_networks("web")
    assert "shop.example" in client.inspect_container("web")["NetworkSettings"]["Networks"][network]["Aliases"]
    address = client.get_container_ipv4_for_network("web", network)
    client.run_container(IMAGE, name="visitor", network=network, detach=True)
    ask = ["wget", "-q", "-O", "-", f"http://{address}/motd"]
    assert client.exec_in_container("visitor", ask)[0] == b"welcome\n"
    client.disconnect_container_from_network(network, "web")
    assert network not in client.get_networks("web")
    with pytest.raises(ContainerException, match=f"web has no address in network {network}"):
        client.get_container_ipv4_for_network("web", network)


def test_a_container_can_have_a_link_local_address(client: ContainerClient, network: str) -> None:
    client.create_container(IMAGE, name="box")
    client.connect_container_to_network(network, container_name_or_id="box", link_local_ips=["169.254.169.10"])
    about = client.inspect_container("box")["NetworkSettings"]["Networks"][network]
    assert about["IPAMConfig"]["LinkLocalIPs"] == ["169.254.169.10"]


def test_networks_and_containers_that_are_not_there_are_told_apart(client: ContainerClient, network: str) -> None:
    client.create_container(IMAGE, name="box")
    for method in (client.connect_container_to_network, client.disconnect_container_from_network):
        with pytest.raises(NoSuchNetwork, match="there is no network nowhere"):
            method("nowhere", "box")
        with pytest.raises(NoSuchContainer, match="there is no container nobody"):
            method(network, "nobody")


def test_containers_find_this_machine_at_the_gateway_of_their_network(
    client: ContainerClient, engine: Engine, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DOCKER_CLIENT, "_connection", client.client())
    monkeypatch.setattr(config, "DOCKER_BRIDGE_IP", "192.0.2.1")
    monkeypatch.setattr(config, "DOCKER_HOST_FROM_CONTAINER", "192.0.2.1")
    client.run_container(IMAGE, name="one", detach=True)
    client.run_container(IMAGE, name="two", network=network, detach=True)
    one, two = net.get_docker_host_from_container(), get_endpoint_for_network(network)
    assert one == client.get_network_gateway("bridge") != two
    for container, gateway in (("one", one), ("two", two)):
        assert f"via {gateway} " in client.exec_in_container(container, ["busybox", "ip", "route"])[0].decode()
    assert client.get_network_gateway("host") is None


def test_a_platform_in_a_container_finds_the_engines_machine_at_its_networks_gateway(
    client: ContainerClient, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process says that it is the container of that name, as a process in one would find out."""
    monkeypatch.setattr(DOCKER_CLIENT, "_connection", client.client())
    monkeypatch.setattr(config, "is_in_docker", True)
    client.run_container(IMAGE, name="main", network=network, detach=True)
    monkeypatch.setattr("socket.gethostname", lambda: "main")
    assert net.get_addressable_container_host() == client.get_network_gateway(network)
