"""Podman, by its service that speaks Docker's API: what extensions do with containers, in short."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from container_engine import Engine, EngineClient, client_of, running_engine
from localstack.utils.container_utils.container_client import (
    ContainerClient,
    ContainerException,
    DockerContainerStatus,
    PortMappings,
)
from platforms import Home, Platform

IMAGE = "leanto/busybox"
KEEPER_OF_A_PAGE = """
from localstack.extensions.api import Extension
from localstack.utils.container_utils.container_client import PortMappings
from localstack.utils.docker_utils import DOCKER_CLIENT

class TheExtension(Extension):
    name = "pages"

    def on_platform_start(self):
        ports = PortMappings()
        ports.add(8099, 80)
        DOCKER_CLIENT.run_container("leanto/busybox", name="page", ports=ports, detach=True, remove=True)
        command, network = ["sleep", "3600"], "container:page"
        DOCKER_CLIENT.run_container(
            "leanto/busybox", name="beside", command=command, network=network, detach=True, remove=True
        )
"""


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running_engine(tmp_path_factory.mktemp("podman"), "podman") as engine:
        engine.make_image(IMAGE, ["httpd", "-f", "-p", "80", "-h", "/www"], {"www/index.html": "served"})
        yield engine


@pytest.fixture
def podman_client(podman: Engine) -> Iterator[EngineClient]:
    with client_of(podman) as client:
        yield client


def test_a_container_is_run_to_its_end(podman_client: ContainerClient) -> None:
    command = ["sh", "-c", "echo $GREETING; echo quiet >&2"]
    output = podman_client.run_container(IMAGE, command=command, env_vars={"GREETING": "hello"}, remove=True)
    assert output == (b"hello\n", b"quiet\n")
    with pytest.raises(ContainerException, match="ended with 3: broken"):
        podman_client.run_container(IMAGE, command=["sh", "-c", "echo broken >&2; exit 3"])


def test_a_detached_one_serves_and_takes_commands_and_files(podman: Engine, podman_client: ContainerClient) -> None:
    ports = PortMappings()
    ports.add(8098, 80)
    container = podman_client.run_container(IMAGE, name="web", ports=ports, detach=True)[0].decode()
    assert podman_client.get_container_status("web") is DockerContainerStatus.UP
    podman_client.exec_in_container("web", ["sh", "-c", "cat > /www/index.html"], stdin=b"fresh\n")
    fetch = ["wget", "-q", "-O", "-", "http://127.0.0.1/index.html"]
    output = podman_client.run_container(IMAGE, command=fetch, network=f"container:{container}", remove=True)
    assert output[0] == b"fresh\n"
    podman_client.stop_container("web", timeout=0)
    podman_client.remove_container("web")
    assert podman_client.get_container_status("web") is DockerContainerStatus.NON_EXISTENT


def test_containers_of_an_extension_end_with_the_platform_also_one_in_the_network_of_another(
    podman: Engine, podman_client: EngineClient, home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("pages", KEEPER_OF_A_PAGE)
    with podman.network():
        platform = start(DOCKER_HOST=podman.url)
        (listed,) = platform.ask("/_localstack/extensions/list")
        assert f"container: page ({IMAGE})" in listed["contributions"]
        assert podman_client.is_container_running("page")
        assert platform.signal() == 0
    assert "can't be ended" not in platform.log
    assert podman_client.new_containers() == []


def test_only_groups_of_its_own_are_removed(tmp_path: Path) -> None:
    with running_engine(tmp_path / "engine", "podman") as engine:
        engine.make_image(IMAGE, ["sleep", "3600"])
        with contextlib.closing(docker.DockerClient(engine.url)) as client:
            container = client.containers.run(IMAGE, detach=True).id
        group, *_ = groups = list(Path("/sys/fs/cgroup").glob(f"**/libpod_parent/libpod-{container}"))
        others = group.with_name("libpod-other")
        others.mkdir()
    try:
        assert others.is_dir()
        assert [group for group in groups if group.exists()] == []
    finally:
        os.removedirs(others)
