"""Extensions of a running platform that have containers."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from container_engine import Engine, EngineClient
from localstack.utils.container_utils.container_client import ContainerClient, DockerContainerStatus
from platforms import Home, Platform

IMAGE = "leanto/busybox"

WEB = """
from localstack.extensions.api import Extension
from localstack.extensions.api.http import ProxyHandler
from localstack.utils.container_utils.container_client import PortMappings
from localstack.utils.docker_utils import DOCKER_CLIENT, reserve_available_container_port
from localstack.utils.net import wait_for_port_open

class TheExtension(Extension):
    name = "web"

    def on_platform_start(self):
        self.port = reserve_available_container_port()
        ports = PortMappings("127.0.0.1").add(self.port, 80)
        DOCKER_CLIENT.run_container(
            "leanto/busybox", command="httpd -f -h /etc", name="web", ports=ports, detach=True, remove=True
        )
        wait_for_port_open(self.port, http_path="/motd")

    def update_gateway_routes(self, router):
        router.add("/web/<path:path>", ProxyHandler(f"http://127.0.0.1:{self.port}"))
"""

LEAVER = """
from localstack.extensions.api import Extension
from localstack.utils.docker_utils import DOCKER_CLIENT

class TheExtension(Extension):
    name = "leaver"

    def on_platform_ready(self):
        for name, remove in (("disposable", True), ("kept", False)):
            DOCKER_CLIENT.run_container("leanto/busybox", name=name, detach=True, remove=remove)
        print("both run", flush=True)
"""

FROM_INSIDE = """
from localstack.extensions.api import Extension
from localstack.utils.container_networking import get_endpoint_for_network
from localstack.utils.docker_utils import DOCKER_CLIENT

class TheExtension(Extension):
    name = "inside"

    def on_platform_ready(self):
        url = f"http://{get_endpoint_for_network()}:4566/_localstack/health"
        out, _ = DOCKER_CLIENT.run_container("leanto/busybox", command=["wget", "-q", "-O", "-", url], remove=True)
        print("from inside:", out.decode(), flush=True)
"""

BYSTANDER = """
from localstack.extensions.api import Extension

class TheExtension(Extension):
    name = "bystander"

    def update_gateway_routes(self, router):
        router.add("/bystander", lambda request: "here")
"""


def test_a_container_is_an_extensions_own_and_ends_with_the_platform(
    engine: Engine, client: EngineClient, home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("web", WEB)
    with engine.network():
        platform = start(DOCKER_HOST=engine.url)
        assert platform.get("/web/motd").text == "welcome\n"
        (listed,) = platform.get("/_localstack/extensions/list").json()
        assert f"container: web ({IMAGE})" in listed["contributions"]
        assert client.inspect_container("web")["Config"]["Labels"]["leanto.extension"] == "web"
        assert platform.signal() == 0
    platform.wait_for(rf"removing container web \({IMAGE}\), which extension web left running", platform.stderr)
    assert client.new_containers() == []


def test_what_is_left_is_named_and_only_what_was_disposable_is_removed(
    engine: Engine, client: ContainerClient, home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("leaver", LEAVER)
    with engine.network():
        platform = start(DOCKER_HOST=engine.url)
        platform.wait_for("both run", platform.stdout)
        assert platform.signal() == 0
    assert f"removing container disposable ({IMAGE}), which extension leaver left running" in platform.log
    assert f"stopping container kept ({IMAGE}), which extension leaver left running; `docker rm kept`" in platform.log
    assert client.get_container_status("disposable") is DockerContainerStatus.NON_EXISTENT
    assert client.get_container_status("kept") is DockerContainerStatus.DOWN


def test_a_container_of_a_killed_platform_makes_way_for_the_next_one(
    engine: Engine, client: ContainerClient, home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("web", WEB)
    with engine.network():
        killed = start(DOCKER_HOST=engine.url)
        killed.signal(signal.SIGKILL)
        left = client.get_container_id("web")
        platform = start(DOCKER_HOST=engine.url)
        assert platform.get("/web/motd").text == "welcome\n"
        assert "removing container web, which an earlier run of the platform has left" in platform.log
        assert client.get_container_id("web") != left
        assert platform.signal() == 0


def test_a_container_of_somebody_else_keeps_its_name(
    engine: Engine, client: ContainerClient, home: Home, start: Callable[..., Platform]
) -> None:
    theirs = client.run_container(IMAGE, name="web", detach=True, remove=True)[0].decode()
    home.write_extension("web", WEB)
    with engine.network():
        platform = start(DOCKER_HOST=engine.url)
        platform.wait_for(
            'extension web failed in on_platform_start: .*name "/?web" is already in use', platform.stderr
        )
        assert platform.signal() == 0
    assert client.get_container_id("web") == theirs
    assert client.is_container_running("web")


def test_a_container_reaches_the_platform(
    engine: Engine, client: ContainerClient, home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("inside", FROM_INSIDE)
    with engine.network():
        platform = start(DOCKER_HOST=engine.url, GATEWAY_LISTEN="0.0.0.0:4566")
        assert '"services"' in platform.wait_for("from inside:", platform.stdout)
        assert platform.signal() == 0


def test_without_an_engine_one_error_names_the_extension_and_all_others_run(
    home: Home, start: Callable[..., Platform]
) -> None:
    home.write_extension("web", WEB)
    home.write_extension("bystander", BYSTANDER)
    platform = start(DOCKER_HOST=f"unix://{home.path}/docker.sock")
    assert platform.get("/bystander").text == "here"
    assert platform.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert platform.signal() == 0
    (error,) = [line for line in platform.stderr if "DockerNotAvailable" in line]
    assert "extension web failed in on_platform_start: DockerNotAvailable: no container engine answers" in error
    assert "start Docker or Podman, or say with DOCKER_HOST where one is" in error
    assert "Traceback" not in platform.log


PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "leanto-test-leaver"
version = "0.1.0"

[project.entry-points."localstack.extensions"]
leaver = "leaver_ext:TheExtension"

[tool.setuptools]
py-modules = ["leaver_ext"]
"""


@pytest.mark.index
def test_uninstalling_an_extension_ends_its_containers_while_the_platform_runs(
    engine: Engine, client: ContainerClient, package_index: None, home: Home, start: Callable[..., Platform]
) -> None:
    project = home.path / "leaver"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "leaver_ext.py").write_text(LEAVER)
    assert home.run("extensions", "install", f"file://{project}").returncode == 0
    platform = start(DOCKER_HOST=engine.url)
    platform.wait_for("both run", platform.stdout)
    removed = home.run("extensions", "uninstall", "leanto-test-leaver")
    assert removed.returncode == 0, removed.stdout + removed.stderr
    assert client.get_container_status("disposable") is DockerContainerStatus.NON_EXISTENT
    assert client.get_container_status("kept") is DockerContainerStatus.DOWN
    assert platform.get("/_localstack/extensions/list").json() == []
