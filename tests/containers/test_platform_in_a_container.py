"""A platform that runs in a container itself, beside those that its extensions make."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from container_engine import Engine
from doors import wait_until
from localstack.utils.container_utils.container_client import BindMount, ContainerClient, VolumeMappings
from platforms import START_TIMEOUT_SECONDS, Home

IMAGE = "leanto/busybox"
ROOT = Path(__file__).resolve().parents[2]
MAIN = "localstack-main"

SIBLINGS = """
import os
from pathlib import Path
from localstack import config
from localstack.extensions.api import Extension
from localstack.utils.container_networking import (
    get_endpoint_for_network, get_main_container_ip, get_main_container_network
)
from localstack.utils.container_utils.container_client import ContainerException, VolumeDirMount, VolumeMappings
from localstack.utils.docker_utils import (
    DOCKER_CLIENT, get_current_container_id, get_default_volume_dir_mount, get_host_path_for_path_in_docker,
    inspect_current_container_mounts
)
from localstack.utils.net import get_addressable_container_host

def run(*command, **options):
    return DOCKER_CLIENT.run_container("leanto/busybox", command=list(command), remove=True, **options)[0].decode()

class TheExtension(Extension):
    name = "siblings"

    def on_platform_ready(self):
        folder = Path(config.dirs.cache, "shared")
        folder.mkdir()
        (folder / "note").write_text("for my sibling")
        mounts = VolumeMappings([VolumeDirMount(str(folder), "/data")])
        print("id:", get_current_container_id())
        print("volume:", get_default_volume_dir_mount().source)
        print("mounts:", *sorted(mount.destination for mount in inspect_current_container_mounts()))
        print("machine:", get_addressable_container_host() == DOCKER_CLIENT.get_network_gateway("bridge"))
        print("unmounted:", get_host_path_for_path_in_docker("/tmp/x"))
        print("sibling has:", run("cat", "/data/note", volumes=mounts))
        print("network:", get_main_container_network(), get_main_container_ip() == get_endpoint_for_network())
        print("sibling gets:", run("wget", "-q", "-O", "-", f"http://{get_endpoint_for_network()}:4566/siblings"))
        config.VOLUME_DIR = "/tmp"
        try:
            get_host_path_for_path_in_docker("/tmp/x")
        except ContainerException as error:
            print("refused:", error, flush=True)

    def update_gateway_routes(self, router):
        router.add("/siblings", lambda request: "hello, sibling")
"""


def start_platform(engine: Engine, client: ContainerClient, home: Home, volume: str, **environ: str) -> str:
    """Run a platform of this checkout, with this Python, in a container; its id, once it is ready."""
    engine_socket = urlsplit(engine.url)
    if engine_socket.scheme != "unix":
        pytest.skip("NOT RUN: a container can be given the engine's socket only when it is a file")
    needed = {Path(path) for path in ("/usr", "/lib", "/lib64", sys.prefix, sys.base_prefix, ROOT)}
    mounts = [BindMount(str(path), str(path), read_only=True) for path in sorted(needed) if path.exists()]
    mounts += [
        BindMount(str(home.config), str(home.config)),
        BindMount(str(home.path / "projects"), str(home.path / "projects")),
        BindMount(str(home.volume), volume),
        BindMount(engine_socket.path, "/var/run/docker.sock"),
    ]
    for folder in (home.volume, home.config, home.path / "projects"):
        folder.mkdir(exist_ok=True)
    container_id = client.run_container(
        IMAGE,
        name=MAIN,
        detach=True,
        volumes=VolumeMappings(mounts),
        command=[sys.executable, "-m", "localstack.host.cli.main", "start", "--no-banner"],
        env_vars={
            "CONFIG_DIR": str(home.config),
            "EXTENSION_DEV_MODE": "1",
            "GATEWAY_LISTEN": "0.0.0.0:4566",
            "HOME": "/tmp",
            "LOCALSTACK_VOLUME_DIR": volume,
            "OVERRIDE_IN_DOCKER": "1",
            **environ,
        },
    )[0].decode()

    def has_started() -> bool:
        return "\nReady.\n" in client.get_container_logs(MAIN) or not client.is_container_running(MAIN)

    wait_until(has_started, "the platform does not start", START_TIMEOUT_SECONDS)
    return container_id


def test_an_extension_finds_its_own_container_and_shares_the_volume_with_others(
    engine: Engine, client: ContainerClient, home: Home
) -> None:
    home.write_extension("siblings", SIBLINGS)
    container_id = start_platform(engine, client, home, "/var/lib/localstack")
    wait_until(lambda: "refused:" in client.get_container_logs(MAIN), "the extension does not end", 30)
    log = client.get_container_logs(MAIN)
    said = dict(line.split(": ", 1) for line in log.splitlines() if ": " in line)
    assert said["id"] == container_id
    assert said["volume"] == str(home.volume)
    assert {"/var/lib/localstack", "/var/run/docker.sock"} <= set(said["mounts"].split())
    assert said["machine"] == "True"
    assert said["unmounted"] == "/tmp/x"
    assert said["sibling has"] == "for my sibling"
    assert said["network"].endswith(" True")
    assert said["sibling gets"] == "hello, sibling"
    assert "/tmp/x can't be mounted into other containers: start the platform's own with its volume" in said["refused"]


@pytest.mark.index
def test_tailscale_has_its_sidecar_in_the_network_of_the_platform(
    engine: Engine, client: ContainerClient, package_index: None, home: Home
) -> None:
    """The published extension, with an image in the place of Tailscale's, which needs an account."""
    engine.make_image("tailscale/tailscale", ["sh", "-c", "echo Startup complete; exec sleep 3600"])
    installed = home.run("extensions", "install", "localstack-extension-tailscale")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    container_id = start_platform(engine, client, home, str(home.volume), DEBUG="1", TS_AUTHKEY="key")
    wait_until(lambda: "[tailscale] Startup complete" in client.get_container_logs(MAIN), "no sidecar", 30)
    (sidecar,) = client.list_containers("ancestor=tailscale/tailscale")
    about = client.inspect_container(sidecar["id"])
    assert about["HostConfig"]["NetworkMode"] == f"container:{container_id}"
    assert "TS_AUTHKEY=key" in about["Config"]["Env"]
    client.stop_container(MAIN, timeout=30)
    assert client.list_containers("ancestor=tailscale/tailscale") == []
    assert client.inspect_container(MAIN)["State"]["ExitCode"] == 0
