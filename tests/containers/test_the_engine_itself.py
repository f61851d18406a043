"""The container engine of these tests leaves nothing, takes nothing of others, and says why it can't be started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import container_engine
from container_engine import Engine, EngineClient, client_of, running_engine
from doors import wait_until

TESTS = """
import sys, time
from pathlib import Path
from container_engine import running_engine

with running_engine(Path(sys.argv[1])) as engine:
    engine.make_image("sleeper", ["sleep", "3600"])
    import docker
    container = docker.DockerClient(engine.url).containers.run("sleeper", detach=True)
    container.reload()
    print(container.attrs["State"]["Running"], flush=True)
    time.sleep(3600)
"""


def test_killed_tests_leave_no_process_no_group_and_no_file(engine: Engine, tmp_path: Path) -> None:
    if engine.namespace is None:
        pytest.skip("NOT RUN: the engine is not the tests' own; unset DOCKER_HOST")
    folder = tmp_path / "engine"
    tests = Path(container_engine.__file__).parent
    with subprocess.Popen(
        [sys.executable, "-c", TESTS, folder], cwd=tests, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        (keeper,) = psutil.Process(process.pid).children()
        started = keeper.children(recursive=True)
        assert {"dockerd", "sleep"} <= {each.name() for each in started}
        assert groups_of(keeper)
        process.kill()
    wait_until(lambda: not keeper.is_running(), "the keeper goes on", seconds=30)
    assert [each for each in started if each.is_running()] == []
    assert groups_of(keeper) == []
    assert not folder.exists()


def test_containers_that_the_engine_had_before_stay(engine: Engine, client: EngineClient) -> None:
    before = client.create_container("leanto/busybox")
    with client_of(engine) as later:
        assert later.new_containers() == []
        made = later.create_container("leanto/busybox")
        assert [each["id"] for each in later.new_containers()] == [made]
    assert [each["id"] for each in client.new_containers()] == [before]


def groups_of(keeper: psutil.Process) -> list[Path]:
    top = Path("/sys/fs/cgroup")
    return [*top.glob(f"leanto-{keeper.pid}"), *top.glob(f"*/leanto-{keeper.pid}")]


def test_a_daemon_that_can_not_start_is_a_reason_not_to_run(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.namespace is None:
        pytest.skip("NOT RUN: the engine is not the tests' own; unset DOCKER_HOST")
    daemon = tmp_path / "dockerd"
    daemon.write_text("#!/bin/sh\necho no cgroups here >&2\nexit 1\n")
    daemon.chmod(0o755)
    monkeypatch.setattr(container_engine, "_PATH", f"{tmp_path}:{container_engine._PATH}")
    reason = "NOT RUN: dockerd can't be started here: no cgroups here"
    with pytest.raises(pytest.skip.Exception, match=reason), running_engine(tmp_path / "engine"):
        pass
