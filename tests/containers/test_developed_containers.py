"""An extension with a container of a fixed name is reloaded: there is one container for two versions."""

from __future__ import annotations

from collections.abc import Callable

from container_engine import Engine, EngineClient
from developed_project import Project, serves
from platforms import Home, Platform

NAME = "leanto-developed"
EXTENSION = f"""
from localstack.extensions.api import Extension
from localstack.utils.docker_utils import DOCKER_CLIENT
from .version import VERSION, GREETING

class TheExtension(Extension):
    name = "developed"

    def on_platform_start(self):
        DOCKER_CLIENT.run_container(
            "leanto/busybox", name="{NAME}", detach=True, remove=True, env_vars={{"GREETING": GREETING}}
        )
        assert VERSION != 3, "version 3 fails with its container running"

    def update_gateway_routes(self, router):
        router.add("/developed", lambda request: {{"version": VERSION, "page": "a page"}})

    def on_platform_shutdown(self):
        DOCKER_CLIENT.remove_container("{NAME}", force=True)
"""


def test_a_save_goes_on_with_the_container_that_runs(
    engine: Engine, client: EngineClient, home: Home, start: Callable[..., Platform]
) -> None:
    project = Project(home, EXTENSION)
    project.save("version.py", "VERSION = 1\nGREETING = 'hello'\n")
    platform = start(DOCKER_HOST=engine.url)
    first = client.get_container_id(NAME)
    project.save("version.py", "VERSION = 2\nGREETING = 'hello'\n")
    serves(platform, version=2)
    platform.wait_for("reloaded extension developed")
    assert client.is_container_running(first)
    project.save("version.py", "VERSION = 3\nGREETING = 'hello'\n")
    platform.wait_for("extension developed goes on as it was before the last save")
    assert client.is_container_running(first)
    project.save("version.py", "VERSION = 4\nGREETING = 'good morning'\n")
    platform.wait_for(f"container {NAME} runs as the version before has made it, and is to be made in another way: ")
    assert client.is_container_running(first)
    serves(platform, version=2)
    project.save("version.py", "VERSION = 5\nGREETING = 'hello'\n")
    serves(platform, version=5)
    platform.wait_for("reloaded extension developed", count=2)
    (listed,) = platform.ask("/_localstack/extensions/list")
    assert f"container: {NAME} (leanto/busybox)" in listed["contributions"]
    assert platform.signal() == 0
    assert client.new_containers() == []
